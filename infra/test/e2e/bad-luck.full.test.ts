import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startTrialFarm, type TrialFarm } from '../../src/trial/trial-farm.ts';
import { type KilnResult, type KilnRun, kiln, startKiln } from './support/kiln.ts';
import { readPixels } from './support/pixels.ts';
import { childOf, familyOf, until, untilEnded } from './support/processes.ts';
import { boxScene } from './support/scenes.ts';

const FRAMES = 24;
/** Ends what hangs; no measurement. */
const HANGS_MS = 400_000;

vi.setConfig({ testTimeout: HANGS_MS, hookTimeout: HANGS_MS });

let farm: TrialFarm;
let sceneId: string;
let jobs = 0;

/** A job that still has most of its frames to draw when the first arrives. */
function renderMany(samples = 8): KilnRun {
  const out = join(farm.home, `job-${++jobs}`);
  const size = ['--size', '640x360', '--samples', String(samples)];
  return startKiln(farm, ['render', sceneId, '--frames', `1-${FRAMES}`, ...size, '--out', out, '--json']);
}

/** Every frame is there, once, and is a whole picture. */
async function expectWhole({ code, lines, stderr }: KilnResult): Promise<void> {
  expect(stderr).toBe('');
  const numbers = lines.filter(({ event }) => event === 'frame').map(({ frameNumber }) => Number(frameNumber));
  expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: FRAMES }, (_, i) => i + 1));
  expect(lines.at(-1)).toMatchObject({ event: 'done', state: 'succeeded', framesDone: FRAMES, framesFailed: 0 });
  expect(code).toBe(0);
  const out = join(farm.home, `job-${jobs}`);
  const files = (await readdir(out)).sort();
  expect(files).toHaveLength(FRAMES);
  for (const file of files) expect((await readPixels(join(out, file))).widthPx).toBe(640);
}

async function attemptsOf(run: KilnResult): Promise<{ state: string; reason: string | null; number: number }[]> {
  const jobId = String(run.lines.find(({ event }) => event === 'submitted')?.jobId);
  const job = JSON.parse((await kiln(farm, 'job', jobId, '--json')).stdout);
  return job.tasks.flatMap((task: { attempts: object[] }) => task.attempts);
}

async function browserPid(): Promise<number> {
  let pid: number | null = null;
  await until(async () => {
    pid = (await farm.client.listWorkers()).items.find(({ state }) => state === 'ready')?.browserPid ?? null;
    return pid !== null;
  });
  return Number(pid);
}

beforeAll(async () => {
  farm = await startTrialFarm();
  const path = join(farm.home, 'box.glb');
  await writeFile(path, boxScene([0, 1, 0]));
  const { stdout, stderr } = await kiln(farm, 'scene', 'add', path, '--json');
  expect(stderr).toBe('');
  sceneId = JSON.parse(stdout).id;
});
afterAll(() => farm?.remove());

describe('a job goes on, every frame once, when kill -9 hits', () => {
  test('the browser in the middle of a frame', async () => {
    const run = renderMany(64);
    await run.event('frame');
    process.kill(await browserPid(), 'SIGKILL');
    const result = await run.ended;
    await expectWhole(result);
    const lost = (await attemptsOf(result)).filter(({ state }) => state !== 'succeeded');
    expect(lost.length).toBeGreaterThan(0);
    for (const { reason } of lost) expect(reason).toMatch(/^render\./);
  });

  test('the worker', async () => {
    const run = renderMany();
    await run.event('frame');
    process.kill(childOf(farm.process.pid, 'worker'), 'SIGKILL');
    const result = await run.ended;
    await expectWhole(result);
    expect(farm.output()).toMatch(/worker-1 +ended/);
    const lost = (await attemptsOf(result)).filter(({ state }) => state !== 'succeeded');
    expect(lost.length).toBeGreaterThan(0);
    for (const { reason } of lost) expect(reason).toBe('worker.lost');
  });

  test('the server', async () => {
    const run = renderMany();
    await run.event('frame');
    process.kill(childOf(farm.process.pid, 'server'), 'SIGKILL');
    await expectWhole(await run.ended);
    expect(farm.output()).toMatch(/server +ended/);
  });
});

test('a job ends right when Redis is emptied in the middle of it', async () => {
  const run = renderMany();
  await run.event('frame');
  const settings = readFileSync(join(farm.home, 'redis', 'redis.conf'), 'utf8');
  const password = /^requirepass (\S+)$/m.exec(settings)?.[1] ?? '';
  const redis = new Redis({ path: join(farm.home, 'redis', 'redis.sock'), password });
  await redis.flushall();
  redis.disconnect();
  await expectWhole(await run.ended);
});

test('a job ends right when Redis is killed in the middle of it', async () => {
  const run = renderMany();
  await run.event('frame');
  process.kill(childOf(farm.process.pid, 'redis-server'), 'SIGKILL');
  await expectWhole(await run.ended);
});

describe('when the farm itself ends', () => {
  test(
    'kill -9 leaves no process, and the next start goes on with the job',
    async () => {
      const run = renderMany();
      await run.event('frame');
      const family = familyOf(farm.process.pid ?? 0);
      expect(family.length).toBeGreaterThan(5);
      farm.process.kill('SIGKILL');
      await untilEnded(family);
      const port = new URL(farm.url).port;
      farm = await startTrialFarm({ home: farm.home, env: { KILN_PORT: port } });
      await expectWhole(await run.ended);
    },
    HANGS_MS,
  );

  test('a second farm from the same folder says so, and leaves the first alone', async () => {
    const second = await startAgain();
    expect(second.code).toBe(1);
    expect(second.output).toContain(farm.url);
    expect((await farm.client.health()).status).toBe('ok');
  });

  test('after all of it the record holds together, to the last byte', async () => {
    const { code, stdout } = await kiln(farm, 'audit', '--json');
    const { ok, checks } = JSON.parse(stdout);
    expect(checks.filter(({ violations }: { violations: number }) => violations > 0)).toEqual([]);
    expect([ok, code]).toEqual([true, 0]);
  });

  test('Ctrl-C drains; nothing is left running', async () => {
    const family = familyOf(farm.process.pid ?? 0);
    expect(await farm.stop()).toBe(0);
    await untilEnded(family);
    expect(existsSync(join(farm.home, 'farm.lock'))).toBe(false);
  });

  test(
    'a second Ctrl-C ends it at once',
    async () => {
      farm = await startTrialFarm({ home: farm.home });
      const run = renderMany();
      await run.event('frame');
      const family = familyOf(farm.process.pid ?? 0);
      farm.process.kill('SIGINT');
      await until(() => farm.output().includes('Stopping'));
      farm.process.kill('SIGINT');
      await untilEnded(family);
      run.process.kill('SIGINT');
      expect((await run.ended).code).toBe(130);
    },
    HANGS_MS,
  );
});

async function startAgain(): Promise<{ code: number | null; output: string }> {
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, '../../bin/start.mjs')], {
    env: { ...process.env, KILN_HOME: farm.home, KILN_PORT: '0' },
  });
  let output = '';
  child.stdout?.on('data', (bytes) => (output += bytes));
  child.stderr?.on('data', (bytes) => (output += bytes));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}
