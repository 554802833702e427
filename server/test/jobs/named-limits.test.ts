/** Limits that jobs name, and what jobs allow themselves, on a farm at work. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job, Limit } from '@kiln/shared';
import { expect, test } from 'vitest';
import { audit } from '../../src/audit/audit.ts';
import { addScene, addTenant, ask, call, jobEnded, startFarm, until } from '../farm-fixture.ts';
import { gate, useTenant } from '../tenant-fixture.ts';

const own = useTenant();
const { addWorker, jobNow, ended } = own;

const operator = async () => addTenant(own.farm, `operator of ${Math.random()}`, 'operator');
const setLimit = async (name: string, body: object) =>
  ask<Limit>(own.farm.url, (await operator()).key, 'PUT', `/admin/limits/${name}`, body);
const submit = (frames: string, more: object = {}) =>
  own.post<Job>('/jobs', { sceneId: own.sceneId, layers: [{ frames, size: { widthPx: 64, heightPx: 64 } }], ...more });
const patch = ({ id }: Job, body: object) => ask<Job>(own.farm.url, own.tenant.key, 'PATCH', `/jobs/${id}`, body);

/** Most leases at once of what the condition selects, until `over` has come. */
async function mostHeld(condition: string, over: Promise<unknown>): Promise<number> {
  const { db } = own.farm.services.store;
  let most = 0;
  let isOver = false;
  void over.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    const { rows } = await db
      .selectFrom('attempts as a')
      .innerJoin('tasks as t', 't.id', 'a.task_id')
      .select(['t.job_id', 'a.host', 'a.limits'])
      .where('a.state', 'in', ['assigned', 'running'])
      .execute()
      .then((found) => ({ rows: found }));
    const held = rows.filter(({ job_id, host, limits }) => [job_id, host, ...(limits ?? [])].includes(condition));
    most = Math.max(most, held.length);
    await sleep(5);
  }
  await over;
  return most;
}

const auditHolds = async () => {
  const { checks } = await audit(own.farm.services, { bytes: false });
  expect(checks.filter(({ violations }) => violations > 0)).toEqual([]);
  return (name: string) => checks.find((check) => check.name === name)?.checked ?? 0;
};

test('of a limit no more is in use than there is, by jobs of two tenants, and who waits is told by whom', async () => {
  await setLimit('redshift', { max: 2 });
  // From then on the audit looks.
  await sleep(2_100);
  const other = await addTenant(own.farm, 'beside');
  const scene = await addScene(own.farm, other.id);
  const hold = gate();
  await addWorker({ identity: { slots: 4 }, onFrame: () => hold.held });
  const first = await submit('1-12', { name: 'one', limits: ['redshift'] });
  await until(
    () => jobNow(first),
    ({ state }) => state === 'running',
  );
  const second = await submit('1-3', { limits: ['redshift'] });
  const body = {
    sceneId: scene,
    layers: [{ frames: '1-3', size: { widthPx: 64, heightPx: 64 }, limits: ['redshift'] }],
  };
  const theirs = await ask<Job>(own.farm.url, other.key, 'POST', '/jobs', body);
  const waiting = await until(
    () => jobNow(second),
    ({ waitsFor }) => waitsFor?.reason === 'named-limit',
  );
  expect(waiting.waitsFor?.message).toBe('Waits for the limit “redshift”: 2 of 2 in use, by job “one”.');
  const of = await ask<Job>(own.farm.url, other.key, 'GET', `/jobs/${theirs.id}`);
  expect(of.waitsFor?.message).toBe('Waits for the limit “redshift”: 2 of 2 in use, by 2 tasks of others.');
  const { items } = await own.get<{ items: Limit[] }>('/limits');
  expect(items.find(({ name }) => name === 'redshift')).toMatchObject({ max: 2, inUse: 2, tenantId: null });
  hold.open();
  const all = Promise.all([ended(first), ended(second), jobEnded(own.farm.url, other.key, theirs.id)]);
  expect(await mostHeld('redshift', all)).toBeLessThanOrEqual(2);
  expect((await auditHolds())('limits.named')).toBeGreaterThanOrEqual(18);
});

test('a job has no more slots than it allows itself, nor on one machine, and changes that while it runs', async () => {
  const hold = gate();
  for (const [n, host] of ['m1', 'm1', 'm2'].entries()) {
    await addWorker({ identity: { name: `w${n}`, pid: n, slots: 2, host }, frameMs: 5, onFrame: () => hold.held });
  }
  const job = await submit('1-40', { maxSlots: 3, maxPerHost: 2 });
  const told = await until(
    () => jobNow(job),
    ({ waitsFor }) => waitsFor?.reason === 'job-slots',
  );
  expect(told.waitsFor?.message).toBe(
    `At its own limit: 3 of 3 slots in use. \`kiln job ${job.id} --max-slots\` changes it.`,
  );
  expect(await patch(job, { maxSlots: 1, maxPerHost: null })).toMatchObject({ maxSlots: 1, maxPerHost: null });
  hold.open();
  await until(
    () => jobNow(job),
    ({ framesDone }) => framesDone >= 4,
  );
  expect(
    await mostHeld(
      job.id,
      until(
        () => jobNow(job),
        ({ framesDone }) => framesDone >= 10,
      ),
    ),
  ).toBe(1);
  await patch(job, { maxSlots: null, maxPerHost: 1 });
  expect(await mostHeld('m1', ended(job))).toBeLessThanOrEqual(1);
  await auditHolds();
});

test('a lease counts for what its job named when it was given, until it ends', async () => {
  await setLimit('nuke', { max: 1 });
  const hold = gate();
  await addWorker({ identity: { slots: 4 }, onFrame: () => hold.held });
  const job = await submit('1-6', { limits: ['nuke'] });
  await until(
    () => jobNow(job),
    ({ state }) => state === 'running',
  );
  await patch(job, { limits: [] });
  const next = await submit('1', { limits: ['nuke'] });
  const waiting = await until(
    () => jobNow(next),
    ({ waitsFor }) => waitsFor !== null,
  );
  expect(waiting.waitsFor?.message).toContain('1 of 1 in use');
  hold.open();
  for (const one of [job, next]) expect(await ended(one)).toMatchObject({ state: 'succeeded' });
  await auditHolds();
});

test('a tenant’s own limit counts for it alone; 0 begins nothing; one that is gone limits nothing', async () => {
  const { key } = await operator();
  const put = (body: object) => ask<Limit>(own.farm.url, key, 'PUT', '/admin/limits/arnold', body);
  await put({ max: 0 });
  const job = await submit('1-3', { limits: ['arnold'] });
  await addWorker({ identity: { slots: 2 } });
  const waiting = await until(
    () => jobNow(job),
    ({ waitsFor }) => waitsFor?.reason === 'named-limit',
  );
  expect(waiting.waitsFor?.message).toContain('has set it to 0');
  await put({ max: 1, tenantId: own.tenant.id });
  expect(await ended(job)).toMatchObject({ state: 'succeeded' });
  const remove = (query: string) => call(own.farm.url, key, 'DELETE', `/admin/limits/arnold${query}`);
  expect((await remove(`?tenantId=${own.tenant.id}`)).status).toBe(200);
  const again = await submit('1', { limits: ['arnold'] });
  expect((await remove('')).status).toBe(200);
  expect(await ended(again)).toMatchObject({ state: 'succeeded' });
  expect(await remove('')).toMatchObject({ status: 404, body: { error: { code: 'resource.not_found' } } });
});

test('what nobody has set is refused with its place, and members set nothing', async () => {
  await setLimit('known', { max: 1 });
  const layer = { frames: '1', size: { widthPx: 64, heightPx: 64 }, limits: ['known', 'nix'] };
  const answer = await call(own.farm.url, own.tenant.key, 'POST', '/jobs', { sceneId: own.sceneId, layers: [layer] });
  expect(answer).toMatchObject({ status: 400, body: { error: { field: '/layers/0/limits/1' } } });
  const { body } = await call(own.farm.url, own.tenant.key, 'PUT', '/admin/limits/mine', { max: 1 });
  expect(body).toMatchObject({ error: { code: 'identity.forbidden' } });
  const { key } = await operator();
  expect(await call(own.farm.url, key, 'PUT', '/admin/limits/none', { max: null })).toMatchObject({ status: 400 });
});

test('a server that is killed leaves its leases counted: the next one gives out no more', async () => {
  await setLimit('crash', { max: 2 });
  const hold = gate();
  const worker = await addWorker({ identity: { slots: 4 }, onFrame: () => hold.held });
  const job = await submit('1-8', { limits: ['crash'] });
  await until(
    () => own.get<{ items: Limit[] }>('/limits'),
    ({ items }) => items.find(({ name }) => name === 'crash')?.inUse === 2,
  );
  // As a process that is killed: nothing is told, nothing is given back; the same database and Redis go on.
  const { services } = own.farm;
  await own.farm.stop('hard', { keepsStore: true });
  const next = await startFarm({
    redisUrl: services.config.redisUrl,
    store: services.store,
    home: services.config.home,
  });
  try {
    worker.url = next.url;
    await until(
      async () => services.store.db.selectFrom('farm_state').select('value').executeTakeFirst(),
      (row) => (row?.value ?? 0) >= 2,
    );
    await sleep(1_500);
    const held = await ask<{ items: Limit[] }>(next.url, own.tenant.key, 'GET', '/limits');
    expect(held.items.find(({ name }) => name === 'crash')?.inUse).toBe(2);
    hold.open();
    expect(await jobEnded(next.url, own.tenant.key, job.id)).toMatchObject({ state: 'succeeded', framesDone: 8 });
    const { checks } = await audit(next.services, { bytes: false });
    expect(checks.filter(({ violations }) => violations > 0)).toEqual([]);
  } finally {
    await next.stop();
    await services.store.close();
  }
});
