/** Jobs that come after others. */
import type { Job } from '@kiln/shared';
import { describe, expect, test } from 'vitest';
import { readCursors } from '../../src/dispatch/snapshot.ts';
import { addScene, addTenant, ask, call, makeId, until } from '../farm-fixture.ts';
import { gate, useTenant } from '../tenant-fixture.ts';

const own = useTenant();
const { addWorker, jobNow, ended } = own;

const bodyOf = (layer: object, more: object = {}) => ({
  sceneId: own.sceneId,
  layers: [{ size: { widthPx: 64, heightPx: 64 }, ...layer }],
  ...more,
});
const submit = (layer: object, more: object = {}) => own.post<Job>('/jobs', bodyOf(layer, more));
const control = ({ id }: Job, what: 'retry' | 'cancel') =>
  own.post<Job>(`/jobs/${id}/${what}`, what === 'retry' ? {} : undefined);

test('nothing of it is given out before the others have succeeded; then it begins by itself', async () => {
  const { held, open } = gate();
  const order: number[] = [];
  await addWorker({
    onFrame: (_, frame) => {
      order.push(frame);
      return frame === 2 ? held : undefined;
    },
  });
  const first = await submit({ frames: '1-2' }, { name: 'first' });
  // However urgent.
  const second = await submit({ frames: '11-13' }, { after: [first.id], priority: 100 });
  expect(second).toMatchObject({ after: [first.id], state: 'queued' });
  await until(
    () => jobNow(first),
    ({ framesDone }) => framesDone === 1,
  );
  // Room for others, with which nothing of it comes.
  await ended(await submit({ frames: '21' }));
  expect(await jobNow(second)).toMatchObject({
    state: 'queued',
    startedAt: null,
    waitsFor: { reason: 'after', message: 'Waits for job “first” (1 of 2 frames done).' },
  });
  expect(
    (await readCursors(own.farm.services.store.db, { classes: [], unmet: [] })).map(
      (work) => 'jobId' in work && work.jobId,
    ),
  ).toEqual([]);
  open();
  expect(await ended(second)).toMatchObject({ state: 'succeeded', framesDone: 3, after: [first.id] });
  expect(order.indexOf(11)).toBeGreaterThan(order.indexOf(2));
});

test.each([
  ['frames in parts', { frames: '1', tiles: { columns: 2, rows: 1 } }],
  ['a film', { frames: '1-2', films: [{ format: 'mp4' }] }],
])('the last of the others may end with %s', async (_, layer) => {
  await addWorker();
  const first = await submit(layer);
  const second = await submit({ frames: '1' }, { after: [first.id] });
  const [one, two] = [await ended(first), await ended(second)];
  expect(two.state).toBe('succeeded');
  expect(Date.parse(two.startedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(one.endedAt ?? ''));
});

test('when one of the others fails it says so, and begins after a retry', async () => {
  let isBroken = true;
  await addWorker({
    onFrame: (_, frame) => {
      if (frame === 1 && isBroken) throw new Error('bad luck');
    },
  });
  const failing = await submit({ frames: '1' }, { name: 'bad', maxAttempts: 1 });
  const other = await submit({ frames: '2' });
  const last = await submit({ frames: '3' }, { after: [other.id, failing.id] });
  await ended(failing);
  await ended(other);
  await ended(await submit({ frames: '4' }));
  const message = `Waits for job “bad” (${failing.id}), which failed: retry it, or cancel this one.`;
  expect(await jobNow(last)).toMatchObject({ state: 'queued', waitsFor: { reason: 'after', message } });
  isBroken = false;
  await control(failing, 'retry');
  expect(await ended(last)).toMatchObject({ state: 'succeeded' });
});

test('when one of the others is cancelled it waits, and says so', async () => {
  const first = await submit({ frames: '1' });
  const second = await submit({ frames: '1' }, { after: [first.id] });
  await control(first, 'cancel');
  await addWorker();
  await ended(await submit({ frames: '4' }));
  const { state, waitsFor } = await jobNow(second);
  expect(state).toBe('queued');
  expect(waitsFor?.message).toContain('which was cancelled: cancel this one');
  expect(await control(second, 'cancel')).toMatchObject({ state: 'cancelled' });
});

describe('jobs to come after are refused', () => {
  const refused = (after: readonly string[], path = '/jobs') =>
    call(own.farm.url, own.tenant.key, 'POST', path, bodyOf({ frames: '1' }, { after }));

  test.each(['/jobs', '/job-plans'])('by POST %s that are not there, or another tenant’s', async (path) => {
    const job = await submit({ frames: '1' });
    const other = await addTenant(own.farm, `other of ${path}`);
    const theirs = await ask<Job>(own.farm.url, other.key, 'POST', '/jobs', {
      ...bodyOf({ frames: '1' }),
      sceneId: await addScene(own.farm, other.id),
    });
    for (const id of [makeId('job'), theirs.id]) {
      expect(await refused([job.id, id], path)).toMatchObject({
        status: 404,
        body: { error: { code: 'resource.not_found', field: '/after/1', message: expect.stringContaining(id) } },
      });
    }
    await control(job, 'cancel');
    expect(await refused([job.id], path)).toMatchObject({
      status: 409,
      body: { error: { field: '/after/0', message: expect.stringContaining('cancelled') } },
    });
  });

  test('that are no ids, or named twice', async () => {
    const job = await submit({ frames: '1' });
    expect(await refused(['x'])).toMatchObject({ status: 400, body: { error: { field: '/after/0' } } });
    expect(await refused([job.id, job.id])).toMatchObject({ status: 400, body: { error: { field: '/after' } } });
    await control(job, 'cancel');
  });
});
