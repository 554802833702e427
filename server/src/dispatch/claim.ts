/** A worker begins an attempt: the lease holds, or it hears that it does not. */
import { KilnError } from '@kiln/shared';
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { PREPARED } from '../store/prepared.ts';
import type { Database } from '../store/tables.ts';
import type { AttemptFacts, OpenWork } from './attempt-facts.ts';
import { frameSums, openPart } from './stored-sums.ts';

export interface Claimed {
  /** Frames of the task that no attempt has delivered yet; empty where it does not draw whole ones. */
  readonly frames: readonly number[];
}

/**
 * Claims attempts whose token was checked. Claiming again what is running is no error: the answer may have been lost.
 *
 * @returns for each one, in order; `attempt.stale` where the lease has ended.
 */
export async function claimAttempts(
  db: Kysely<Database>,
  attempts: readonly AttemptFacts[],
  leaseMs: number,
): Promise<(Claimed | KilnError)[]> {
  const ids = JSON.stringify(attempts.map((facts) => facts.attemptId));
  const { rows } = await sql<{ id: string }>`
    ${PREPARED} update attempts set
      state = 'running', started_at = coalesce(started_at, now()),
      lease_expires_at = now() + ${leaseMs}::int * interval '1 millisecond'
    where id in (select jsonb_array_elements_text(${ids}::jsonb)) and state in ('assigned', 'running')
    returning id`.execute(db);
  const held = new Set(rows.map((row) => row.id));
  const delivered = await deliveredFrames(
    db,
    attempts.filter((facts) => held.has(facts.attemptId) && mayBeDelivered(facts)),
  );
  return attempts.map((facts) => {
    if (!held.has(facts.attemptId)) return staleAttempt(facts.attemptId);
    if (facts.work.kind !== 'render') return { frames: [] };
    const { layerId, frames } = facts.work;
    return { frames: frames.filter((frame) => !delivered.has(`${layerId}/${frame}`)) };
  });
}

/** What is left to do of a claimed attempt. */
export async function openWork(
  db: Kysely<Database>,
  { attemptId, taskId, work }: AttemptFacts,
  { frames }: Claimed,
): Promise<OpenWork> {
  const part = work.kind === 'piece' ? await openPart(db, taskId, work) : null;
  const from = part && part.samples.first + (part.begun?.samples.count ?? 0);
  if (from !== null && work.kind === 'piece' && from > work.part.samples.first) {
    await noteResumed(db, attemptId, from);
  }
  return {
    frames,
    part,
    sums: work.kind === 'assemble' ? await frameSums(db, taskId, work) : [],
  };
}

/** A claim may be repeated: the first one says where the attempt began. */
async function noteResumed(db: Kysely<Database>, attemptId: string, sample: number): Promise<void> {
  await db
    .updateTable('attempts')
    .set({ resumed_from_sample: sample })
    .where('id', '=', attemptId)
    .where('resumed_from_sample', 'is', null)
    .where('result_hash', 'is', null)
    .execute();
}

/** [WK4] A first attempt at one frame is over when that frame is recorded; any other may have delivered some. */
const mayBeDelivered = ({ number, work }: AttemptFacts) =>
  number > 1 || (work.kind === 'render' && work.frames.length > 1);

export const staleAttempt = (attemptId: string) =>
  new KilnError('attempt.stale', `the lease of attempt ${attemptId} has ended; drop it, another attempt follows`);

/** Frames that are recorded of the tasks that these attempts try, as `LAYER/NUMBER`. */
async function deliveredFrames(db: Kysely<Database>, attempts: readonly AttemptFacts[]): Promise<ReadonlySet<string>> {
  const works = attempts.flatMap(({ work }) => (work.kind === 'render' ? [work] : []));
  if (works.length === 0) return new Set();
  const rows = await db
    .selectFrom('frames')
    .select(['layer_id', 'frame_number'])
    .where('layer_id', 'in', [...new Set(works.map((work) => work.layerId))])
    .where('frame_number', 'in', [...new Set(works.flatMap((work) => work.frames))])
    .execute();
  return new Set(rows.map((row) => `${row.layer_id}/${row.frame_number}`));
}
