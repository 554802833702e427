/** What a server takes of attempts that a worker does not name in its heartbeats. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { takeHeartbeat } from '../../src/workers/heartbeat.ts';
import { UnnamedAttempts } from '../../src/workers/unnamed-attempts.ts';
import { IDENTITY } from '../fake-worker.ts';
import { makeId } from '../farm-fixture.ts';
import { addAttemptRow, addJobRows, addSceneRow } from '../job-rows.ts';
import { openTestStore, type TestStore } from '../store-fixture.ts';

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened?.dispose());

test('an attempt is lost when heartbeats have left it out for long, and not by one that is late', async () => {
  const { db } = opened.store;
  const workerId = makeId('worker');
  const row = { id: workerId, secret_hash: workerId, identity: JSON.stringify(IDENTITY), status: null };
  await db
    .insertInto('workers')
    .values({ ...row, state: 'ready', seen_at: new Date() })
    .execute();
  const { taskIds } = await addJobRows(db, { ...(await addSceneRow(db)), tasks: 1, taskState: 'leased' });
  // Claimed a minute ago: all the time, the heartbeat may have waited to be read.
  const attemptId = await addAttemptRow(db, taskIds[0] ?? '', {
    workerId,
    state: 'running',
    startedAt: new Date(Date.now() - 60_000),
  });
  let nowMs = 0;
  const unnamed = new UnnamedAttempts(() => nowMs);
  const beat = async (...held: string[]) => {
    const { forgotten } = await takeHeartbeat(
      workerId,
      {
        status: { browsers: [], scenes: [], cacheBytes: 0, nodeRssBytes: 0, browserRssBytes: 0 },
        attempts: held.map((id) => ({ attemptId: id, leaseToken: 'token' })),
        sessions: [],
        draining: false,
      },
      { db, leaseMs: 60_000, unnamed, sessions: async () => ({ open: [], end: [] }) },
    );
    return forgotten.map((end) => end.attemptId);
  };
  expect(await beat()).toEqual([]);
  nowMs += 5_000;
  expect(await beat()).toEqual([]);
  expect(await beat(attemptId)).toEqual([]);
  nowMs += 5_000;
  expect(await beat()).toEqual([]);
  nowMs += 6_000;
  expect(await beat()).toEqual([attemptId]);
});
