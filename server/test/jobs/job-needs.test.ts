/** Layers that wait for those of other jobs. */
import type { Job, JobRequest } from '@kiln/shared';
import { beforeEach, expect, test } from 'vitest';
import { audit } from '../../src/audit/audit.ts';
import { addTenant, call, until } from '../farm-fixture.ts';
import { gate, useTenant } from '../tenant-fixture.ts';

const own = useTenant();
const { addWorker, jobNow, ended } = own;

/** Frames that were begun, as `LAYER/FRAME`. */
let begun: string[];
let held: Map<string, ReturnType<typeof gate>>;
beforeEach(() => {
  begun = [];
  held = new Map();
});

type Layers = readonly (Partial<JobRequest['layers'][number]> & { readonly name: string })[];

/** Frames of layers of the name `plate` are told from others by their width: workers do not hear names. */
const bodyOf = (layers: Layers) => ({
  sceneId: own.sceneId,
  name: layers[0]?.name,
  maxAttempts: 1,
  layers: layers.map((layer) => ({ size: { widthPx: layer.name === 'plate' ? 64 : 32, heightPx: 64 }, ...layer })),
});
const submit = (...layers: Layers) => own.post<Job>('/jobs', bodyOf(layers));
const refusal = async (...layers: Layers) =>
  (await call(own.farm.url, own.tenant.key, 'POST', '/jobs', bodyOf(layers))) as { status: number; body: object };

/** Holds frames of these names until `letGo` is called for them; fails those in `broken`. */
async function addHolding(names: readonly string[] = [], broken: ReadonlySet<string> = new Set()) {
  for (const name of names) held.set(name, gate());
  return addWorker({
    identity: { slots: 8 },
    onFrame: async ({ work }, frame) => {
      const isPlate = 'settings' in work && work.settings.size.widthPx === 64;
      const name = `${isPlate ? 'plate' : 'comp'}/${frame}`;
      begun.push(name);
      await held.get(name)?.held;
      if (broken.has(name)) throw new Error('bad luck');
    },
  });
}
const letGo = (name: string) => held.get(name)?.open();
const waiting = async (job: Job) => {
  const { waitsFor } = await until(
    () => jobNow(job),
    (now) => now.waitsFor?.reason === 'layer',
  );
  return waitsFor?.message;
};

/** When each frame was recorded, and when its task came. */
async function framesOf(job: Job) {
  const rows = await own.farm.services.store.db
    .selectFrom('frames as f')
    .innerJoin('tasks as t', 't.id', 'f.task_id')
    .select(['f.frame_number', 't.created_at', 'f.finished_at'])
    .where('f.job_id', '=', job.id)
    .execute();
  return new Map(rows.map((row) => [row.frame_number, row]));
}

test.each<[string, Partial<Layers[number]>, Partial<Layers[number]>]>([
  ['each in a task', {}, {}],
  ['some of them, in an order of its own', { frames: '2,5-3' }, {}],
  ['in chunks', { chunk: 2 }, { chunk: 3 }],
  ['of which the needed are in parts', {}, { tiles: { columns: 2, rows: 1 } }],
  ['which are in parts', { tiles: { columns: 2, rows: 1 } }, {}],
  ['the first of which are tests', { testFrames: 'middle' }, { testFrames: 'first, last' }],
])('frame by frame, %s', async (_, comp, plate) => {
  const worker = await addHolding();
  const first = await submit({ name: 'plate', frames: '1-5', ...plate });
  const second = await submit({
    name: 'comp',
    frames: '1-5',
    needs: [{ job: first.id, layer: 'plate', frames: 'same' }],
    ...comp,
  });
  expect(second.layers[0]?.needs).toEqual([{ job: first.id, layer: 'plate', frames: 'same' }]);
  expect(await ended(second)).toMatchObject({ state: 'succeeded' });
  expect(await ended(first)).toMatchObject({ state: 'succeeded' });
  const [needed, mine] = [await framesOf(first), await framesOf(second)];
  expect(mine.size).toBe(second.frameCount);
  for (const [frame, { created_at }] of mine) {
    expect(needed.get(frame)?.finished_at.getTime()).toBeLessThanOrEqual(created_at.getTime());
  }
  await worker.goodbye();
  const { checks } = await audit(own.farm.services, { bytes: false });
  expect(checks.filter(({ violations }) => violations > 0)).toEqual([]);
});

test('a frame begins as soon as that of the same number is there; what waits says for which', async () => {
  await addHolding(['plate/2', 'plate/4']);
  const first = await submit({ name: 'plate', frames: '1-5' });
  const second = await submit({
    name: 'comp',
    frames: '5,3,4,2',
    needs: [{ job: first.id, layer: 'plate', frames: 'same' }],
  });
  const sentence = (frame: number) =>
    `Layer “comp” waits for frame ${frame} of job “plate” (${first.id}), layer “plate”.`;
  await until(
    () => jobNow(second),
    ({ framesDone }) => framesDone === 2,
  );
  expect(await waiting(second)).toBe(sentence(4));
  expect(begun.filter((name) => name.startsWith('comp')).sort()).toEqual(['comp/3', 'comp/5']);
  letGo('plate/4');
  await until(
    () => jobNow(second),
    ({ framesDone }) => framesDone === 3,
  );
  expect(await waiting(second)).toBe(sentence(2));
  expect((await jobNow(first)).state).toBe('running');
  letGo('plate/2');
  expect(await ended(second)).toMatchObject({ state: 'succeeded', framesDone: 4 });
});

test('all of a layer, while the rest of its job is drawn; test frames may wait for it, too', async () => {
  await addHolding(['plate/2', 'comp/9']);
  const first = await submit({ name: 'plate', frames: '1-2' }, { name: 'rest', frames: '9' });
  const second = await submit({
    name: 'comp',
    frames: '1-3',
    testFrames: 'last',
    needs: [{ job: first.id, layer: 'plate' }],
  });
  await until(
    () => jobNow(first),
    ({ framesDone }) => framesDone === 1,
  );
  expect(await waiting(second)).toBe(
    `Layer “comp” waits for job “plate” (${first.id}), layer “plate”: 1 of 2 frames done.`,
  );
  letGo('plate/2');
  expect(await ended(second)).toMatchObject({ state: 'succeeded', framesDone: 3 });
  expect(begun.filter((name) => name.startsWith('comp') && name !== 'comp/9')[0]).toBe('comp/3');
  expect((await jobNow(first)).state).toBe('running');
  letGo('comp/9');
  expect(await ended(first)).toMatchObject({ state: 'succeeded' });
});

test('a frame that failed is told, and goes on with a retry; so is a job that was cancelled', async () => {
  const broken = new Set(['plate/2']);
  await addHolding(['plate/3'], broken);
  const first = await submit({ name: 'plate', frames: '1-3' });
  const needs = [{ job: first.id, layer: 'plate', frames: 'same' as const }];
  const second = await submit({ name: 'comp', frames: '1-2', needs });
  const third = await submit({ name: 'comp', frames: '3', needs });
  await until(
    () => jobNow(first),
    ({ framesFailed }) => framesFailed === 1,
  );
  expect(await waiting(second)).toBe(
    `Layer “comp” waits for frame 2 of job “plate” (${first.id}), layer “plate”; it failed: retry it.`,
  );
  broken.clear();
  await own.post(`/jobs/${first.id}/retry`, {});
  expect(await ended(second)).toMatchObject({ state: 'succeeded', framesDone: 2 });
  await own.post(`/jobs/${first.id}/cancel`);
  expect(await waiting(third)).toBe(
    `Layer “comp” waits for frame 3 of job “plate” (${first.id}), layer “plate”; that job was cancelled: cancel this one, too.`,
  );
  expect(await refusal({ name: 'comp', frames: '1', needs })).toMatchObject({
    status: 409,
    body: { error: { code: 'resource.conflict', field: '/layers/0/needs/0/job' } },
  });
  const purge = () => call(own.farm.url, own.tenant.key, 'DELETE', `/jobs/${first.id}`);
  expect(await purge()).toMatchObject({ status: 409, body: { error: { message: expect.stringContaining(third.id) } } });
  await own.post(`/jobs/${third.id}/cancel`);
  expect(await purge()).toMatchObject({ status: 200 });
});

test('what has succeeded may be purged: it is waited for no more', async () => {
  const worker = await addHolding();
  const first = await submit({ name: 'plate', frames: '1-3' });
  await ended(first);
  await worker.goodbye();
  const second = await submit({
    name: 'comp',
    frames: '1-3',
    needs: [{ job: first.id, layer: 'plate', frames: 'same' }],
  });
  expect((await call(own.farm.url, own.tenant.key, 'DELETE', `/jobs/${first.id}`)).status).toBe(200);
  const { db } = own.farm.services.store;
  await until(
    () => db.selectFrom('jobs').select('id').where('id', '=', first.id).execute(),
    (rows) => rows.length === 0,
  );
  await addHolding();
  expect(await ended(second)).toMatchObject({ state: 'succeeded', framesDone: 3 });
});

test('what is not there is refused, with the field', async () => {
  const { id } = await submit({ name: 'plate', frames: '1-8x2' }, { name: 'other', frames: '1' });
  const wrong = async (need: object, field: string, message: string, frames = '1-7') => {
    const layers = [{ name: 'comp', frames, needs: [need as { layer: string }] }];
    for (const path of ['/jobs', '/job-plans']) {
      expect(await call(own.farm.url, own.tenant.key, 'POST', path, bodyOf(layers))).toMatchObject({
        status: 400,
        body: { error: { code: 'request.invalid', field, message: expect.stringContaining(message) } },
      });
    }
  };
  const none = `${id.slice(0, -4)}zzzz`;
  await wrong({ job: none, layer: 'plate' }, '/layers/0/needs/0/job', `there is no job ${none}`);
  await wrong({ job: id, layer: 'nix' }, '/layers/0/needs/0/layer', 'its layers are: plate, other');
  const same = { job: id, layer: 'plate', frames: 'same' };
  await wrong(same, '/layers/0/needs/0/frames', 'and no frame 2');
  await wrong(same, '/layers/0/needs/0/frames', 'and no frame 9', '1,9');
  expect(
    await refusal({
      name: 'comp',
      frames: '1',
      needs: [
        { job: id, layer: 'plate' },
        { job: id, layer: 'plate' },
      ],
    }),
  ).toMatchObject({
    status: 400,
    body: { error: { field: '/layers/0/needs/1', message: expect.stringContaining('named twice') } },
  });
  const other = await addTenant(own.farm, 'other');
  const theirs = { name: 'comp', frames: '1', needs: [{ job: id, layer: 'plate' }] };
  expect(await call(own.farm.url, other.key, 'POST', '/jobs', bodyOf([theirs]))).not.toMatchObject({ status: 201 });
});
