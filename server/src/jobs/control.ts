/** What its owner changes of a job that is not over: whether it goes on, and how urgent it is. */
import { type Job, type JobChanges, KilnError } from '@kiln/shared';
import { sql, type Transaction } from 'kysely';
import { type EndedAttempt, type EndParts, endAttempts, endsOfPaused } from '../dispatch/end-attempts.ts';
import { approveBudget, notePaused, refuseHeld, setBudget, wasPaused } from '../estimates/budget-rows.ts';
import type { SlotPrice } from '../estimates/price.ts';
import type { Change, Tell } from '../events/changes.ts';
import { checkLimitNames } from '../named-limits/check-names.ts';
import type { Database } from '../store/tables.ts';
import { tellHeld } from './holds.ts';
import { isOpen, listOrNull, lockOwnJob } from './job-row.ts';
import type { JobLayers } from './layers.ts';
import { type JobRow, jobView } from './present.ts';
import { setRequires } from './set-requires.ts';
import { approveTests } from './test-gate.ts';

export interface ControlParts {
  readonly change: Change;
  readonly layers: JobLayers;
  readonly ending: EndParts;
  readonly price: SlotPrice | null;
}

export interface Controlled {
  readonly job: Job;
  /** Attempts that were ended by it. */
  readonly ended: readonly EndedAttempt[];
}

/**
 * Nothing more of the job is given out. What is being drawn comes to its end, unless `stopRunning`: then a long frame
 * goes on later from what is stored of it, any other from its beginning; neither counts as a try. Pausing a paused job
 * is no error.
 *
 * @throws KilnError `resource.not_found`; `resource.conflict` for a job that is over.
 */
export function pauseJob(
  tenantId: string,
  jobId: string,
  { stopRunning }: { readonly stopRunning: boolean },
  parts: ControlParts,
): Promise<Controlled> {
  return changeJob(tenantId, jobId, parts, async (job, trx, tell) => {
    if (job.state === 'paused') await notePaused(trx, jobId, true);
    const after = job.state === 'paused' ? job : await saveState(trx, tell, { ...job, state: 'paused' });
    const ends = await endsOfPaused(trx, [jobId], 'the job was paused', stopRunning);
    return { after, ended: await endAttempts(trx, tell, ends, parts.ending) };
  });
}

/**
 * A paused job waits for its turn again; for any other it does nothing. One that had stopped stops again with the next task
 * that fails.
 *
 * @throws KilnError as `pauseJob`; `resource.conflict` for one that is held by its budget.
 */
export function resumeJob(tenantId: string, jobId: string, parts: ControlParts): Promise<Controlled> {
  return changeJob(tenantId, jobId, parts, async (job, trx, tell) => {
    if (job.state !== 'paused') return { after: job, ended: [] };
    await notePaused(trx, jobId, false);
    await refuseHeld(trx, jobId);
    return { after: await goOn(trx, tell, job), ended: [] };
  });
}

/**
 * A job that is held by its budget goes on, and may go over that from now on. One whose test frames are done, or failed, begins
 * the others.
 *
 * @throws KilnError as `pauseJob`; `resource.conflict` when it waits for neither, or its test frames are still drawn.
 */
export function approveJob(tenantId: string, jobId: string, parts: ControlParts): Promise<Controlled> {
  return changeJob(tenantId, jobId, parts, async (job, trx, tell) => {
    if (await approveBudget(trx, jobId)) return { after: await release(trx, tell, job), ended: [] };
    if (await approveTests(trx, jobId)) {
      return { after: await tellHeld(trx, tell, job), ended: [] };
    }
    throw new KilnError('resource.conflict', `job ${jobId} waits for nobody’s approval`);
  });
}

/** A job is held no more. */
async function release(trx: Transaction<Database>, tell: Tell, job: JobRow): Promise<JobRow> {
  if (!(await wasPaused(trx, job.id))) return goOn(trx, tell, job);
  return tellHeld(trx, tell, job);
}

/** A paused job waits for its turn. */
function goOn(trx: Transaction<Database>, tell: Tell, job: JobRow): Promise<JobRow> {
  const state = job.started_at === null ? 'queued' : 'running';
  return saveState(trx, tell, job.state === 'paused' ? { ...job, state, stopped: false } : job);
}

/**
 * What is given out from now on goes by the new priority; tries that tasks have had count against the new number.
 *
 * @throws KilnError as `pauseJob`, and as `setBudget`.
 */
export function editJob(
  tenantId: string,
  jobId: string,
  changes: JobChanges,
  parts: ControlParts,
): Promise<Controlled> {
  return changeJob(tenantId, jobId, parts, async (job, trx, tell) => {
    if (changes.limits) await checkLimitNames(trx, tenantId, { limits: changes.limits });
    const after = changedJob(job, changes);
    const { priority, max_attempts, max_failed_tasks, max_slots, max_per_host, terms_version, tags, limits } = after;
    const hasNewTerms = TERMS.some((name) => changes[name] !== undefined);
    await trx
      .updateTable('jobs')
      .set({ priority, max_attempts, max_failed_tasks, max_slots, max_per_host, terms_version })
      .set({ tags: json(tags), limits: json(limits) })
      .$if(hasNewTerms, (query) => query.set({ terms_at: sql<Date>`clock_timestamp()` }))
      .where('id', '=', jobId)
      .execute();
    const ends = changes.requires === undefined ? [] : await setRequires(trx, jobId, changes.requires);
    const ended = await endAttempts(trx, tell, ends, parts.ending);
    if (changes.requires !== undefined) {
      const layers = (await parts.layers.current(trx, [after])).get(jobId) ?? [];
      tell({ type: 'job', tenantId, jobId, data: jobView(after, layers) });
    }
    if (changes.budget !== undefined) {
      const { wasHeld, isHeld } = await setBudget(trx, jobId, changes.budget, parts.price);
      if (wasHeld && !isHeld) return { after: await release(trx, tell, after), ended };
    }
    return { after: await tellHeld(trx, tell, after), ended };
  });
}

/** What `kiln audit` looks at: it must know since when they hold. */
const TERMS = ['limits', 'maxSlots', 'maxPerHost'] as const;

/** Failures of before count against a new number when the next task fails. */
const changedJob = (job: JobRow, changes: JobChanges): JobRow => ({
  ...job,
  priority: changes.priority ?? job.priority,
  max_attempts: changes.maxAttempts ?? job.max_attempts,
  max_failed_tasks: changes.maxFailedTasks === undefined ? job.max_failed_tasks : changes.maxFailedTasks,
  tags: changes.tags === undefined ? job.tags : listOrNull(changes.tags),
  limits: changes.limits === undefined ? job.limits : listOrNull(changes.limits),
  max_slots: changes.maxSlots === undefined ? job.max_slots : changes.maxSlots,
  max_per_host: changes.maxPerHost === undefined ? job.max_per_host : changes.maxPerHost,
  // What was picked by others is not given out any more.
  terms_version:
    job.terms_version + ([...TERMS, 'requires' as const].some((name) => changes[name] !== undefined) ? 1 : 0),
});

const json = (value: object | null): string | null => (value === null ? null : JSON.stringify(value));

function changeJob(
  tenantId: string,
  jobId: string,
  { change, layers }: ControlParts,
  work: (
    job: JobRow,
    trx: Transaction<Database>,
    tell: Tell,
  ) => Promise<{ readonly after: JobRow; readonly ended: readonly EndedAttempt[] }>,
): Promise<Controlled> {
  return change(async (trx, tell) => {
    const job = await lockOwnJob(trx, tenantId, jobId);
    if (!isOpen(job.state)) {
      throw new KilnError(
        'resource.conflict',
        `job ${jobId} has ${job.state} already; there is nothing left to change`,
      );
    }
    const { after, ended } = await work(job, trx, tell);
    return { job: jobView(after, (await layers.current(trx, [after])).get(jobId) ?? []), ended };
  });
}

async function saveState(trx: Transaction<Database>, tell: Tell, job: JobRow): Promise<JobRow> {
  await trx.updateTable('jobs').set({ state: job.state, stopped: job.stopped }).where('id', '=', job.id).execute();
  return tellHeld(trx, tell, job);
}
