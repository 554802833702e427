/** Layers that wait for others of their job. */
import type { Job } from '@kiln/shared';
import { beforeEach, expect, test } from 'vitest';
import { audit } from '../../src/audit/audit.ts';
import { ask, call, until } from '../farm-fixture.ts';
import { useTenant } from '../tenant-fixture.ts';

/** Frames that were begun, as `LAYER/FRAME`, and those that are let go on. */
let begun: string[];
let held: Map<string, () => void>;
const own = useTenant();
const { addWorker, jobNow, ended } = own;

beforeEach(async () => {
  begun = [];
  held = new Map();
});

/** Frames of the layer `plate` are told from others by their width: workers do not hear names. */
const sizeOf = (layer: object) => ({ widthPx: 'name' in layer && layer.name === 'plate' ? 64 : 32, heightPx: 64 });
const bodyOf = (layers: readonly object[]) => ({
  sceneId: own.sceneId,
  maxAttempts: 1,
  layers: layers.map((layer) => ({ size: sizeOf(layer), ...layer })),
});
const submit = (...layers: object[]) => own.post<Job>('/jobs', bodyOf(layers));
const beginning = (...names: string[]) =>
  until(
    async () => begun,
    () => names.every((name) => begun.includes(name)),
  );

/** Holds frames of these names until `let` is called for them; fails those in `broken`. */
async function addHolding(names: readonly string[], broken: ReadonlySet<string> = new Set()) {
  const gates = new Map(names.map((name) => [name, new Promise<void>((resolve) => held.set(name, resolve))]));
  await addWorker({
    identity: { slots: 8 },
    onFrame: async ({ work }, frame) => {
      const isPlate = 'settings' in work && work.settings.size.widthPx === 64;
      const name = `${isPlate ? 'plate' : 'comp'}/${frame}`;
      begun.push(name);
      await gates.get(name);
      if (broken.has(name)) throw new Error('bad luck');
    },
  });
}
const letGo = (name: string) => held.get(name)?.();

test('a layer begins when all frames of the other are done', async () => {
  await addHolding(['plate/2']);
  const job = await submit({ name: 'comp', frames: '1-3', needs: ['plate'] }, { name: 'plate', frames: '1-2' });
  expect(job.layers.map(({ needs }) => needs)).toEqual([[{ layer: 'plate', frames: 'all' }], []]);
  await until(
    () => jobNow(job),
    ({ framesDone }) => framesDone === 1,
  );
  // Room for others, with which nothing of it comes.
  await ended(await submit({ name: 'other', frames: '1001' }));
  expect(begun.filter((name) => name.startsWith('comp'))).toEqual(['comp/1001']);
  letGo('plate/2');
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 5 });
  const { checks } = await audit(own.farm.services, { bytes: false });
  expect(checks.filter(({ violations }) => violations > 0)).toEqual([]);
});

test.each([
  ['each in a task', {}, {}],
  ['of which the needed are in parts', {}, { tiles: { columns: 2, rows: 1 } }],
  ['which are in parts', { tiles: { columns: 2, rows: 1 } }, {}],
])('frame by frame, %s', async (_, comp, plate) => {
  const isWhole = !('tiles' in plate);
  await addHolding(isWhole ? ['plate/4'] : []);
  const frames = '5-1';
  const job = await submit(
    { name: 'plate', frames, ...plate },
    { name: 'comp', frames, needs: [{ layer: 'plate', frames: 'same' }], ...comp },
  );
  if (isWhole) {
    await until(
      () => jobNow(job),
      ({ framesDone }) => framesDone === 5,
    );
    // In order: what comes after the frame that is missing waits, too.
    const { items } = await ask<{ items: { layer: string; frameNumber: number }[] }>(
      own.farm.url,
      own.tenant.key,
      'GET',
      `/jobs/${job.id}/frames`,
    );
    expect(items.filter(({ layer }) => layer === 'comp').map(({ frameNumber }) => frameNumber)).toEqual([5]);
    letGo('plate/4');
  }
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 10 });
  const { db } = own.farm.services.store;
  const rows = await db
    .selectFrom('frames as f')
    .innerJoin('layers as l', 'l.id', 'f.layer_id')
    .innerJoin('tasks as t', 't.id', 'f.task_id')
    .select(['l.name', 'f.frame_number', 't.created_at', 'f.finished_at'])
    .where('f.job_id', '=', job.id)
    .execute();
  for (const { name, frame_number, created_at } of rows) {
    if (name === 'plate') continue;
    const before = rows.find((row) => row.name === 'plate' && row.frame_number === frame_number);
    expect(before?.finished_at.getTime()).toBeLessThanOrEqual(created_at.getTime());
  }
});

test('chunks wait for all of their frames', async () => {
  await addHolding(['plate/3']);
  const frames = '1-7';
  const job = await submit(
    { name: 'plate', frames, chunk: 2 },
    { name: 'comp', frames, chunk: 3, needs: [{ layer: 'plate', frames: 'same' }] },
  );
  await beginning('plate/3', 'plate/7');
  await ended(await submit({ name: 'other', frames: '1001' }));
  expect(begun.filter((name) => name.startsWith('comp'))).toEqual(['comp/1001']);
  letGo('plate/3');
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 14 });
});

test('what nothing can be given out of, because a frame failed, says so; a retry lets it go on', async () => {
  const broken = new Set(['plate/2']);
  await addHolding([], broken);
  const job = await submit({ name: 'plate', frames: '1-2' }, { name: 'comp', frames: '1', needs: ['plate'] });
  const { waitsFor } = await until(
    () => jobNow(job),
    (now) => now.waitsFor?.reason === 'layer' && now.framesFailed === 1,
  );
  expect(waitsFor?.message).toBe(
    'Layer “comp” waits for layer “plate” (1 of 2 frames done, some of which failed: retry them).',
  );
  broken.clear();
  await own.post(`/jobs/${job.id}/retry`, {});
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 3 });
});

test.each([
  ['/layers/0/needs/0', 'no layer “nix”', [{ name: 'a', frames: '1', needs: ['nix'] }]],
  ['/layers/0/needs/0', 'neither could begin', [{ name: 'a', frames: '1', needs: ['a'] }]],
  [
    '/layers/0/needs/0',
    'which needs “a”',
    [
      { name: 'a', frames: '1', needs: ['b'] },
      { name: 'b', frames: '1', needs: [{ layer: 'c' }] },
      { name: 'c', frames: '1', needs: ['a'] },
    ],
  ],
  [
    '/layers/1/needs/1',
    'named twice',
    [
      { name: 'a', frames: '1' },
      { name: 'b', frames: '1', needs: ['a', { layer: 'a' }] },
    ],
  ],
  [
    '/layers/1/needs/0',
    'which has 1-2, not 1-3',
    [
      { name: 'a', frames: '1-2' },
      { name: 'b', frames: '1-3', needs: [{ layer: 'a', frames: 'same' }] },
    ],
  ],
])('is refused: %s, %s', async (field, message, layers) => {
  expect(await call(own.farm.url, own.tenant.key, 'POST', '/jobs', bodyOf(layers))).toMatchObject({
    status: 400,
    body: { error: { code: 'request.invalid', field, message: expect.stringContaining(message) } },
  });
});
