/** Which of the gathered files is the scene. */
import type { GatheredFile } from './gathered-file.ts';

export type EntryChoice =
  | { readonly kind: 'entry'; readonly entry: GatheredFile }
  /** Several could be it: the person decides. */
  | { readonly kind: 'ask'; readonly candidates: readonly GatheredFile[] }
  /** None is a glTF. */
  | { readonly kind: 'none' };

const isGltf = (path: string) => /\.(glb|gltf)$/i.test(path);
const depth = (path: string) => path.split('/').length;

/**
 * A single file is taken whatever it is: the farm says what is wrong with it. Among several, the one glTF, or the one
 * that lies highest.
 */
export function chooseEntry(files: readonly GatheredFile[]): EntryChoice {
  const [only] = files;
  if (only && files.length === 1) return { kind: 'entry', entry: only };
  const candidates = files.filter(({ path }) => isGltf(path));
  const [first] = candidates;
  if (!first) return { kind: 'none' };
  const highest = candidates.filter(({ path }) => depth(path) === Math.min(...candidates.map((c) => depth(c.path))));
  const [top] = highest;
  if (candidates.length === 1 && top) return { kind: 'entry', entry: top };
  return { kind: 'ask', candidates };
}

/** The name that a scene gets: its file's, without ending; the folder's when the file has a generic name. */
export function sceneName(entryPath: string): string {
  const parts = entryPath.split('/');
  const base = (parts.at(-1) ?? entryPath).replace(/\.[^.]+$/, '');
  const folder = parts.at(-2);
  return folder && /^(scene|model|index)$/i.test(base) ? folder : base || entryPath;
}
