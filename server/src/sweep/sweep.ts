/** What nobody refers to: shown, or deleted. Only what was unreferenced for a day goes, and is looked at again first. */
import type { SweepReport } from '@kiln/shared';
import { sql } from 'kysely';
import { SERVER_LIMITS } from '../limits.ts';
import { isUnneeded } from '../scenes/release-objects.ts';
import { sweepAttemptLogs, sweepJobs } from './old-jobs.ts';
import { sweepOrphans } from './orphans.ts';
import { sweepRecords } from './records.ts';
import { sweepObjects } from './sweep-objects.ts';
import type { SweepParts, SweepTimes } from './sweep-parts.ts';
import { sweepUploads } from './sweep-uploads.ts';

export async function sweep(parts: SweepParts, dryRun: boolean): Promise<SweepReport> {
  const { services } = parts;
  const { db } = services.store;
  const { attemptLogKeepMs, jobKeepMs } = services.config;
  const now = services.clock.now();
  const before = (ms: number) => new Date(now.getTime() - ms);
  const times: SweepTimes = {
    now,
    objects: before(SERVER_LIMITS.unreferencedKeepMs),
    uploads: before(SERVER_LIMITS.uploadKeepMs),
    events: before(SERVER_LIMITS.eventKeepMs),
    records: before(SERVER_LIMITS.recordKeepMs),
    deliveries: before(SERVER_LIMITS.deliveryKeepMs),
    attemptLogs: attemptLogKeepMs === null ? null : before(attemptLogKeepMs),
    estimates: before(SERVER_LIMITS.estimateKeepMs),
    probes: before(SERVER_LIMITS.probeKeepMs),
    jobs: jobKeepMs === null ? null : before(jobKeepMs),
  };

  const uploads = await sweepUploads(parts, times, dryRun);
  const events = await sweepRecords(services.store.db, times, dryRun);
  const attemptLogs = await sweepAttemptLogs(db, times.attemptLogs, dryRun);
  const jobs = await sweepJobs(parts, times, dryRun);
  const objects = await sweepObjects(parts, times, dryRun);
  if (!dryRun) await removeUnfinished(services, times);
  const orphans = await sweepOrphans(services, times, dryRun);
  const young = await db
    .selectFrom('objects')
    .select(countAndBytes)
    .where(isUnneeded)
    .where((eb) => eb.or([eb('unreferenced_at', 'is', null), eb('unreferenced_at', '>=', times.objects)]))
    .executeTakeFirstOrThrow();
  const stored = await db.selectFrom('objects').select(countAndBytes).executeTakeFirstOrThrow();
  return {
    swept: !dryRun,
    objects: objects.count + orphans.count,
    objectBytes: objects.bytes + orphans.bytes,
    youngObjects: Number(young.count),
    youngBytes: Number(young.bytes),
    ...uploads,
    events,
    attemptLogs,
    jobs,
    storedObjects: Number(stored.count),
    storedBytes: Number(stored.bytes),
  };
}

/** They count as nothing: they are seen by nobody. */
async function removeUnfinished({ objects, log }: SweepParts['services'], times: SweepTimes): Promise<void> {
  const unfinished = await objects.removeUnfinished(times.objects);
  if (unfinished > 0) log.info({ unfinished }, 'what interrupted puts had left was removed');
}

const countAndBytes = [
  sql<number>`count(*)`.as('count'),
  sql<number>`coalesce(sum(size_bytes), 0)`.as('bytes'),
] as const;
