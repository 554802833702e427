/** What is kept of jobs for a time that the operator sets. */
import { type Kysely, sql } from 'kysely';
import type { Database } from '../store/tables.ts';
import type { SweepParts } from './sweep-parts.ts';

/** Attempts of one statement. */
const BATCH = 1_000;

/** What the page and the browser said goes; states, reasons and times stay. @returns of how many attempts it went, or would go. */
export async function sweepAttemptLogs(db: Kysely<Database>, before: Date | null, dryRun: boolean): Promise<number> {
  if (before === null) return 0;
  if (dryRun) {
    const { rows } = await sql<{ count: number }>`
      select count(*) as count from attempts where ended_at < ${before} and log <> '[]'::jsonb`.execute(db);
    return Number(rows[0]?.count ?? 0);
  }
  for (let swept = 0; ; ) {
    const { numAffectedRows } = await sql`
      update attempts set log = '[]' where id in (
        select id from attempts where ended_at < ${before} and log <> '[]'::jsonb limit ${sql.lit(BATCH)})`.execute(db);
    const count = Number(numAffectedRows ?? 0n);
    swept += count;
    if (count < BATCH) return swept;
  }
}

/** @returns how many jobs went, or would go. */
export async function sweepJobs(
  { services, purges }: Pick<SweepParts, 'services' | 'purges'>,
  before: Date | null,
  dryRun: boolean,
): Promise<number> {
  if (before === null) return 0;
  if (!dryRun) return purges.purgeOlder(before);
  const old = await services.store.db
    .selectFrom('jobs')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('ended_at', '<', before)
    .where('purged_at', 'is', null)
    .executeTakeFirstOrThrow();
  return Number(old.count);
}
