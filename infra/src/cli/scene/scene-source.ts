/** Which files of this disk make a scene: from a `.glb`, a `.gltf`, or a folder that holds one of them. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { KilnError, LIMITS, referenceOf, resourceUris } from '@kiln/shared';
import { readGltfJson } from './gltf-json.ts';

export interface SourceFile {
  /** Path inside the scene, `/`-separated. */
  readonly path: string;
  /** Path on this disk. */
  readonly diskPath: string;
  readonly sizeBytes: number;
}

export interface SceneSource {
  readonly name: string;
  readonly entry: string;
  /** The entry and every file that it names. */
  readonly files: readonly SourceFile[];
}

const isGltf = (name: string) => /\.(glb|gltf)$/i.test(name);

/**
 * @param source a file, or a folder with exactly one `.glb` or `.gltf` in it.
 * @throws KilnError `request.invalid` when there is no such thing; `scene.…` for what the farm would refuse.
 */
export async function readSceneSource(source: string): Promise<SceneSource> {
  const path = resolve(source);
  const found = await stat(path).catch(() => null);
  if (found === null)
    throw new KilnError('request.invalid', `There is no file, folder or scene “${source}”.`, { field: 'SOURCE' });
  const entryPath = found.isDirectory() ? await findEntry(path, source) : path;
  const root = found.isDirectory() ? path : dirname(path);
  if (!isGltf(entryPath)) {
    throw new KilnError(
      'scene.unsupported_format',
      `“${source}” is neither .glb nor .gltf; convert it to glTF 2.0 first.`,
    );
  }
  const entry = relative(root, entryPath).split(sep).join('/');
  const files = [await sourceFile(root, entry, entry)];
  for (const uri of resourceUris(await readGltfJson(entryPath))) {
    const file = await referencedFile(root, entry, uri);
    if (!files.some(({ path }) => path === file.path)) files.push(file);
  }
  if (files.length > LIMITS.sceneFiles) {
    throw new KilnError(
      'scene.over_limit',
      `The scene has ${files.length} files; at most ${LIMITS.sceneFiles} are taken.`,
    );
  }
  return { name: basename(entry, extname(entry)), entry, files };
}

/** The nearest level of the folder that has glTF files must have exactly one. */
async function findEntry(folder: string, source: string): Promise<string> {
  let level = [folder];
  while (level.length > 0) {
    const entries = (await Promise.all(level.map(readFolder))).flat();
    const [first, second] = entries.filter(({ isFolder, path }) => !isFolder && isGltf(path));
    if (first !== undefined && second === undefined) return first.path;
    if (first !== undefined && second !== undefined) {
      const names = [first, second].map(({ path }) => basename(path)).join(' and ');
      throw new KilnError(
        'request.invalid',
        `“${source}” holds more than one scene (${names}): name the file that is meant.`,
        { field: 'SOURCE' },
      );
    }
    level = entries.filter(({ isFolder }) => isFolder).map(({ path }) => path);
  }
  throw new KilnError('request.invalid', `“${source}” holds no .glb or .gltf file.`, { field: 'SOURCE' });
}

async function readFolder(folder: string): Promise<{ path: string; isFolder: boolean }[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((entry) => ({ path: join(folder, entry.name), isFolder: entry.isDirectory() }));
}

/**
 * The file that a URI in `entry` names.
 *
 * @throws KilnError `scene.forbidden_uri` for anything outside the scene, `scene.missing_resource`.
 */
async function referencedFile(root: string, entry: string, uri: string): Promise<SourceFile> {
  const { paths, leadsOut } = referenceOf(entry, uri);
  for (const path of paths) {
    const found = await stat(join(root, path)).catch(() => null);
    if (found?.isFile()) return sourceFile(root, path, entry);
  }
  const shown = `“${entry}” refers to “${uri.slice(0, 200)}”`;
  if (leadsOut) {
    throw new KilnError(
      'scene.forbidden_uri',
      `${shown}, which is outside of its own folder; put the file beside it and name it by a relative path.`,
    );
  }
  throw new KilnError('scene.missing_resource', `${shown}, which is not there; add the file, or remove the reference.`);
}

async function sourceFile(root: string, path: string, entry: string): Promise<SourceFile> {
  const diskPath = join(root, path);
  const found = await stat(diskPath).catch(() => null);
  if (found === null || !found.isFile()) {
    throw new KilnError(
      'scene.missing_resource',
      `“${entry}” refers to “${path}”, which is not there; add the file, or remove the reference.`,
    );
  }
  if (found.size === 0 && path === entry) throw new KilnError('scene.empty_file', `“${path}” has no bytes.`);
  if (found.size > LIMITS.fileBytes) {
    throw new KilnError(
      'upload.over_limit',
      `“${path}” has ${found.size} bytes; a file may have at most ${LIMITS.fileBytes}.`,
    );
  }
  return { path, diskPath, sizeBytes: found.size };
}
