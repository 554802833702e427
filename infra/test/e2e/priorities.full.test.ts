/** [WK18] With real workers: something urgent interrupts a long frame, which is the same file nevertheless; what is cancelled leaves. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Attempt } from '@kiln/shared';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTrialFarm, type TrialFarm } from '../../src/trial/trial-farm.ts';
import { kiln, startKiln } from './support/kiln.ts';
import { until } from './support/processes.ts';
import { boxScene } from './support/scenes.ts';
import { type StartedWorker, startWorker } from './support/workers.ts';

const ENV = { KILN_CHECKPOINT_SEC: '1' };

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

test('an urgent frame takes the slot at a checkpoint, and the long one goes on and is the same file', async () => {
  const long = ['render', scene, '--frames', '1', '--size', '320x180', '--samples', '4096', '--json', '--out'];
  const made = join(farm.home, 'made');
  const run = startKiln(farm, [...long, made, '--split-samples', '2', '--priority', '10']);
  const jobId = String((await run.event('submitted')).jobId);
  await until(async () => (await attemptsOf(jobId)).some(({ state }) => state === 'running'));
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

/** Takes long enough that it is certainly under way when something happens to it. */
const LONG = { frames: '1', size: { widthPx: 320, heightPx: 180 }, samples: 4096, splitSamples: 2 };
const SHORT = { frames: '1', size: { widthPx: 32, heightPx: 32 }, samples: 2 };

const submit = async (layer: typeof SHORT, priority: number): Promise<string> =>
  (await farm.client.createJob({ body: { sceneId, layers: [layer], priority } })).id;
const stateOf = async (jobId: string) => (await farm.client.getJob({ params: { jobId } })).state;
const runs = async (jobId: string) => (await attemptsOf(jobId)).some(({ state }) => state === 'running');

test('a long frame that gave way goes on elsewhere when its worker leaves, from the samples that it had', async () => {
  const long = await submit(LONG, 10);
  // Something of it is stored.
  await until(async () =>
    (await attemptsOf(long)).some(({ state, resultHash }) => state === 'running' && resultHash !== null),
  );
  const askedMs = performance.now();
  // More than its worker is given ahead: there is no room to come back to.
  const urgent = await submit({ ...LONG, frames: '1-6', samples: 2048 }, 90);
  await until(() => runs(urgent));
  console.log(`an urgent job began after ${Math.round(performance.now() - askedMs)} ms`);
  another = startWorker(farm, 'another', ENV);
  await until(async () => (await farm.client.listWorkers({})).items.some(({ name }) => name === 'another'));
  one.process.kill('SIGTERM');
  for (const jobId of [urgent, long]) await until(async () => (await stateOf(jobId)) === 'succeeded');
  const attempts = await attemptsOf(long);
  const there = attempts.filter(({ workerName }) => workerName === 'another');
  expect(there.length).toBeGreaterThan(0);
  expect(there.some(({ resumedFromSample }) => (resumedFromSample ?? 0) > 0)).toBe(true);
  expect(attempts.map(({ state }) => state).filter((state) => state === 'lost' || state === 'failed')).toEqual([]);
  const { code } = await kiln(farm, 'audit');
  expect(code).toBe(0);
}, 1_200_000);

test('a job that is cancelled is shown so at once, and its slot goes to the next', async () => {
  const long = await submit(LONG, 50);
  await until(() => runs(long));
  const next = await submit(SHORT, 50);
  const askedMs = performance.now();
  await farm.client.cancelJob({ params: { jobId: long } });
  await until(async () => (await stateOf(long)) === 'cancelled');
  const shownMs = performance.now() - askedMs;
  await until(async () => (await stateOf(next)) === 'succeeded');
  const doneMs = performance.now() - askedMs;
  console.log(
    `cancelled: shown after ${Math.round(shownMs)} ms; the next on its slot is done after ${Math.round(doneMs)} ms`,
  );
  // Nothing of it goes on.
  expect((await attemptsOf(long)).map(({ state }) => state).filter((state) => state === 'running')).toEqual([]);
  expect(await stateOf(long)).toBe('cancelled');
}, 600_000);
