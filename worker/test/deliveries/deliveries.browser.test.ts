import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SceneSource } from '@kiln/shared';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { commandLine, processTree } from '../../src/browser/process-tree.ts';
import type { BrowserPool } from '../../src/pool/browser-pool.ts';
import type { RunningWorker } from '../../src/running-worker.ts';
import { type FakeAttempt, FakeFarm, idOf, settings } from '../support/fake-farm.ts';
import { RedisServer } from '../support/redis-server.ts';
import { startTinyWorker } from '../support/tiny-worker.ts';

let redis: RedisServer;
let home: string;
let farm: FakeFarm;
let worker: RunningWorker;
let pool: BrowserPool;
let scene: SceneSource;
const tenantId = idOf('tenant');

beforeAll(async () => {
  redis = await RedisServer.start();
  home = await mkdtemp(join(tmpdir(), 'kiln-test-'));
  farm = new FakeFarm(redis);
  await farm.open();
  ({ worker, pool } = await startTinyWorker({ url: farm.url, home }));
});

beforeEach(() => {
  scene = farm.addScene({ 'scene.glb': `scene ${Math.random()}`, 'textures/a b.png': `texture ${Math.random()}` });
});

afterEach(() => {
  farm.isDown = false;
  farm.takesMs = 0;
  farm.stops = [];
});

afterAll(async () => {
  await worker?.drain();
  await farm?.close();
  await redis?.stop();
  await rm(home, { recursive: true, force: true });
});

const render = (frames: number[], overrides: Partial<typeof settings> = {}, options: { timeoutMs?: number } = {}) =>
  farm.send(scene, { kind: 'render', settings: { ...settings, ...overrides }, frames }, { tenantId, ...options });

const over = (attempt: FakeAttempt) => expect.poll(() => attempt.isOver, { timeout: 100_000 }).toBe(true);
const acknowledged = () => expect.poll(() => farm.deliveriesLeft(), { timeout: 100_000 }).toBe(0);

it('[WK6] delivers the frames of an attempt in order, as they were drawn', async () => {
  const attempt = await render([3, 1, 2]);
  await over(attempt);
  expect(attempt.failure).toBeNull();
  expect(attempt.frames.map(({ frameNumber }) => frameNumber)).toEqual([3, 1, 2]);
  for (const { bytes, mediaType, result } of attempt.frames) {
    expect(mediaType).toBe('image/png');
    expect(bytes.subarray(1, 4).toString()).toBe('PNG');
    expect(result.sizeBytes).toBe(bytes.length);
  }
  expect(attempt.frames[0]?.result.stages).toHaveProperty('fetch');
  expect(attempt.frames[0]?.result.stages).toHaveProperty('load');
  expect(attempt.frames[1]?.result.stages).not.toHaveProperty('load');
  const sent = attempt.frames.map(({ result }) => result.sentAtMs ?? 0);
  expect(sent).toEqual([...sent].sort((a, b) => a - b));
  expect(sent[0]).toBeGreaterThan(0);
  await acknowledged();
});

it('[WK24] claims and delivers by exchanges where the server takes them, and else each by itself', async () => {
  farm.takesExchanges = true;
  const known = farm.registrations.length;
  farm.forgetWorker();
  await expect.poll(() => farm.registrations.length, { timeout: 100_000 }).toBeGreaterThan(known);
  const before = farm.exchanges.length;
  const attempts = await Promise.all([1, 2, 3, 4, 5, 6].map((frame) => render([frame])));
  const several = await render([3, 1, 2]);
  for (const attempt of [...attempts, several]) await over(attempt);
  expect([...attempts, several].map(({ claims, failure }) => [claims, failure])).toEqual(
    Array.from({ length: 7 }, () => [1, null]),
  );
  expect(several.frames.map(({ frameNumber }) => frameNumber)).toEqual([3, 1, 2]);
  for (const { bytes, mediaType, result } of [...attempts, several].flatMap(({ frames }) => frames)) {
    expect([mediaType, bytes.subarray(1, 4).toString(), bytes.length]).toEqual(['image/png', 'PNG', result.sizeBytes]);
  }
  // How many go together is a matter of time here: the tests of `Exchange` prove that they gather.
  const sum = (of: 'claims' | 'frames') =>
    farm.exchanges.slice(before).reduce((total, exchange) => total + exchange[of], 0);
  expect([sum('claims'), sum('frames')]).toEqual([7, 9]);

  // A server of before takes its place, and does not know that this worker is new to it.
  farm.takesExchanges = false;
  const exchanges = farm.exchanges.length;
  const later = await render([1]);
  await over(later);
  expect([later.claims, later.frames.length, later.failure]).toEqual([1, 1, null]);
  expect(farm.exchanges).toHaveLength(exchanges);
  await acknowledged();
});

it('draws with the back end that the job asks for, else with what the worker has chosen for the engine', async () => {
  const attempts = await Promise.all([
    render([1]),
    render([1], { backend: 'webgl' }),
    render([1], { engine: 'pathtrace' }),
    render([1], { engine: 'pathtrace', backend: 'webgpu' }),
  ]);
  for (const attempt of attempts) await over(attempt);
  const drawnBy = attempts.map(({ frames }) => frames[0]?.result.stages.draw.backend);
  expect(drawnBy).toEqual(['webgpu', 'webgl', 'webgl', 'webgpu']);
  expect(farm.registrations.at(-1)?.identity.autoBackends).toEqual({ raster: 'webgpu', pathtrace: 'webgl' });
});

it('fetches and loads a scene once for many attempts', async () => {
  const before = farm.fetched.length;
  const attempts = await Promise.all([1, 2, 3, 4].map((frame) => render([frame])));
  for (const attempt of attempts) await over(attempt);
  expect(farm.fetched.length - before).toBe(2);
  const loads = attempts.flatMap(({ frames }) => frames.filter(({ result }) => result.stages.load));
  expect(loads).toHaveLength(1);
  await expect
    .poll(() => farm.heartbeats.at(-1)?.status.scenes.find(({ sceneHash }) => sceneHash === scene.sceneHash), {
      timeout: 10_000,
    })
    .toMatchObject({ tenantId, loads: 1, sessions: 0 });
});

it('draws the next frame while the one before is encoded and delivered', async () => {
  farm.takesMs = 300;
  const attempts = await Promise.all([1, 2].map((frame) => render([frame], { clip: 'slow-encode' })));
  for (const attempt of attempts) await over(attempt);
  const stages = attempts
    .flatMap(({ frames }) => frames.map(({ result }) => result.stages))
    .sort((a, b) => a.draw.startedAtMs - b.draw.startedAtMs);
  const [first, second] = stages;
  if (!first || !second) throw new Error('two frames were expected');
  expect(second.draw.startedAtMs).toBeLessThan(first.encode.startedAtMs + first.encode.durationMs);
});

it('does the same within one attempt', async () => {
  const attempt = await render([1, 2, 3], { clip: 'slow-encode' });
  await over(attempt);
  const [first, second] = attempt.frames.map(({ result }) => result.stages);
  if (!first || !second) throw new Error('frames were expected');
  expect(second.draw.startedAtMs).toBeLessThan(first.encode.startedAtMs + first.encode.durationMs);
});

it('[WK8] tells why a frame cannot be drawn, with the log of the page, and keeps the frames before it', async () => {
  const attempt = await render([1], { clip: 'fail' });
  await over(attempt);
  expect(attempt.failure).toMatchObject({ code: 'job.unknown_camera', retryable: false });
  // The page's lines, not the browser's, which speak of this machine.
  expect(attempt.failure?.log).toContain('page: log: the tiny page');
  expect(attempt.failure?.log.filter((line) => !line.startsWith('page: '))).toEqual([]);
  await acknowledged();
});

it.each([
  ['loses its context', 'lose', 'render.page_lost', 100_000],
  ['says nothing any more', 'silent', 'render.timeout', 2_000],
  ['hangs', 'spin', 'render.timeout', 2_000],
])('replaces a page that %s, and draws the next attempt', async (_what, clip, code, timeoutMs) => {
  const attempt = await render([1], { clip }, { timeoutMs });
  await over(attempt);
  expect(attempt.failure).toMatchObject({ code, retryable: true });
  const again = await render([1]);
  await over(again);
  expect(again.frames).toHaveLength(1);
});

it('[WK8] blames a frame that hangs, and not the others that its page takes with it', async () => {
  const hangs = await render([1], { clip: 'silent' }, { timeoutMs: 3_000 });
  await loaded();
  const neighbour = await render([1]);
  await over(hangs);
  expect(hangs.failure).toMatchObject({ code: 'render.timeout', retryable: true });
  expect(hangs.failure).not.toHaveProperty('counts');
  await over(neighbour);
  if (neighbour.failure) expect(neighbour.failure).toMatchObject({ code: 'render.page_lost', counts: false });
  else expect(neighbour.frames).toHaveLength(1);
});

/** Resolves when the scene of this test is loaded: its first frame is then begun. */
const loaded = () =>
  expect
    .poll(() => pool.scenes(() => 0).find(({ sceneHash }) => sceneHash === scene.sceneHash)?.loads, {
      timeout: 100_000,
    })
    .toBe(1);

it('replaces a page whose process is killed in the middle of a frame, and keeps the browser', async () => {
  // The page says nothing of its own, so nothing but the crash can end the frame.
  const attempt = await render([1], { clip: 'silent' }, { timeoutMs: 100_000 });
  await loaded();
  const pid = pool.browsers[0]?.pid ?? 0;
  for (const child of processTree(pid)) {
    if (commandLine(child.pid).includes('--type=renderer')) process.kill(child.pid, 'SIGKILL');
  }
  await over(attempt);
  expect(attempt.failure).toMatchObject({ code: 'render.page_lost', retryable: true });
  const again = await render([1]);
  await over(again);
  expect(again.frames).toHaveLength(1);
  expect(pool.browsers.map((browser) => browser.pid)).toContain(pid);
});

it('replaces a browser that is killed in the middle of a frame', async () => {
  const attempt = await render([1], { clip: 'silent' }, { timeoutMs: 100_000 });
  await loaded();
  process.kill(pool.browsers[0]?.pid ?? 0, 'SIGKILL');
  await over(attempt);
  expect(attempt.failure).toMatchObject({ code: 'render.page_lost', retryable: true });
  // Why the browser is gone, without folders of this machine.
  expect(attempt.failure?.log).toContain('browser: ended by SIGKILL');
  expect(attempt.failure?.log.filter((line) => line.includes(home) || /browser: .*\/\w+\//.test(line))).toEqual([]);
  const again = await render([1]);
  await over(again);
  expect(again.frames).toHaveLength(1);
});

it('gives each tenant a browser of its own', async () => {
  const other = await farm.send(scene, { kind: 'render', settings, frames: [1] }, { tenantId: idOf('tenant') });
  const own = await render([1]);
  await over(other);
  await over(own);
  const pids = new Set(pool.browsers.map(({ pid }) => pid));
  expect(pids.size).toBe(2);
  expect(new Set(pool.browsers.map((browser) => browser.tenantId)).size).toBe(2);
});

it('[WK9] imports in a page that is closed afterwards', async () => {
  const attempt = await farm.send(scene, { kind: 'import' }, { tenantId });
  await over(attempt);
  expect(attempt.importResult).toMatchObject({ outcome: 'refused', refusal: { code: 'scene.bad_json' } });
  const mine = () => pool.browsers.find((browser) => browser.tenantId === tenantId);
  expect(mine()?.pages ?? 0).toBeLessThanOrEqual(1);
});

it('[WK15] sends the GLB that a page has made of a scene, then the result that names it', async () => {
  const other = farm.addScene({ 'converts-2000000.obj': 'v 0 0 0' });
  const attempt = await farm.send(other, { kind: 'import' }, { tenantId });
  await over(attempt);
  const sha256 = createHash('sha256').update(Buffer.alloc(2_000_000, 7)).digest('hex');
  expect(attempt.converted).toMatchObject({ sha256, mediaType: 'model/gltf-binary' });
  expect(attempt.converted?.bytes.equals(Buffer.alloc(2_000_000, 7))).toBe(true);
  expect(attempt.importResult).toMatchObject({
    outcome: 'ready',
    converted: { sha256, sizeBytes: 2_000_000 },
    thumbnailBase64: Buffer.from([1, 2, 3]).toString('base64'),
  });
  await expect.poll(() => readdir(join(home, 'worker-cache/scenes/tiny/arriving'))).toEqual([]);
});

it.each([
  ['says that it has sent one and has not', 'converts-1-never.obj', false],
  ['sends a second one', 'converts-1-twice.obj', true],
])('takes one GLB only from a page that %s', async (_what, entry, isTaken) => {
  const attempt = await farm.send(farm.addScene({ [entry]: 'v 0 0 0' }), { kind: 'import' }, { tenantId });
  await over(attempt);
  if (isTaken) expect(attempt.importResult).toMatchObject({ outcome: 'ready' });
  else expect(attempt.failure).toMatchObject({ code: 'scene.import_failed', retryable: true });
  expect(attempt.converted?.bytes.length ?? null).toBe(isTaken ? 1 : null);
});

it('ends an import that hangs when its time is over', async () => {
  const hangs = farm.addScene({ 'hangs.glb': 'for ever' });
  const attempt = await farm.send(hangs, { kind: 'import' }, { tenantId, timeoutMs: 500 });
  await over(attempt);
  expect(attempt.failure).toMatchObject({ code: 'scene.import_failed', retryable: true });
});

it('refuses a scene whose conversion hangs, without another try', async () => {
  const hangs = farm.addScene({ 'hangs.obj': 'for ever' });
  const attempt = await farm.send(hangs, { kind: 'import' }, { tenantId, timeoutMs: 500 });
  await over(attempt);
  expect(attempt.importResult).toMatchObject({ outcome: 'refused', refusal: { code: 'scene.import_failed' } });
});

it('keeps no other tenant waiting for an import that hangs, and one tenant for its own', {
  tags: ['heavy'],
}, async () => {
  const hangs = farm.addScene({ 'hangs.glb': 'for ever' });
  const first = await farm.send(hangs, { kind: 'import' }, { tenantId, timeoutMs: 3_600_000 });
  await expect.poll(() => first.claims, { timeout: 100_000 }).toBe(1);
  const second = await farm.send(scene, { kind: 'import' }, { tenantId });
  const other = await farm.send(scene, { kind: 'import' }, { tenantId: idOf('tenant') });
  await over(other);
  expect(other.importResult).not.toBeNull();
  expect([first.isOver, second.isOver]).toEqual([false, false]);
  farm.stops = [first.assignment.attemptId];
  await over(second);
  expect(second.importResult).not.toBeNull();
});

it('[WK4] drops a delivery whose lease has ended, and acknowledges it', async () => {
  const attempt = await render([1]);
  attempt.isStale = true;
  await acknowledged();
  expect(attempt.frames).toEqual([]);
  expect(attempt.failure).toBeNull();
});

it('[WK10] stops an attempt that the server names, and reports nothing of it', async () => {
  const attempt = await render([1, 2, 3], { samples: 1_000 });
  await expect.poll(() => attempt.frames.length, { timeout: 100_000 }).toBe(1);
  farm.stops = [attempt.assignment.attemptId];
  await acknowledged();
  const delivered = attempt.frames.length;
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(attempt.frames.length).toBe(delivered);
  expect(delivered).toBeLessThan(3);
  expect(attempt.failure).toBeNull();
});

it('[WK10] replaces a page that sits in the drawing of an attempt which was stopped', async () => {
  const attempt = await render([1], { clip: 'spin' }, { timeoutMs: 100_000 });
  await loaded();
  farm.stops = [attempt.assignment.attemptId];
  await acknowledged();
  expect(attempt.failure).toBeNull();
  const next = await render([2]);
  await over(next);
  expect(next.frames).toHaveLength(1);
});

it('[WK12] goes on when the server was away for a while', async () => {
  const attempt = await render([1, 2, 3], { samples: 300 });
  await expect.poll(() => attempt.frames.length, { timeout: 100_000 }).toBe(1);
  farm.isDown = true;
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  farm.isDown = false;
  await over(attempt);
  expect(attempt.failure).toBeNull();
  expect(attempt.frames.map(({ frameNumber }) => frameNumber)).toEqual([1, 2, 3]);
});

it('[WK1] registers again, as the same worker, when the server has forgotten it', async () => {
  const { workerId } = worker;
  const registrations = farm.registrations.length;
  farm.forgetWorker();
  await expect.poll(() => farm.registrations.length, { timeout: 100_000 }).toBe(registrations + 1);
  expect(farm.registrations.at(-1)?.resume).toBe(workerId);
  const attempt = await render([1]);
  await over(attempt);
  expect(attempt.frames).toHaveLength(1);
});

it('[WK10] ends right when Redis is wiped in the middle of an attempt', async () => {
  const attempt = await render([1, 2, 3], { samples: 300 });
  await expect.poll(() => attempt.frames.length, { timeout: 100_000 }).toBe(1);
  const connection = redis.connect();
  await connection.flushall();
  connection.disconnect();
  await over(attempt);
  expect(attempt.failure).toBeNull();
  const next = await render([1]);
  await over(next);
  expect(next.frames).toHaveLength(1);
});

it('takes deliveries again when Redis was away', async () => {
  await redis.kill();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await redis.run();
  const attempt = await render([1]);
  await over(attempt);
  expect(attempt.frames).toHaveLength(1);
});

it('[WK13] drains: finishes what it holds, says goodbye, and leaves no browser', async () => {
  const attempt = await render([1, 2], { samples: 500 });
  await expect.poll(() => attempt.claims, { timeout: 100_000 }).toBe(1);
  await worker.drain();
  expect(attempt.frames).toHaveLength(2);
  expect(farm.goodbyes).toBe(1);
  expect(farm.heartbeats.at(-1)?.draining).toBe(true);
  expect(pool.browsers).toEqual([]);
});
