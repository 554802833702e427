/** [WK18, WK23] With real workers: a path-traced frame is left at its next sample, and goes on from there as the same file. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Attempt } from '@kiln/shared';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTrialFarm, type TrialFarm } from '../../src/trial/trial-farm.ts';
import { kiln, startKiln } from './support/kiln.ts';
import { until } from './support/processes.ts';
import { boxScene } from './support/scenes.ts';
import { type StartedWorker, startWorker } from './support/workers.ts';

/** Nothing is stored by time. */
const ENV = { KILN_CHECKPOINT_SEC: '600' };
/** A sum of the tree: nothing of it is stored before its end, unless it gives way. */
const SAMPLES = 64;

let farm: TrialFarm;
let one: StartedWorker;
let another: StartedWorker | undefined;
let scene: string;
let sceneId: string;

beforeAll(async () => {
  farm = await startTrialFarm({ env: { KILN_WORKERS: '0' } });
  one = startWorker(farm, 'one', ENV);
  scene = join(farm.home, 'box.glb');
  await writeFile(scene, boxScene([0, 0, 1]));
  sceneId = JSON.parse((await kiln(farm, 'scene', 'add', scene, '--json')).stdout).id;
}, 600_000);
afterAll(async () => {
  for (const worker of [one, another]) {
    worker?.process.kill('SIGTERM');
    await worker?.ended;
  }
  await farm?.remove();
}, 120_000);

async function attemptsOf(jobId: string): Promise<Attempt[]> {
  const { items } = await farm.client.listTasks({ params: { jobId } });
  return items.flatMap(({ attempts }) => attempts);
}
const stateOf = async (jobId: string) => (await farm.client.getJob({ params: { jobId } })).state;

/** Resolves when some samples of the job’s frame are drawn. */
async function isDrawn(jobId: string): Promise<void> {
  const watch = startKiln(farm, ['watch', jobId, '--json']);
  await watch.event('progress');
  watch.process.kill('SIGTERM');
}

const long = (out: string) => {
  const how = ['--engine', 'pathtrace', '--size', '640x360', '--samples', String(SAMPLES), '--frames', '1'];
  return ['render', scene, ...how, '--format', 'exr', '--bit-depth', 'float', '--json', '--out', out];
};
let whole: Buffer;

test('an urgent frame has the slot at the next sample of a path-traced one', async () => {
  const made = join(farm.home, 'made');
  const run = startKiln(farm, [...long(made), '--priority', '10']);
  const jobId = String((await run.event('submitted')).jobId);
  await isDrawn(jobId);
  const askedMs = performance.now();
  const layers = [{ frames: '1', size: { widthPx: 32, heightPx: 32 }, samples: 2 }];
  const urgent = await farm.client.createJob({ body: { sceneId, layers, priority: 90 } });
  await until(async () => (await stateOf(urgent.id)) === 'succeeded');
  console.log(`an urgent frame was done after ${Math.round(performance.now() - askedMs)} ms`);
  expect(await stateOf(jobId)).toBe('running');
  expect((await run.ended).code).toBe(0);
  const attempts = await attemptsOf(jobId);
  expect(attempts.filter(({ state }) => state === 'yielded')).toHaveLength(1);
  const resumed = attempts.flatMap(({ resumedFromSample }) => (resumedFromSample === null ? [] : [resumedFromSample]));
  expect(resumed).toHaveLength(1);
  expect(resumed[0]).toBeGreaterThanOrEqual(1);
  expect(resumed[0]).toBeLessThan(SAMPLES);
  const undisturbed = join(farm.home, 'whole');
  expect((await kiln(farm, ...long(undisturbed))).code).toBe(0);
  whole = await readFile(join(undisturbed, '0001.exr'));
  expect((await readFile(join(made, '0001.exr'))).equals(whole)).toBe(true);
}, 900_000);

test('a worker that leaves stores the samples that it has, and another goes on from them', async () => {
  const made = join(farm.home, 'left');
  const run = startKiln(farm, long(made));
  const jobId = String((await run.event('submitted')).jobId);
  await isDrawn(jobId);
  one.process.kill('SIGTERM');
  another = startWorker(farm, 'another', ENV);
  expect((await run.ended).code).toBe(0);
  const attempts = await attemptsOf(jobId);
  const [left, ...others] = attempts.filter(({ state }) => state !== 'succeeded');
  expect(left).toMatchObject({ state: 'yielded', message: 'worker one leaves; what it had drawn is stored' });
  expect(others).toEqual([]);
  const there = attempts.filter(({ workerName }) => workerName === 'another');
  expect(there.some(({ resumedFromSample }) => (resumedFromSample ?? 0) >= 1)).toBe(true);
  expect((await readFile(join(made, '0001.exr'))).equals(whole)).toBe(true);
  expect((await kiln(farm, 'audit')).code).toBe(0);
}, 900_000);
