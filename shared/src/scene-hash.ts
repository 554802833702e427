/** What makes two scenes the same: their files and which of them is the entry. Names that users give do not count. */
import { KilnError } from './errors.ts';
import { LIMITS } from './limits.ts';
import type { SceneManifest } from './schemas/scene.ts';

/**
 * The text whose SHA-256, as UTF-8, is a scene's hash. Its first line is `entry`, NUL, the entry's path; then comes for
 * every file its path, NUL and its SHA-256, sorted by path in UTF-16 code units. Lines end in a line feed. Paths hold no
 * control characters, so that no two scenes have one text. The caller hashes it.
 */
export function sceneHashText({ entry, files }: Pick<SceneManifest, 'entry' | 'files'>): string {
  const lines = files
    .toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
    .map(({ path, sha256 }) => `${path}\0${sha256}\n`);
  return `entry\0${entry}\n${lines.join('')}`;
}

/**
 * What the schema of a manifest cannot say: the entry is one of the files, no path is taken twice or is both a file and
 * a folder, one content has one size, and all together are within the limit.
 *
 * @throws KilnError `request.invalid` with the field at fault; `scene.over_limit`.
 */
export function checkManifest({ entry, files }: Pick<SceneManifest, 'entry' | 'files'>): void {
  const invalid = (field: string, message: string) => new KilnError('request.invalid', message, { field });
  const sizes = new Map<string, number>();
  const paths = new Set<string>();
  let bytes = 0;
  for (const [index, { path, sha256, sizeBytes }] of files.entries()) {
    if (paths.has(path))
      throw invalid(`/files/${index}/path`, `the scene names the file ${JSON.stringify(path)} twice`);
    paths.add(path);
    const known = sizes.get(sha256);
    if (known !== undefined && known !== sizeBytes) {
      throw invalid(`/files/${index}/sizeBytes`, `the same content cannot have ${known} and ${sizeBytes} bytes`);
    }
    sizes.set(sha256, sizeBytes);
    bytes += sizeBytes;
  }
  for (const [index, { path }] of files.entries()) {
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const folder = path.slice(0, slash);
      if (!paths.has(folder)) continue;
      throw invalid(
        `/files/${index}/path`,
        `${JSON.stringify(folder)} cannot be both a file and a folder of the scene`,
      );
    }
  }
  if (!paths.has(entry)) {
    throw invalid('/entry', `the entry ${JSON.stringify(entry)} is not among the files of the scene`);
  }
  if (bytes > LIMITS.sceneBytes) {
    throw new KilnError('scene.over_limit', `a scene has at most ${LIMITS.sceneBytes} bytes, this one ${bytes}`, {
      field: '/files',
    });
  }
}
