import { DEFAULT_MIGRATION_TABLE, type Kysely, type Migration, Migrator, sql } from 'kysely';
import { up as firstLight } from './migrations/0001-first-light.ts';
import { up as jobEvents } from './migrations/0002-job-events.ts';
import { up as convertedScenes } from './migrations/0003-converted-scenes.ts';
import { up as bitDepth } from './migrations/0004-bit-depth.ts';
import { up as dividedFrames } from './migrations/0005-divided-frames.ts';
import { up as assets } from './migrations/0006-assets.ts';
import { up as checkpoints } from './migrations/0007-checkpoints.ts';
import { up as films } from './migrations/0008-films.ts';
import { up as adapterClasses } from './migrations/0009-adapter-classes.ts';
import { up as passFiles } from './migrations/0010-pass-files.ts';
import { up as earlyEnds } from './migrations/0011-early-ends.ts';
import { up as openTasks } from './migrations/0012-open-tasks.ts';
import { up as shares } from './migrations/0013-shares.ts';
import { up as partBackends } from './migrations/0014-part-backends.ts';
import { up as failureLimits } from './migrations/0015-failure-limits.ts';
import { up as suspendedWorkers } from './migrations/0016-suspended-workers.ts';
import { up as predecessors } from './migrations/0017-predecessors.ts';
import { up as webhooks } from './migrations/0018-webhooks.ts';
import { up as layerNeeds } from './migrations/0019-layer-needs.ts';
import { up as labels } from './migrations/0020-labels.ts';
import { up as bounds } from './migrations/0021-bounds.ts';
import { up as innerShares } from './migrations/0022-inner-shares.ts';
import { up as purgedJobs } from './migrations/0023-purged-jobs.ts';
import { up as waitingWork } from './migrations/0024-waiting-work.ts';
import { up as estimates } from './migrations/0025-estimates.ts';
import { up as budgets } from './migrations/0026-budgets.ts';
import { up as testFrames } from './migrations/0027-test-frames.ts';
import { up as requires } from './migrations/0028-requires.ts';
import { up as canaries } from './migrations/0029-canaries.ts';
import { up as meteredAttempts } from './migrations/0030-metered-attempts.ts';
import { up as heldJobs } from './migrations/0031-held-jobs.ts';
import { up as heldWaits } from './migrations/0032-held-waits.ts';
import { up as viewTokens } from './migrations/0033-view-tokens.ts';
import { up as useUnderWay } from './migrations/0034-use-under-way.ts';
import { up as heldShares } from './migrations/0035-held-shares.ts';
import { up as jobNeeds } from './migrations/0036-job-needs.ts';
import { up as redoneTasks } from './migrations/0037-redone-tasks.ts';
import { up as redrawnFrames } from './migrations/0038-redrawn-frames.ts';
import { up as viewJobs } from './migrations/0039-view-jobs.ts';
import { up as drawnSessions } from './migrations/0040-drawn-sessions.ts';
import { up as tokenWork } from './migrations/0041-token-work.ts';
import { up as servers } from './migrations/0042-servers.ts';
import { up as keptSessions } from './migrations/0043-kept-sessions.ts';
import { sqlState } from './sql-state.ts';
import type { Database } from './tables.ts';

/** In the order of their names. A migration that was released is never changed. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-first-light': { up: firstLight },
  '0002-job-events': { up: jobEvents },
  '0003-converted-scenes': { up: convertedScenes },
  '0004-bit-depth': { up: bitDepth },
  '0005-divided-frames': { up: dividedFrames },
  '0006-assets': { up: assets },
  '0007-checkpoints': { up: checkpoints },
  '0008-films': { up: films },
  '0009-adapter-classes': { up: adapterClasses },
  '0010-pass-files': { up: passFiles },
  '0011-early-ends': { up: earlyEnds },
  '0012-open-tasks': { up: openTasks },
  '0013-shares': { up: shares },
  '0014-part-backends': { up: partBackends },
  '0015-failure-limits': { up: failureLimits },
  '0016-suspended-workers': { up: suspendedWorkers },
  '0017-predecessors': { up: predecessors },
  '0018-webhooks': { up: webhooks },
  '0019-layer-needs': { up: layerNeeds },
  '0020-labels': { up: labels },
  '0021-bounds': { up: bounds },
  '0022-inner-shares': { up: innerShares },
  '0023-purged-jobs': { up: purgedJobs },
  '0024-waiting-work': { up: waitingWork },
  '0025-estimates': { up: estimates },
  '0026-budgets': { up: budgets },
  '0027-test-frames': { up: testFrames },
  '0028-requires': { up: requires },
  '0029-canaries': { up: canaries },
  '0030-metered-attempts': { up: meteredAttempts },
  '0031-held-jobs': { up: heldJobs },
  '0032-held-waits': { up: heldWaits },
  '0033-view-tokens': { up: viewTokens },
  '0034-use-under-way': { up: useUnderWay },
  '0035-held-shares': { up: heldShares },
  '0036-job-needs': { up: jobNeeds },
  '0037-redone-tasks': { up: redoneTasks },
  '0038-redrawn-frames': { up: redrawnFrames },
  '0039-view-jobs': { up: viewJobs },
  '0040-drawn-sessions': { up: drawnSessions },
  '0041-token-work': { up: tokenWork },
  '0042-servers': { up: servers },
  '0043-kept-sessions': { up: keptSessions },
};

/**
 * Brings the tables up to date. Safe with several servers starting at once: Kysely's migrator takes an advisory lock.
 *
 * @throws when the database is newer than this build, or a migration fails; it is rolled back then.
 */
export async function migrate(db: Kysely<Database>): Promise<void> {
  if (await isUpToDate(db)) return;
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw new Error('the database could not be brought up to date', { cause: error });
}

const UNDEFINED_TABLE = '42P01';

/** One statement instead of the migrator's look at every table, which takes a cold PGlite longer than all the rest. */
async function isUpToDate(db: Kysely<Database>): Promise<boolean> {
  try {
    const { rows } = await sql<{ name: string }>`select name from ${sql.table(DEFAULT_MIGRATION_TABLE)}`.execute(db);
    const names = new Set(rows.map(({ name }) => name));
    const known = Object.keys(MIGRATIONS);
    return names.size === known.length && known.every((name) => names.has(name));
  } catch (error) {
    if (sqlState(error) === UNDEFINED_TABLE) return false;
    throw error;
  }
}
