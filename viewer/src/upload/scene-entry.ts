/** Which of the gathered files is the scene. */
import { chooseEntry as choosePath } from '@kiln/shared';
import type { GatheredFile } from './gathered-file.ts';

export type EntryChoice =
  | { readonly kind: 'entry'; readonly entry: GatheredFile }
  /** Several could be it: the person decides. */
  | { readonly kind: 'ask'; readonly candidates: readonly GatheredFile[] }
  /** None is a scene. */
  | { readonly kind: 'none' };

/**
 * A single file is taken whatever it is: the farm says what is wrong with it. Among several, the one glTF; without any,
 * the one scene in another format.
 */
export function chooseEntry(files: readonly GatheredFile[]): EntryChoice {
  const [only] = files;
  if (only && files.length === 1) return { kind: 'entry', entry: only };
  const choice = choosePath(files.map(({ path }) => path));
  if (choice.kind === 'none') return choice;
  const paths: readonly string[] = choice.kind === 'one' ? [choice.path] : choice.paths;
  const candidates = files.filter(({ path }) => paths.includes(path));
  const [first] = candidates;
  return first && candidates.length === 1 ? { kind: 'entry', entry: first } : { kind: 'ask', candidates };
}

/** The name that a scene gets: its file's, without ending; the folder's when the file has a generic name. */
export function sceneName(entryPath: string): string {
  const parts = entryPath.split('/');
  const base = (parts.at(-1) ?? entryPath).replace(/\.[^.]+$/, '');
  const folder = parts.at(-2);
  return folder && /^(scene|model|index)$/i.test(base) ? folder : base || entryPath;
}
