/** A farm that has been through much is found in order; whatever is then made wrong is found by the check that is for it. */
import { writeFile } from 'node:fs/promises';
import type { Job } from '@kiln/shared';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { audit } from '../../src/audit/audit.ts';
import { checkShares } from '../../src/audit/shares.ts';
import type { Database } from '../../src/store/tables.ts';
import { addScene, addTenant, ask, jobEnded, startFarm, type TestFarm, type TestTenant } from '../farm-fixture.ts';
import { addJobRows, addSceneRow } from '../job-rows.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { openTestStore } from '../store-fixture.ts';
import { useWorkers } from '../workers-fixture.ts';

let redis: TestRedis;
let farm: TestFarm;
let tenant: TestTenant;
let db: Kysely<Database>;
const addWorker = useWorkers(() => farm.url);

beforeAll(async () => {
  redis = await startRedis();
  farm = await startFarm({ redisUrl: redis.url });
  tenant = await addTenant(farm, 'one');
  ({ db } = farm.services.store);
});
afterAll(async () => {
  await farm?.stop();
  await redis?.stop();
});

const broken = async () => {
  const { checks } = await audit(farm.services, { bytes: true });
  return checks.filter(({ violations }) => violations > 0);
};

test('frames, parts, films, failures, tries, pauses and cancelled jobs leave a record that holds together', async () => {
  const sceneId = await addScene(farm, tenant.id);
  const submit = (layer: object, more: object = {}) =>
    ask<Job>(farm.url, tenant.key, 'POST', '/jobs', {
      sceneId,
      layers: [{ size: { widthPx: 64, heightPx: 64 }, ...layer }],
      ...more,
    });
  const control = ({ id }: Job, what: string) => ask<Job>(farm.url, tenant.key, 'POST', `/jobs/${id}/${what}`, {});
  let isBroken = true;
  await addWorker({
    onFrame: (_, frame) => {
      if (frame === 13 && isBroken) throw new Error('bad luck');
    },
    onPiece: ({ work }) => {
      if (work.kind === 'piece' && work.frameNumber === 13 && isBroken) throw new Error('bad luck');
    },
  });
  const jobs = [
    await submit({ frames: '1-7', chunk: 3 }),
    await submit({ frames: '12-14', films: [{ format: 'mp4' }] }, { maxAttempts: 2 }),
    await submit({ frames: '12-13', tiles: { columns: 2, rows: 2 } }, { maxAttempts: 1 }),
  ];
  const cancelled = await submit({ frames: '1-500' });
  await control(cancelled, 'cancel');
  const paused = await submit({ frames: '1-500' });
  await control(paused, 'pause');
  for (const job of jobs) await jobEnded(farm.url, tenant.key, job.id);
  expect(await broken()).toEqual([]);
  isBroken = false;
  for (const job of jobs.slice(1)) {
    await control(job, 'retry');
    expect(await jobEnded(farm.url, tenant.key, job.id)).toMatchObject({ state: 'succeeded' });
  }
  const report = await audit(farm.services, { bytes: true });
  expect(report.checks.filter(({ violations }) => violations > 0)).toEqual([]);
  expect(report.ok).toBe(true);
  const looked = new Map(report.checks.map(({ name, checked }) => [name, checked]));
  expect(looked.get('objects.bytes')).toBeGreaterThan(3);
  expect(looked.get('frames.attempts')).toBeGreaterThan(11);
});

/** Makes one thing wrong, in a way that can be undone. */
const WRONGS: readonly [check: string, harm: string, mend: string][] = [
  [
    'jobs.counts',
    `update jobs set frames_done = frames_done - 1 where state = 'succeeded' and frames_done = 7`,
    `update jobs set frames_done = 7 where frames_done = 6`,
  ],
  [
    'jobs.failures',
    `update jobs set tasks_failed = tasks_failed + 1 where frame_count = 500`,
    `update jobs set tasks_failed = tasks_failed - 1 where frame_count = 500`,
  ],
  [
    'jobs.ends',
    `update jobs set state = 'running' where state = 'succeeded' and frames_done = 7`,
    `update jobs set state = 'succeeded' where frames_done = 7`,
  ],
  [
    'jobs.over',
    `update tasks set state = 'waiting' where kind = 'film'`,
    `update tasks set state = 'succeeded' where kind = 'film'`,
  ],
  [
    'layers.released',
    `update layers set released = released + 1 where frame_count = 500`,
    `update layers set released = released - 1 where frame_count = 500`,
  ],
  [
    'tasks.leases',
    `update attempts set state = 'running' where id = (select min(id) from attempts where state = 'failed')`,
    `update attempts set state = 'failed' where state = 'running'`,
  ],
  [
    'tasks.once',
    `update attempts set state = 'succeeded' where id = (select min(a.id) from attempts a join tasks t on t.id = a.task_id where a.state = 'failed' and t.feeds is null)`,
    `update attempts set state = 'failed' where reason is not null`,
  ],
  [
    'attempts.order',
    `update attempts set ended_at = now() + interval '1 hour' where number = 1 and state = 'failed'`,
    `update attempts set ended_at = created_at where ended_at > now()`,
  ],
  [
    'attempts.epoch',
    `update attempts set lease_epoch = 999 where id = (select id from attempts order by created_at desc limit 1)`,
    `update attempts set lease_epoch = 1 where lease_epoch = 999`,
  ],
  [
    'frames.attempts',
    `update frames f set attempt_id = (select a.id from attempts a where a.state = 'failed' limit 1) where f.frame_number = 14`,
    `update frames f set attempt_id = (select a.id from attempts a where a.task_id = f.task_id and a.state = 'succeeded') where f.frame_number = 14`,
  ],
  [
    'frames.whole',
    `update tasks set state = 'waiting' where id = (select task_id from frames where frame_number = 14)`,
    `update tasks set state = 'succeeded' where id = (select task_id from frames where frame_number = 14)`,
  ],
  [
    'objects.recorded',
    `update frames set size_bytes = size_bytes + 1`,
    `update frames set size_bytes = size_bytes - 1`,
  ],
  ['limits.slots', `update tenants set max_slots = 1`, `update tenants set max_slots = null`],
  ['limits.jobs', `update jobs set max_slots = 1`, `update jobs set max_slots = null`],
  ['limits.hosts', `update jobs set max_per_host = 1`, `update jobs set max_per_host = null`],
  [
    'limits.named',
    `with l as (insert into limits (name, max_tasks, changed_at) values ('x', 1, '2000-01-01')) update attempts set limits = '["x"]'`,
    `with l as (delete from limits) update attempts set limits = null`,
  ],
];

test.each(WRONGS)('%s', async (check, harm, mend) => {
  const first = await sql.raw(harm).execute(db);
  expect(Number(first.numAffectedRows ?? 0)).toBeGreaterThan(0);
  const found = await broken();
  expect(found.map(({ name }) => name)).toContain(check);
  for (const { examples } of found) for (const example of examples) expect(example).toMatch(/^[a-z].*\S$/);
  await sql.raw(mend).execute(db);
  expect(await broken()).toEqual([]);
});

test('bytes that are missing, or others, are found', async () => {
  const [frame, other] = await db
    .selectFrom('frames')
    .innerJoin('layers', 'layers.id', 'frames.layer_id')
    .distinctOn('sha256')
    .select(['sha256', 'size_bytes', 'layers.name'])
    .orderBy('sha256')
    .limit(2)
    .execute();
  if (!frame || !other) throw new Error('no frames');
  const { objects } = farm.services;
  await objects.delete(frame.sha256);
  const { sha256 } = other;
  const path = [farm.services.config.home, 'objects', sha256.slice(0, 2), sha256.slice(2, 4), sha256].join('/');
  await writeFile(path, Buffer.alloc(other.size_bytes));
  const [found] = await broken();
  expect(found?.name).toBe('objects.bytes');
  expect(found?.examples.join(' ')).toMatch(new RegExp(`${frame.sha256} is missing`));
  expect(found?.examples.join(' ')).toMatch(new RegExp(`${sha256} holds bytes whose hash is`));
  const users = await db.selectFrom('frames').select(['job_id', 'frame_number']).where('sha256', '=', sha256).execute();
  const says = found?.examples.find((example) => example.includes(sha256)) ?? '';
  const [, frameNumber, layer, jobId, more] =
    /: frame (\d+) of layer “(\w+)” of job (job_\w+)(?:, and of (\d+) more)?$/.exec(says) ?? [];
  expect(users).toContainEqual({ job_id: jobId, frame_number: Number(frameNumber) });
  expect(layer).toBe(other.name);
  expect(Number(more ?? 0)).toBe(users.length - 1);
  const { checks } = await audit(farm.services, { bytes: false });
  expect(checks.find(({ name }) => name === 'objects.bytes')?.violations).toBe(1);
});

test('shares that were not fair are found, where enough was done while all had work', async () => {
  const opened = await openTestStore();
  try {
    const { db: own } = opened.store;
    const one = await addSceneRow(own);
    const two = await addSceneRow(own);
    for (const shape of [one, two]) await addJobRows(own, { ...shape, tasks: 600, taskState: 'succeeded' });
    // Each task takes a second, one after another, of each tenant at a worker; another is claimed ahead.
    await sql`
      insert into attempts (id, task_id, number, state, worker_id, worker_name, lease_epoch, lease_token, lease_expires_at, log,
                            created_at, started_at, ended_at)
      select 'att_' || id, id, 1, 'succeeded', 'w' || tenant_id, 'w', 1, 't', now(), '[]',
             now() + index * interval '1 second', now() + greatest(0, index - 1) * interval '1 second', now() + (index + 1) * interval '1 second'
      from tasks`.execute(own);
    await sql`update jobs set created_at = now() - interval '1 second'`.execute(own);
    expect(await checkShares(own)).toMatchObject({ checked: 1_200, violations: [] });
    await own.updateTable('tenants').set({ share_weight: 1.2 }).where('id', '=', two.tenantId).execute();
    const { violations } = await checkShares(own);
    expect(violations.toSorted()).toEqual([
      expect.stringMatching(/^tenant ten_\w+ got 50\.\d % of the slot-seconds, its weight promises (45|54)\.5 %$/),
      expect.stringMatching(/^tenant ten_\w+ got 50\.\d % of the slot-seconds, its weight promises (45|54)\.5 %$/),
    ]);
    await own.updateTable('tenants').set({ max_slots: 1 }).where('id', '=', one.tenantId).execute();
    expect(await checkShares(own)).toEqual({ checked: 0, violations: [] });
  } finally {
    await opened.dispose();
  }
});
