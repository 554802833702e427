/** Reads the JSON of a glTF from disk, only to know which files it names. Whether it is right, the import says. */
import { open, readFile } from 'node:fs/promises';

const GLB_MAGIC = 0x46546c67;
const JSON_CHUNK = 0x4e4f534a;
/** Bytes of the container's header with the first chunk's. */
const HEADER_BYTES = 20;
/** More JSON than this is not read: Node's strings end there. The farm says what is wrong with it. */
const JSON_BYTES_MAX = 500_000_000;

/** @returns undefined when it is no glTF that can be read. */
export async function readGltfJson(path: string): Promise<unknown> {
  try {
    const bytes = path.toLowerCase().endsWith('.glb') ? await glbJson(path) : await readFile(path);
    // Leaves out a byte order mark, as browsers do.
    return bytes === null ? undefined : JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

async function glbJson(path: string): Promise<Buffer | null> {
  const file = await open(path);
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    await file.read(header, 0, HEADER_BYTES, 0);
    const length = header.readUInt32LE(12);
    if (header.readUInt32LE(0) !== GLB_MAGIC || header.readUInt32LE(16) !== JSON_CHUNK || length > JSON_BYTES_MAX)
      return null;
    const json = Buffer.alloc(length);
    const { bytesRead } = await file.read(json, 0, length, HEADER_BYTES);
    return bytesRead === length ? json : null;
  } finally {
    await file.close();
  }
}
