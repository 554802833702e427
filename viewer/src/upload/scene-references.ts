/**
 * Which of the gathered files a glTF needs, so that a folder with other things in it is not sent whole. The farm checks
 * the scene; this only reads what it refers to, and when it cannot, everything is sent.
 */
import { VIEWER_LIMITS } from '../limits.ts';
import type { GatheredFile } from './gathered-file.ts';

const GLB_MAGIC = 0x46546c67;
const GLB_JSON_CHUNK = 0x4e4f534a;
const GLB_PREAMBLE_BYTES = 20;

/** The entry first, then what it refers to, as far as it is among `files`. */
export async function filesOfScene(entry: GatheredFile, files: readonly GatheredFile[]): Promise<GatheredFile[]> {
  const uris = await referencedUris(entry.file);
  const others = files.filter((other) => other !== entry);
  if (!uris) return [entry, ...others];
  const folder = entry.path.split('/').slice(0, -1);
  const there = new Set(others.map(({ path }) => path));
  const wanted = new Set(uris.map((uri) => pathsOf(folder, uri).find((path) => there.has(path))));
  return [entry, ...others.filter(({ path }) => wanted.has(path))];
}

/** URIs of buffers and images; null when the file is no glTF that can be read here. */
export async function referencedUris(file: File): Promise<string[] | null> {
  try {
    const text = await jsonText(file);
    if (text === null) return null;
    const gltf: unknown = JSON.parse(text);
    return [...urisIn(gltf, 'buffers'), ...urisIn(gltf, 'images')];
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

function urisIn(gltf: unknown, key: 'buffers' | 'images'): string[] {
  if (typeof gltf !== 'object' || gltf === null || !(key in gltf)) return [];
  const list = Object.entries(gltf).find(([name]) => name === key)?.[1];
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown) =>
    typeof item === 'object' && item !== null && 'uri' in item && typeof item.uri === 'string' ? [item.uri] : [],
  );
}

/** What a URI may mean, as the farm resolves it: plain or percent-encoded, with `/` or `\\`. The first that is there counts. */
function pathsOf(folder: readonly string[], uri: string): string[] {
  const spellings = [uri, decode(uri)].flatMap((spelling) => [spelling, spelling.replaceAll('\\', '/')]);
  return spellings.map((spelling) => resolvePath(folder, spelling));
}

/** `../textures/a b.png` below `['gltf']` → `textures/a b.png`. What leads outside matches nothing. */
function resolvePath(folder: readonly string[], reference: string): string {
  const parts = [...folder];
  for (const part of reference.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}

function decode(uri: string): string {
  try {
    return decodeURIComponent(uri);
  } catch {
    return uri;
  }
}
