/** Scenes that people made, where the machine has them: they lie beside the repository, not in it. */
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decode } from './pixels.ts';
import { type SceneSource, TestPage } from './test-page.ts';

const SCENES = fileURLToPath(new URL('../../../../shared/scenes', import.meta.url));

/** Part of the picture that each covers, at least and at most, with the automatic camera in 16:9. */
const SHOWN: [path: string, least: number, most: number][] = [
  ['barn-lamp-ktx2', 0.1, 0.4],
  ['box-draco.glb', 0.2, 0.5],
  ['cesium-man-skinned.glb', 0.05, 0.4],
  ['chess-board.glb', 0.1, 0.5],
  ['cornell-box.glb', 0.2, 0.6],
  ['flight-helmet', 0.1, 0.4],
  ['formats/animation-with-skeleton.fbx', 0.01, 0.1],
  ['formats/collada.dae', 0.05, 0.3],
  ['formats/cube-binary.ply', 0.2, 0.5],
  ['formats/cube-gears.3mf', 0.05, 0.3],
  ['formats/spider', 0.1, 0.4],
  ['formats/spider-binary.stl', 0.1, 0.4],
  ['fox-animated.glb', 0.1, 0.5],
  ['morph-stress-test.gltf', 0.05, 0.5],
  ['transmission-roughness.glb', 0.2, 0.7],
];

const REFUSED: [file: string, code: string][] = [
  ['chunk_too_big.glb', 'scene.bad_container'],
  ['empty_file.glb', 'scene.empty_file'],
  ['invalid_json_chunk.glb', 'scene.bad_json'],
  ['invalid_magic.glb', 'scene.bad_container'],
  ['length_mismatch.glb', 'scene.bad_container'],
  ['truncated_chunk_data.glb', 'scene.bad_container'],
  ['unknown-type.gltf', 'scene.invalid'],
  ['unresolved-bufferviews.gltf', 'scene.invalid'],
  ['wrong_bytelength.glb', 'scene.invalid'],
  ['crash-payload.ply', 'scene.invalid'],
  ['property-index-oob.3mf', 'scene.invalid'],
];

const isEntry = (name: string) => /\.(gltf|obj)$/.test(name);

/** A file, or all files of a folder with the scene first. */
async function sourceOf(path: string): Promise<SceneSource> {
  if ((await stat(path)).isFile()) return { [basename(path)]: await readFile(path) };
  const names = (await readdir(path)).sort((a, b) => Number(isEntry(b)) - Number(isEntry(a)));
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(join(path, name))])));
}

// Without the folder beside the repository there is nothing to look at.
describe.skipIf(!existsSync(SCENES))('real scenes (of ../shared/scenes)', () => {
  let page: TestPage;
  beforeAll(async () => {
    page = await TestPage.start();
  });
  afterAll(() => page.close());

  it.each(SHOWN)('shows %s', async (path, least, most) => {
    const files = await sourceOf(join(SCENES, path));
    const { result, sceneHash } = await page.import(files);
    expect(result).toMatchObject({ outcome: 'ready' });
    const size = { widthPx: 160, heightPx: 90 };
    const { result: frame, bytes } = await page.frame(sceneHash, { size, background: 'transparent' });
    await page.client.call('unload', { sceneHash });
    const { data } = await decode(bytes);
    let covered = 0;
    for (let alpha = 3; alpha < data.length; alpha += 4) covered += (data[alpha] ?? 0) / 255;
    expect(covered / (data.length / 4)).toBeGreaterThan(least);
    expect(covered / (data.length / 4)).toBeLessThan(most);
    // Lit, not burnt out, and every pixel a number.
    expect(frame.statistics?.nanCount).toBe(0);
    expect(frame.statistics?.max).toBeGreaterThan(0.4);
  });

  it('takes Cesium Man, in whom the validator finds 210 errors', async () => {
    const { result } = await page.import(await sourceOf(join(SCENES, 'cesium-man-skinned.glb')));
    expect(result).toMatchObject({ outcome: 'ready', report: { findingCounts: { error: 210 } } });
  });

  it.each(REFUSED)('refuses malformed/%s', async (file, code) => {
    const { result } = await page.import(await sourceOf(join(SCENES, 'malformed', file)));
    expect(result).toMatchObject({ outcome: 'refused', refusal: { code, pointer: expect.any(String) } });
  });
});
