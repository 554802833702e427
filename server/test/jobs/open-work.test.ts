/** How much unfinished work a tenant may have, when servers take it in at once. PGlite has one session: nothing there is at once. */
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createChange } from '../../src/events/changes.ts';
import { AbilityMemory } from '../../src/jobs/abilities.ts';
import { JobLayers } from '../../src/jobs/layers.ts';
import { Submissions } from '../../src/jobs/submit.ts';
import { jobOf, makeId, REPORT, until } from '../farm-fixture.ts';
import { addSceneRow } from '../job-rows.ts';
import { findPostgres, startPostgres, type TestPostgres } from '../postgres.ts';
import { openTestStore, type TestStore } from '../store-fixture.ts';

const bin = await findPostgres();

describe.skipIf(bin === null)('open work on PostgreSQL', () => {
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

  function server(): Submissions {
    const { db } = opened.store;
    const now = () => new Date();
    return new Submissions({
      db,
      change: createChange({ db, announce: () => {}, now }),
      objects: { has: async () => true },
      abilities: new AbilityMemory(db, { now, monotonicMs: () => performance.now() }),
      layers: new JobLayers(),
      newId: makeId,
      now,
      onSubmitted: () => {},
      estimates: () => ({ costsOf: async () => null, ofHistory: async () => null, checkBudget: () => {} }),
    });
  }

  test('two servers that take in jobs at once do not take in more tasks than their tenant may have', async () => {
    const { db } = opened.store;
    const { tenantId, sceneId } = await addSceneRow(db);
    const report = JSON.stringify(REPORT);
    await db.updateTable('scenes').set({ report }).where('id', '=', sceneId).execute();
    await db.updateTable('tenants').set({ max_open_tasks: 10 }).where('id', '=', tenantId).execute();
    const submitted = await db.transaction().execute(async (trx) => {
      // Both have looked, and neither can write, unless one waits for the other.
      await sql`lock table jobs in share mode`.execute(trx);
      const both = [server(), server()].map((one) => one.submit(tenantId, jobOf(sceneId, '1-6')));
      const settled = Promise.allSettled(both);
      await until(
        async () =>
          (
            await sql`
        select 1 from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`.execute(db)
          ).rows.length,
        (n) => n >= 2,
      );
      return { settled };
    });
    const results = await submitted.settled;
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'request.too_many' } });
  });
});
