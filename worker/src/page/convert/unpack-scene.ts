import { chooseEntry, formatOf, isLitter, matches, ScenePath } from '@kiln/shared';
import { refuse } from '../import/refuse.ts';
import type { SceneContent } from '../scene/scene-files.ts';
import { unpack, zipEntries } from './zip-entries.ts';

/**
 * The scene in a ZIP, with all files in it.
 *
 * @param path of the ZIP, for errors.
 * @throws KilnError `scene.bad_container`, `scene.over_limit`, `scene.forbidden_uri` for paths that lead out of it,
 *   `scene.unsupported_format` where it holds no scene or several.
 */
export function unpackScene(sceneHash: string, bytes: Uint8Array, path: string): SceneContent {
  const all = zipEntries(bytes, path);
  const isInside = (name: string): boolean => matches(ScenePath, name);
  const outside = all.find((name) => !isInside(name));
  if (outside !== undefined) {
    const shown = JSON.stringify(outside.slice(0, 100));
    const message = `${path} holds a file at ${shown}, which is no path inside of a folder. Pack the scene's folder anew.`;
    throw refuse('scene.forbidden_uri', message, path);
  }
  const names = all.filter((name) => !isLitter(name));
  const choice = chooseEntry(names.filter((name) => formatOf(name) !== 'zip'));
  if (choice.kind === 'none') {
    throw refuse('scene.unsupported_format', `${path} holds no scene. Pack one with its files, each once.`, path);
  }
  if (choice.kind === 'several') {
    const shown = choice.paths.slice(0, 5).join(', ');
    const message = `${path} holds ${choice.paths.length} scenes (${shown}): pack one of them, with the files that belong to it.`;
    throw refuse('scene.unsupported_format', message, path);
  }
  const wanted = new Set(names);
  const unpacked = Object.entries(unpack(bytes, path, (name) => wanted.has(name)));
  return {
    sceneHash,
    entry: choice.path,
    files: unpacked.map(([name, { length }]) => ({ path: name, sizeBytes: length })),
    contents: new Map(unpacked.map(([name, content]) => [name, new Blob([content])])),
  };
}
