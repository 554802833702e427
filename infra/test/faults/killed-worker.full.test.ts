/**
 * Workers with a real browser, each killed or frozen at another stage of a task: of a frame, of parts of one, of a film and of
 * an import. What one leaves, the next goes on from.
 */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { LayerRequest } from '@kiln/shared';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { STAGES } from '../../src/faults/stages.ts';
import { Random } from '../../src/simulator/random.ts';
import { startTrialFarm, type TrialFarm } from '../../src/trial/trial-farm.ts';
import { kiln, startKiln } from '../e2e/support/kiln.ts';
import { boxScene } from '../e2e/support/scenes.ts';
import { type StartedWorker, startWorker } from '../e2e/support/workers.ts';

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

type Kind = (typeof STAGES)[number]['of'];

/** Resolves when it is over; fails unless all of it is there. */
type Expected = () => Promise<void>;

async function submitJob(layer: Partial<LayerRequest>, frames: number): Promise<Expected> {
  const size = { widthPx: 64, heightPx: 36 };
  const layers = [{ frames: `1-${frames}`, size, ...layer }];
  const { id } = await farm.client.createJob({ body: { sceneId, layers, maxAttempts: MOST_TRIES } });
  const films = layer.films?.length ?? 0;
  return async () => {
    const job = () => farm.client.getJob({ params: { jobId: id } });
    await expect
      .poll(async () => (await job()).state, { timeout: 600_000, interval: 250 })
      .toMatch(/succeeded|failed|cancelled/);
    const counts = { framesDone: frames, framesFailed: 0, filmsDone: films, filmsFailed: 0 };
    expect(await job()).toMatchObject({ state: 'succeeded', ...counts });
  };
}

let scenes = 0;
async function submitScene(): Promise<Expected> {
  const path = join(farm.home, `scene-${scenes}.glb`);
  await writeFile(path, boxScene([scenes++ / 100, 1, 1]));
  const run = startKiln(farm, ['scene', 'add', path, '--json']);
  return async () => {
    const { code, stdout, stderr } = await run.ended;
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ state: 'ready' });
  };
}

const SUBMIT: Readonly<Record<Kind, () => Promise<Expected>>> = {
  frame: () => submitJob({}, 4),
  part: () => submitJob({ samples: 64, splitSamples: 2 }, 1),
  film: () => submitJob({ films: [{ format: 'mp4' }] }, 4),
  import: submitScene,
};

async function expectSound(): Promise<void> {
  const { code, stdout } = await kiln(farm, 'audit', '--json');
  const { checks } = JSON.parse(stdout);
  expect(checks.filter(({ violations }: { violations: number }) => violations > 0)).toEqual([]);
  expect(code).toBe(0);
}

test('a worker is killed at every stage of a task: everything is done once all the same', async () => {
  const all: Expected[] = [];
  for (const { name, of } of STAGES) {
    all.push(await SUBMIT[of]());
    const worker = start(name.replace('.', '-'), { KILN_FAULT: `${name}@1:kill` });
    expect([name, await worker.ended]).toEqual([name, 'SIGKILL']);
  }
  const last = start('last');
  for (const isThere of all) await isThere();
  last.process.kill('SIGTERM');
  await last.ended;
  await expectSound();
}, 3_600_000);

const isStopped = (pid: number): boolean =>
  / [tT] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\)/, ''));

test('a worker is frozen past its lease at some stages, and thawed when another has done its work: that stands', async () => {
  const seed = Number(process.env.KILN_FAULT_SEED ?? 0) || 1 + Math.floor(Math.random() * 1_000_000);
  const random = new Random(seed);
  const kinds: readonly Kind[] = ['frame', 'frame', 'part', 'film', 'import'];
  const stages = kinds.map((kind) => {
    const those = STAGES.filter(({ of }) => of === kind);
    return those[random.below(those.length)] ?? STAGES[0];
  });
  console.log(`seed ${seed} (KILN_FAULT_SEED): frozen at ${stages.map(({ name }) => name).join(', ')}`);
  for (const { name, of } of stages) {
    const isThere = await SUBMIT[of]();
    const frozen = start(`frozen-${name}`, { KILN_FAULT: `${name}@1:freeze` });
    const pid = frozen.process.pid ?? 0;
    await expect.poll(() => isStopped(pid), { timeout: 300_000, interval: 50 }).toBe(true);
    const other = start(`after-${name}`);
    // Where all was delivered before, nothing is left to do.
    await isThere();
    await pause(LEASE_MS);
    const before = await kiln(farm, 'jobs', '--json');
    frozen.process.kill('SIGCONT');
    await pause(2 * LEASE_MS);
    expect(isStopped(pid)).toBe(false);
    expect((await kiln(farm, 'jobs', '--json')).stdout).toBe(before.stdout);
    for (const worker of [frozen, other]) {
      worker.process.kill('SIGTERM');
      expect([name, await worker.ended]).toEqual([name, null]);
    }
  }
  await expectSound();
}, 3_600_000);
