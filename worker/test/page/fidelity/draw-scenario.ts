/** Draws a row of the fidelity table. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode, type Pixels } from '../pixels.ts';
import { type SceneSource, SETTINGS, type TestPage } from '../test-page.ts';
import type { Scenario } from './scenarios.ts';
import { shownPass } from './shown-pass.ts';

/** Beside the repository, where the machine has it. */
export const SHARED_SCENES = fileURLToPath(new URL('../../../../../shared/scenes', import.meta.url));

/**
 * Scenes stay loaded: rows share them.
 *
 * @throws Error when the scene is refused.
 */
export async function drawScenario(page: TestPage, scenario: Scenario): Promise<Pixels> {
  const { settings, lut, panorama, pass, frame } = scenario;
  const sceneHash = await load(page, scenario);
  const size = settings.size ?? SETTINGS.size;
  const { bytes } = await page.frame(
    sceneHash,
    {
      ...settings,
      ...(lut === null ? {} : { lut: await page.lend(Buffer.from(lut)) }),
      ...(panorama === null ? {} : { environment: await page.lend(await readFile(join(SHARED_SCENES, panorama))) }),
      ...(pass === null ? {} : { format: 'exr', bitDepth: 'float', passes: [pass] }),
    },
    frame,
  );
  return pass === null ? decode(bytes) : shownPass(bytes, pass, size.widthPx, size.heightPx);
}

/** Files of people go the way of every upload, those that are made here are glTF already. */
async function load(page: TestPage, { scene, settings }: Scenario): Promise<string> {
  const isFile = typeof scene === 'string';
  const files = isFile ? await filesOf(scene) : { 'scene.glb': await scene() };
  if (isFile) {
    const { result } = await page.import(files);
    if (result.outcome !== 'ready') throw new Error(`refused: ${result.refusal.message}`);
  }
  const mounted = await page.mount(files);
  const backend = settings.backend === 'webgpu' ? 'webgpu' : 'webgl';
  await page.client.call('load', { scene: mounted, backend });
  return mounted.sceneHash;
}

async function filesOf(scene: string): Promise<SceneSource> {
  const path = join(SHARED_SCENES, scene);
  if ((await stat(path)).isFile()) return { [basename(path)]: await readFile(path) };
  const isEntry = (name: string) => Number(/\.(gltf|obj)$/.test(name));
  const names = (await readdir(path)).sort((a, b) => isEntry(b) - isEntry(a));
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(join(path, name))])));
}
