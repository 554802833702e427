/**
 * Which of the gathered files a scene needs, so that a folder with other things in it is not sent whole. The farm checks
 * the scene; this only reads what it refers to, and when it cannot, everything is sent.
 */
import { companionsOf, formatOf, referenceOf, resourceUris } from '@kiln/shared';
import { VIEWER_LIMITS } from '../limits.ts';
import type { GatheredFile } from './gathered-file.ts';

const GLB_MAGIC = 0x46546c67;
const GLB_JSON_CHUNK = 0x4e4f534a;
const GLB_PREAMBLE_BYTES = 20;

/** The entry first, then what it refers to, as far as it is among `files`. */
export async function filesOfScene(entry: GatheredFile, files: readonly GatheredFile[]): Promise<GatheredFile[]> {
  const format = formatOf(entry.path);
  return format === null || format === 'gltf' ? filesOfGltf(entry, files) : filesOfOther(entry, files);
}

async function filesOfOther(entry: GatheredFile, files: readonly GatheredFile[]): Promise<GatheredFile[]> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const named = await companionsOf(entry.path, [...byPath.keys()], (path) => textOf(byPath.get(path)));
  return [entry, ...named.flatMap((path) => byPath.get(path) ?? [])];
}

/** In pieces: a file may be larger than a string. */
async function* textOf(gathered: GatheredFile | undefined): AsyncIterable<string> {
  if (!gathered) return;
  const reader = gathered.file.stream().pipeThrough(new TextDecoderStream()).getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
}

async function filesOfGltf(entry: GatheredFile, files: readonly GatheredFile[]): Promise<GatheredFile[]> {
  const uris = await referencedUris(entry.file);
  const others = files.filter((other) => other !== entry);
  if (!uris) return [entry, ...others];
  const there = new Set(others.map(({ path }) => path));
  const wanted = new Set(uris.map((uri) => referenceOf(entry.path, uri).paths.find((path) => there.has(path))));
  return [entry, ...others.filter(({ path }) => wanted.has(path))];
}

/** URIs of buffers and images; null when the file is no glTF that can be read here. */
export async function referencedUris(file: File): Promise<string[] | null> {
  try {
    const text = await jsonText(file);
    if (text === null) return null;
    return resourceUris(JSON.parse(text));
  } catch {
    return null;
  }
}

async function jsonText(file: File): Promise<string | null> {
  const preamble = new DataView(await file.slice(0, GLB_PREAMBLE_BYTES).arrayBuffer());
  const isGlb = preamble.byteLength === GLB_PREAMBLE_BYTES && preamble.getUint32(0, true) === GLB_MAGIC;
  if (!isGlb) return file.size <= VIEWER_LIMITS.glbJsonBytes ? file.text() : null;
  const jsonBytes = preamble.getUint32(12, true);
  if (preamble.getUint32(16, true) !== GLB_JSON_CHUNK || jsonBytes > VIEWER_LIMITS.glbJsonBytes) return null;
  return file.slice(GLB_PREAMBLE_BYTES, GLB_PREAMBLE_BYTES + jsonBytes).text();
}
