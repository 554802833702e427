/** Which files of this disk make a scene: from a file in a format that is taken, or a folder that holds one. */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import {
  assetKindOf,
  chooseEntry,
  companionsOf,
  formatOf,
  KilnError,
  LIMITS,
  referenceOf,
  resourceUris,
  SCENE_ENDINGS,
  SCENE_FORMATS,
} from '@kiln/shared';
import { CLI_LIMITS } from '../../limits.ts';
import { checkAssetFile } from './check-asset-file.ts';
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

/**
 * @param source a file, or a folder with exactly one glTF in it, or without any, one scene in another format.
 * @throws KilnError `request.invalid` when there is no such thing; `scene.…` for what the farm would refuse.
 */
export async function readSceneSource(source: string): Promise<SceneSource> {
  const path = resolve(source);
  const found = await stat(path).catch(() => null);
  if (found === null)
    throw new KilnError('request.invalid', `There is no file, folder or scene “${source}”.`, { field: 'SOURCE' });
  const entryPath = found.isDirectory() ? await findEntry(path, source) : path;
  const root = found.isDirectory() ? path : dirname(path);
  if (found.isFile() && assetKindOf(path) !== null) return assetSource(root, basename(path));
  const format = formatOf(entryPath);
  if (format === null) {
    throw new KilnError(
      'scene.unsupported_format',
      `“${source}” is none of ${SCENE_ENDINGS.join(', ')}; convert it to glTF 2.0 first.`,
    );
  }
  const entry = relative(root, entryPath).split(sep).join('/');
  const others = format === 'gltf' ? await referencedFiles(root, entry) : await namedFiles(root, entry);
  const files = [await sourceFile(root, entry, entry), ...others];
  if (files.length > LIMITS.sceneFiles) {
    throw new KilnError(
      'scene.over_limit',
      `The scene has ${files.length} files; at most ${LIMITS.sceneFiles} are taken.`,
    );
  }
  return { name: basename(entry, extname(entry)), entry, files };
}

/** An environment or a look-up table: one file. */
async function assetSource(root: string, entry: string): Promise<SceneSource> {
  const file = await sourceFile(root, entry, entry);
  await checkAssetFile(file.diskPath, file.sizeBytes, entry);
  return { name: basename(entry, extname(entry)), entry, files: [file] };
}

/** What a glTF refers to, each file once. */
async function referencedFiles(root: string, entry: string): Promise<SourceFile[]> {
  const files = new Map<string, SourceFile>();
  for (const uri of resourceUris(await readGltfJson(join(root, entry)))) {
    const file = await referencedFile(root, entry, uri);
    if (file.path !== entry) files.set(file.path, file);
  }
  return [...files.values()];
}

/** Files below the folder that a scene in another format names. One that is missing is told of in the scene's report. */
async function namedFiles(root: string, entry: string): Promise<SourceFile[]> {
  const paths = (await pathsBelow(root)).map((path) => relative(root, path).split(sep).join('/'));
  const named = await companionsOf(entry, paths, (path) =>
    createReadStream(join(root, path), { encoding: 'utf8', highWaterMark: 1_048_576 }),
  );
  return Promise.all(named.map((path) => sourceFile(root, path, entry)));
}

/** Paths of the files below a folder, the nearest first, up to a limit: the folder may be somebody's whole disk. */
async function pathsBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  // What may not be read holds nothing that this scene could have.
  const read = (level: string) => readFolder(level).catch(() => []);
  for (let level = [folder]; level.length > 0 && found.length < CLI_LIMITS.searchedFiles; ) {
    const entries = (await Promise.all(level.map(read))).flat();
    found.push(...entries.filter(({ isFolder }) => !isFolder).map(({ path }) => path));
    level = entries.filter(({ isFolder }) => isFolder).map(({ path }) => path);
  }
  return found.slice(0, CLI_LIMITS.searchedFiles);
}

/** What is a scene by its name. JSON and ZIP may be anything: they count only where there is nothing else. */
const isScene = (path: string, isSure: boolean) => {
  const format = formatOf(path);
  return format !== null && (!isSure || SCENE_FORMATS[format].rank < 2);
};

async function findEntry(folder: string, source: string): Promise<string> {
  const found = (await findNearest(folder, source, true)) ?? (await findNearest(folder, source, false));
  if (found !== null) return found;
  throw new KilnError('request.invalid', `“${source}” holds none of ${SCENE_ENDINGS.join(', ')}.`, {
    field: 'SOURCE',
  });
}

/** The nearest level of the folder that has scenes must have exactly one. */
async function findNearest(folder: string, source: string, isSure: boolean): Promise<string | null> {
  for (let level = [folder]; level.length > 0; ) {
    const entries = (await Promise.all(level.map(readFolder))).flat();
    const scenes = entries.filter(({ isFolder, path }) => !isFolder && isScene(path, isSure));
    const choice = chooseEntry(scenes.map(({ path }) => path));
    if (choice.kind === 'one') return choice.path;
    if (choice.kind === 'several') {
      const names = choice.paths.slice(0, 2).map((path) => basename(path));
      throw new KilnError(
        'request.invalid',
        `“${source}” holds more than one scene (${names.join(' and ')}): name the file that is meant.`,
        { field: 'SOURCE' },
      );
    }
    level = entries.filter(({ isFolder }) => isFolder).map(({ path }) => path);
  }
  return null;
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
