import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Attempt, Task } from '@kiln/shared';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startTrialFarm, type TrialFarm } from '../../src/trial/trial-farm.ts';
import { kiln, startKiln } from './support/kiln.ts';
import { childOf, until } from './support/processes.ts';
import { boxScene } from './support/scenes.ts';

/** Path-traced, so that there is some time to hit its worker in. */
const TRACED = ['--engine', 'pathtrace', '--size', '128x128'];

/** Ends what hangs; no measurement. */
const HANGS_MS = 1_200_000;
vi.setConfig({ testTimeout: HANGS_MS, hookTimeout: HANGS_MS });

let farm: TrialFarm;
let scene: string;

beforeAll(async () => {
  farm = await startTrialFarm({ env: { KILN_CHECKPOINT_SEC: '1', KILN_WORKERS: '1' } });
  scene = join(farm.home, 'box.glb');
  await writeFile(scene, boxScene([0, 0, 1]));
});
afterAll(() => farm?.remove());

async function attemptsOf(jobId: string): Promise<Attempt[]> {
  const job: { tasks: Task[] } = JSON.parse((await kiln(farm, 'job', jobId, '--json')).stdout);
  return job.tasks.flatMap(({ attempts }) => attempts);
}

test.each([
  ['ended by noise', ['--samples', '4096', '--noise-threshold', '0.012']],
  ['ended by noise, and denoised', ['--samples', '4096', '--noise-threshold', '0.012', '--denoise']],
])('a frame that is %s goes on from its last checkpoint, and is the same file', async (what, options) => {
  const args = ['render', scene, '--frames', '1', ...TRACED, ...options, '--json', '--out'];
  const made = join(farm.home, `made ${what}`);
  const run = startKiln(farm, [...args, made]);
  const jobId = String((await run.event('submitted')).jobId);
  await until(async () =>
    (await attemptsOf(jobId)).some(({ state, resultHash }) => state === 'running' && resultHash !== null),
  );
  process.kill(childOf(farm.process.pid, 'worker'), 'SIGKILL');
  expect((await run.ended).code).toBe(0);
  const resumed = (await attemptsOf(jobId)).flatMap(({ resumedFromSample }) => resumedFromSample ?? []);
  expect(resumed.length).toBeGreaterThan(0);
  for (const sample of resumed) expect(sample % 16).toBe(0);
  const whole = join(farm.home, `whole ${what}`);
  expect((await kiln(farm, ...args, whole)).code).toBe(0);
  expect((await readFile(join(made, '0001.png'))).equals(await readFile(join(whole, '0001.png')))).toBe(true);
});

test('a long frame goes on from its last checkpoint when kill -9 hits its worker, and is the same file', async () => {
  const args = ['render', scene, '--frames', '1', '--size', '640x360', '--samples', '2048', '--json', '--out'];
  const made = join(farm.home, 'made');
  const run = startKiln(farm, [...args, made, '--split-samples', '2']);
  const jobId = String((await run.event('submitted')).jobId);
  // Something of the frame is stored, and its attempt has more to draw.
  await until(async () =>
    (await attemptsOf(jobId)).some(({ state, resultHash }) => state === 'running' && resultHash !== null),
  );
  process.kill(childOf(farm.process.pid, 'worker'), 'SIGKILL');
  expect((await run.ended).code).toBe(0);
  const resumed = (await attemptsOf(jobId)).flatMap(({ resumedFromSample }) => resumedFromSample ?? []);
  expect(resumed.length).toBeGreaterThan(0);
  for (const sample of resumed) expect(sample % 16).toBe(0);
  const whole = join(farm.home, 'whole');
  expect((await kiln(farm, ...args, whole)).code).toBe(0);
  expect((await readFile(join(made, '0001.png'))).equals(await readFile(join(whole, '0001.png')))).toBe(true);
});
