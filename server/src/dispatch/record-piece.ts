/** A range of samples of a part of a frame is recorded: once, in order, with its attempt and task in one transaction. */
import { endsWithinBlock, KilnError, mayEndEarly, type PieceResult, SAMPLES_PER_BLOCK } from '@kiln/shared';
import { sql, type Transaction } from 'kysely';
import { isOpen, lockJobs } from '../jobs/job-row.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import { recordObject } from '../objects/record-object.ts';
import type { Database } from '../store/tables.ts';
import type { AttemptFacts, PieceFacts } from './attempt-facts.ts';
import { staleAttempt } from './claim.ts';
import { releaseDependents } from './dependents.ts';

/** Sums whose bytes are stored and whose lease token was checked. */
export interface PieceReport {
  readonly attempt: AttemptFacts;
  readonly work: PieceFacts;
  readonly result: PieceResult;
}

export interface RecordedPiece {
  readonly taskDone: boolean;
  /** [WK18] The attempt ended with these sums; the rest waits for another. */
  readonly gaveWay: boolean;
  /** False when it was recorded before: the report came twice. */
  readonly isNew: boolean;
  /** Tasks that waited for this one alone. */
  readonly released: number;
}

/** @throws KilnError `attempt.stale`; `request.invalid` for a range that does not follow on what is stored. */
export async function recordPiece(
  trx: Transaction<Database>,
  objects: Pick<ObjectStore, 'has'>,
  { attempt, work, result }: PieceReport,
): Promise<RecordedPiece> {
  const { attemptId, taskId } = attempt;
  const { samples, sha256, sizeBytes, endedBy, noise, drawnMs, stages, givesWay = false } = result;
  const job = (await lockJobs(trx, [work.jobId])).get(work.jobId);
  const stored = await trx
    .selectFrom('pieces')
    .select(['first_sample', 'sample_count', 'sha256', 'ended_by', 'drawn_ms'])
    .where('task_id', '=', taskId)
    .orderBy('first_sample')
    .execute();
  const known = stored.find((piece) => piece.first_sample === samples.first);
  const end = work.part.samples.first + work.part.samples.count;
  const next = work.part.samples.first + stored.reduce((sum, piece) => sum + piece.sample_count, 0);
  // [WK23] Sums of a block's first samples are part of the ones that follow.
  const last = stored.at(-1);
  const begun = last && endsWithinBlock({ first: last.first_sample, count: last.sample_count }) ? last : null;
  const own = await trx.selectFrom('attempts').select('state').where('id', '=', attemptId).executeTakeFirst();
  // Sums of nothing are the same file however many samples they are of.
  if (known?.sha256 === sha256 && known.sample_count === samples.count) {
    const taskDone = next === end || stored.at(-1)?.ended_by != null;
    return { taskDone, gaveWay: own?.state === 'yielded', isNew: false, released: 0 };
  }
  const open = own?.state === 'assigned' || own?.state === 'running';
  const isMore = known !== undefined && (samples.count > known.sample_count || endedBy !== undefined);
  const goesOn = isMore && known === begun && known.ended_by === null;
  if ((known && !goesOn) || !open || !job || !isOpen(job.state)) throw staleAttempt(attemptId);
  if (endedBy && !mayEndEarly(work.settings)) {
    throw new KilnError('request.invalid', `expected all samples of a frame that ${endedBy} does not end`);
  }
  const from = begun?.first_sample ?? next;
  if (samples.first !== from || samples.first + samples.count > end) {
    const message = `expected samples from ${from} on, to ${end} at most, got ${samples.count} from ${samples.first}`;
    throw new KilnError('request.invalid', message);
  }
  const taskDone = endedBy !== undefined || samples.first + samples.count === end;
  if (!taskDone && endsWithinBlock(samples) && samples.count > SAMPLES_PER_BLOCK) {
    const message = `expected sums of whole blocks, or of one, got ${samples.count} samples from ${samples.first}`;
    throw new KilnError('request.invalid', message);
  }
  await recordObject(trx, objects, { sha256, sizeBytes });
  if (goesOn) await trx.deleteFrom('pieces').where('task_id', '=', taskId).where('first_sample', '=', from).execute();
  await trx
    .insertInto('pieces')
    .values({
      task_id: taskId,
      first_sample: samples.first,
      sample_count: samples.count,
      attempt_id: attemptId,
      sha256,
      size_bytes: sizeBytes,
      ended_by: endedBy ?? null,
      noise: noise ?? null,
      drawn_ms: drawnMs === undefined ? null : drawnMs + (goesOn ? (known.drawn_ms ?? 0) : 0),
      backend: stages.draw.backend ?? null,
    })
    .execute();
  const gaveWay = givesWay && !taskDone;
  await trx
    .updateTable('attempts')
    .set({
      result_hash: sha256,
      started_at: sql<Date>`coalesce(started_at, created_at)`,
      ...(taskDone || gaveWay ? { ended_at: sql<Date>`now()` } : {}),
      ...(gaveWay ? { message: await whyItGaveWay(trx, attemptId) } : {}),
      state: taskDone ? 'succeeded' : gaveWay ? 'yielded' : 'running',
    })
    .where('id', '=', attemptId)
    .execute();
  if (gaveWay) await waitAgain(trx, taskId);
  if (!taskDone) return { taskDone, gaveWay, isNew: true, released: 0 };
  await trx
    .updateTable('tasks')
    .set({ state: 'succeeded', ended_at: sql<Date>`now()` })
    .where('id', '=', taskId)
    .execute();
  return { taskDone, gaveWay, isNew: true, released: await releaseDependents(trx, [taskId]) };
}

async function whyItGaveWay(trx: Transaction<Database>, attemptId: string): Promise<string> {
  const worker = await trx
    .selectFrom('attempts as a')
    .innerJoin('workers as w', 'w.id', 'a.worker_id')
    .select(['w.state', 'a.worker_name'])
    .where('a.id', '=', attemptId)
    .executeTakeFirst();
  if (worker?.state === 'draining') return `worker ${worker.worker_name} leaves; what it had drawn is stored`;
  return 'it left its slot to something more urgent';
}

/** For another attempt at its rest: the one that gave way was no try. */
async function waitAgain(trx: Transaction<Database>, taskId: string): Promise<void> {
  await trx
    .updateTable('tasks')
    .set({ state: 'waiting', tries: sql<number>`greatest(0, tries - 1)`, not_before: null })
    .where('id', '=', taskId)
    .where('state', '=', 'leased')
    .execute();
}
