/** [WK18] With a real worker: something urgent interrupts a long frame, which is the same file nevertheless. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Attempt } from '@kiln/shared';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTrialFarm, type TrialFarm } from '../../src/trial/trial-farm.ts';
import { kiln, startKiln } from './support/kiln.ts';
import { until } from './support/processes.ts';
import { boxScene } from './support/scenes.ts';

let farm: TrialFarm;
let scene: string;

beforeAll(async () => {
  farm = await startTrialFarm({ env: { KILN_CHECKPOINT_SEC: '1', KILN_WORKERS: '1' } });
  scene = join(farm.home, 'box.glb');
  await writeFile(scene, boxScene([0, 0, 1]));
});
afterAll(() => farm?.remove());

async function attemptsOf(jobId: string): Promise<Attempt[]> {
  const { items } = await farm.client.listTasks({ params: { jobId } });
  return items.flatMap(({ attempts }) => attempts);
}

test('an urgent frame takes the slot at a checkpoint, and the long one goes on and is the same file', async () => {
  const long = ['render', scene, '--frames', '1', '--size', '320x180', '--samples', '4096', '--json', '--out'];
  const made = join(farm.home, 'made');
  const run = startKiln(farm, [...long, made, '--split-samples', '2', '--priority', '10']);
  const jobId = String((await run.event('submitted')).jobId);
  await until(async () => (await attemptsOf(jobId)).some(({ state }) => state === 'running'));
  const { sceneId } = await farm.client.getJob({ params: { jobId } });
  const layers = [{ frames: '1', size: { widthPx: 32, heightPx: 32 }, samples: 2 }];
  const urgent = await farm.client.createJob({ body: { sceneId, layers, priority: 90 } });
  const params = { jobId: urgent.id };
  await until(async () => (await farm.client.getJob({ params })).state === 'succeeded');
  expect((await run.ended).code).toBe(0);
  const attempts = await attemptsOf(jobId);
  const yielded = attempts.filter(({ state }) => state === 'yielded');
  expect(yielded.length).toBeGreaterThan(0);
  expect(attempts.filter(({ state }) => state !== 'yielded').every(({ state }) => state === 'succeeded')).toBe(true);
  expect(attempts.some(({ resumedFromSample }) => resumedFromSample !== null)).toBe(true);
  expect((await kiln(farm, 'job', jobId)).stdout).toMatch(/yielded.*something more urgent/);
  const whole = join(farm.home, 'whole');
  expect((await kiln(farm, ...long, whole)).code).toBe(0);
  expect((await readFile(join(made, '0001.png'))).equals(await readFile(join(whole, '0001.png')))).toBe(true);
}, 600_000);
