/** What is kept of jobs for a time that the operator sets. */
import { KilnError } from '@kiln/shared';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../store/tables.ts';
import type { SweepParts, SweepTimes } from './sweep-parts.ts';

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

/** Jobs that have had their time, and probes of estimates. @returns how many went, or would go. */
export async function sweepJobs(
  { services, purges }: Pick<SweepParts, 'services' | 'purges'>,
  { jobs: before, probes: probesBefore }: Pick<SweepTimes, 'jobs' | 'probes'>,
  dryRun: boolean,
): Promise<number> {
  const { db } = services.store;
  if (!dryRun) {
    let count = before === null ? 0 : await purges.purgeOlder(before);
    for (const { id, tenant_id } of await oldProbes(db, probesBefore)) {
      if (await purgeProbe(purges, tenant_id, id)) count += 1;
    }
    return count;
  }
  const probes = await oldProbes(db, probesBefore);
  const young = probes.filter(({ ended_at }) => before === null || ended_at === null || ended_at >= before).length;
  if (before === null) return young;
  const old = await db
    .selectFrom('jobs')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('ended_at', '<', before)
    .where('purged_at', 'is', null)
    .executeTakeFirstOrThrow();
  return Number(old.count) + young;
}

/** Their estimates are made, and they are out of the lists: one that failed stays there until somebody puts it away. */
const oldProbes = (db: Kysely<Database>, before: Date) =>
  db
    .selectFrom('estimates as e')
    .innerJoin('jobs as j', 'j.id', 'e.probe_job_id')
    .select(['j.id', 'j.tenant_id', 'j.ended_at'])
    .where('e.state', '<>', 'measuring')
    .where('j.ended_at', '<', before)
    .where('j.archived_at', 'is not', null)
    .where('j.purged_at', 'is', null)
    .execute();

/** @returns whether it went: not where it was retried just now, or a job waits for it. */
async function purgeProbe(purges: SweepParts['purges'], tenantId: string, jobId: string): Promise<boolean> {
  try {
    await purges.purge(tenantId, jobId);
    return true;
  } catch (error) {
    if (error instanceof KilnError && error.code === 'resource.conflict') return false;
    throw error;
  }
}
