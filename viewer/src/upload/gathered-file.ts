import { isLitter } from '@kiln/shared';

/** Files as a person hands them over: each with its path below what was dropped or chosen. */
export interface GatheredFile {
  /** Relative, `/`-separated. */
  readonly path: string;
  readonly file: File;
}

/** Without the operating system's litter and without the folder that all of them share. */
export function tidy(files: readonly GatheredFile[]): GatheredFile[] {
  return withoutCommonFolder(files.filter(({ path }) => !isLitter(path)));
}

function withoutCommonFolder(files: readonly GatheredFile[]): GatheredFile[] {
  const [first] = files;
  if (!first) return [];
  const folder = first.path.slice(0, first.path.indexOf('/') + 1);
  if (folder === '' || !files.every(({ path }) => path.startsWith(folder))) return [...files];
  return withoutCommonFolder(files.map(({ path, file }) => ({ path: path.slice(folder.length), file })));
}

/** The files of `<input multiple>` or `<input webkitdirectory>`. */
export function gatherFromInput(list: Iterable<File>): GatheredFile[] {
  return tidy([...list].map((file) => ({ path: file.webkitRelativePath || file.name, file })));
}
