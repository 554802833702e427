/** Workers with a real browser, each killed at another stage of a task; each goes on from what the one before left. */
import type { ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { STAGES } from '../../src/faults/stages.ts';
import { startTrialFarm, type TrialFarm } from '../../src/trial/trial-farm.ts';
import { kiln } from '../e2e/support/kiln.ts';
import { boxScene } from '../e2e/support/scenes.ts';
import { type StartedWorker, startWorker } from '../e2e/support/workers.ts';

const FRAMES = 4;
const LEASE_MS = 8_000;

let farm: TrialFarm;
let sceneId: string;
const workers: ChildProcess[] = [];

beforeAll(async () => {
  const env = { KILN_WORKERS: '0', KILN_TEST: '1', KILN_TEST_LEASE_MS: String(LEASE_MS) };
  farm = await startTrialFarm({ env });
  const path = join(farm.home, 'box.glb');
  await writeFile(path, boxScene([0, 1, 0]));
  sceneId = await importWith(path);
}, 600_000);
afterAll(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  await farm?.remove();
}, 120_000);

/** A scene is imported by a worker, too. */
async function importWith(path: string): Promise<string> {
  const worker = start('importer');
  const { stdout, stderr } = await kiln(farm, 'scene', 'add', path, '--json');
  expect(stderr).toBe('');
  worker.process.kill('SIGTERM');
  await worker.ended;
  return JSON.parse(stdout).id;
}

function start(name: string, env: Readonly<Record<string, string>> = {}): StartedWorker {
  const worker = startWorker(farm, name, { KILN_TEST: '1', ...env });
  workers.push(worker.process);
  return worker;
}

/** Tries of a task that is at hand whenever a worker is killed. */
const MOST_TRIES = 10;

async function submit(): Promise<string> {
  const size = { widthPx: 64, heightPx: 36 };
  const { id } = await farm.client.createJob({
    body: { sceneId, layers: [{ frames: `1-${FRAMES}`, size }], maxAttempts: MOST_TRIES },
  });
  return id;
}

test('a worker is killed at every stage of a task: every frame is done once all the same', async () => {
  const jobs: string[] = [];
  for (const { name } of STAGES) {
    jobs.push(await submit());
    const worker = start(name.replace('.', '-'), { KILN_FAULT: `${name}@1:kill` });
    expect([name, await worker.ended]).toEqual([name, 'SIGKILL']);
  }
  const last = start('last');
  for (const jobId of jobs) {
    await expect
      .poll(async () => (await farm.client.getJob({ params: { jobId } })).state, { timeout: 600_000, interval: 250 })
      .toMatch(/succeeded|failed|cancelled/);
    const job = await farm.client.getJob({ params: { jobId } });
    expect(job).toMatchObject({ state: 'succeeded', framesDone: FRAMES, framesFailed: 0 });
  }
  last.process.kill('SIGTERM');
  await last.ended;
  const { code, stdout } = await kiln(farm, 'audit', '--json');
  const { checks } = JSON.parse(stdout);
  expect(checks.filter(({ violations }: { violations: number }) => violations > 0)).toEqual([]);
  expect(code).toBe(0);
}, 3_600_000);
