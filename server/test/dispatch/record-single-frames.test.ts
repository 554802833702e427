import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AttemptMemory } from '../../src/dispatch/attempt-facts.ts';
import type { FrameReport } from '../../src/dispatch/record-frames.ts';
import { recordSingleFrames } from '../../src/dispatch/record-single-frames.ts';
import { JobLayers } from '../../src/jobs/layers.ts';
import { jobChange } from '../../src/jobs/present.ts';
import { LOCK_KEYS } from '../../src/store/lock-keys.ts';
import type { Database } from '../../src/store/tables.ts';
import { until } from '../farm-fixture.ts';
import { addAttemptRow, addJobRows, addSceneRow } from '../job-rows.ts';
import { findPostgres, startPostgres, type TestPostgres } from '../postgres.ts';
import { openTestStore, type TestStore } from '../store-fixture.ts';

const bin = await findPostgres();

/** PGlite has one session: nothing there waits for a lock. */
describe.skipIf(bin === null)('frames of first attempts on PostgreSQL', () => {
  let postgres: TestPostgres;
  let opened: TestStore;
  beforeAll(async () => {
    postgres = await startPostgres(bin ?? '');
    opened = await openTestStore(await postgres.createDatabase());
  });
  afterAll(async () => {
    await opened?.dispose();
    await postgres?.stop();
  });

  test('the lock of event writers is the last that is taken: who waits for it holds all others', async () => {
    const { db } = opened.store;
    const { taskIds } = await addJobRows(db, { ...(await addSceneRow(db)), tasks: 1, taskState: 'leased' });
    const [taskId = ''] = taskIds;
    const report = await reportOf(db, await addAttemptRow(db, taskId, { state: 'running' }));
    let recording: Promise<unknown> = Promise.resolve();
    await db.transaction().execute(async (trx) => {
      await sql`select pg_advisory_xact_lock(${sql.lit(LOCK_KEYS.events)})`.execute(trx);
      recording = recordSingleFrames(db, [report], { isDue: () => true, now: new Date() });
      await until(
        async () => (await sql`select 1 from pg_locks where locktype = 'advisory' and not granted`.execute(db)).rows,
        (waiting) => waiting.length > 0,
      );
      const free = await sql`select id from tasks where id = ${taskId} for update skip locked`.execute(trx);
      expect(free.rows).toEqual([]);
    });
    await recording;
    const task = await db.selectFrom('tasks').select('state').where('id', '=', taskId).executeTakeFirst();
    expect(task?.state).toBe('succeeded');
  });

  test('a job that is told of by it reads as one that is told of otherwise', async () => {
    const { db } = opened.store;
    const { jobId, taskIds } = await addJobRows(db, { ...(await addSceneRow(db)), tasks: 2, taskState: 'leased' });
    const reports: FrameReport[] = [];
    for (const taskId of taskIds) {
      reports.push(await reportOf(db, await addAttemptRow(db, taskId, { state: 'running' })));
    }
    const waits_for = JSON.stringify({ reason: 'tests', message: 'A test frame failed.' });
    await db.updateTable('jobs').set({ waits_for, tags: '["a"]', frame_count: 2 }).where('id', '=', jobId).execute();
    for (const [index, report] of reports.entries()) {
      const told = { ...report, frameNumber: index + 1 };
      const { events } = await recordSingleFrames(db, [told], { isDue: () => true, now: new Date() });
      const row = await db.selectFrom('jobs').selectAll().where('id', '=', jobId).executeTakeFirstOrThrow();
      expect(row.state).toBe(index === 0 ? 'running' : 'succeeded');
      const change = jobChange(row);
      expect(change.waitsFor === null).toBe(index === 1);
      expect(JSON.parse(events.at(-1)?.text ?? '')).toMatchObject({ type: 'job', data: change });
      expect(Object.keys(JSON.parse(events.at(-1)?.text ?? '').data).sort()).toEqual(Object.keys(change).sort());
    }
  });
});

async function reportOf(db: Kysely<Database>, attemptId: string): Promise<FrameReport> {
  const facts = await new AttemptMemory(db, new JobLayers(), 1_000).facts([attemptId]);
  const attempt = facts.get(attemptId);
  if (attempt?.work.kind !== 'render') throw new Error('there is no such attempt');
  const time = { startedAtMs: 0, durationMs: 1 };
  const result = { sha256: 'b'.repeat(64), sizeBytes: 1, stages: { draw: time, encode: time }, statistics: null };
  return { attempt, work: attempt.work, frameNumber: 1, mediaType: 'image/png', result, isFresh: true };
}
