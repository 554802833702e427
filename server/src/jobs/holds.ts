/**
 * What holds a job until somebody says that it goes on, or it is measured: kept with its row, from where events and
 * webhooks have it. What else a job may wait for changes with the farm and is looked at when it is asked for.
 */
import type { JobWait } from '@kiln/shared';
import type { Kysely, Transaction } from 'kysely';
import { readBudgetWaits } from '../estimates/budget-waits.ts';
import type { Change, Tell } from '../events/changes.ts';
import { tellJob } from '../events/job-progress.ts';
import type { Database } from '../store/tables.ts';
import { lockJobs, stopWait } from './job-row.ts';
import type { JobRow } from './present.ts';
import { findUntoldGates, readTestWaits } from './test-gate.ts';

/** Writes what holds a job. The caller holds its lock. @returns the job as it is then. */
export async function noteHold(trx: Transaction<Database>, job: JobRow): Promise<JobRow> {
  const waits_for = await readHold(trx, job);
  if (waits_for?.reason === job.waits_for?.reason && waits_for?.message === job.waits_for?.message) return job;
  await trx
    .updateTable('jobs')
    .set({ waits_for: waits_for === null ? null : JSON.stringify(waits_for) })
    .where('id', '=', job.id)
    .execute();
  return { ...job, waits_for };
}

/** Tells of a job that has changed, with what holds it. As `noteHold`. */
export async function tellHeld(trx: Transaction<Database>, tell: Tell, job: JobRow): Promise<JobRow> {
  const noted = await noteHold(trx, job);
  tellJob(tell, noted);
  return noted;
}

async function readHold(db: Kysely<Database>, job: JobRow): Promise<JobWait | null> {
  if (job.state === 'queued' || job.state === 'running') return (await readTestWaits(db, [job])).get(job.id) ?? null;
  if (job.state !== 'paused') return null;
  return (await readBudgetWaits(db, [job])).get(job.id) ?? (job.stopped ? stopWait(job) : null);
}

/** What the leader does once a tick: jobs whose test frames are done, or failed, say so. */
export async function tellGates(db: Kysely<Database>, change: Change): Promise<void> {
  for (const jobId of await findUntoldGates(db)) {
    await change(async (trx, tell) => {
      const job = (await lockJobs(trx, [jobId])).get(jobId);
      if (!job) return;
      const noted = await noteHold(trx, job);
      if (noted !== job) tellJob(tell, noted);
    });
  }
}
