/**
 * Jobs that come after others. A job names those that it comes after when it is submitted, and they are there by then: there
 * are no cycles. A job that has begun never has to wait again, also where frames of one before it are drawn anew.
 */
import { type JobWait, KilnError } from '@kiln/shared';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Database } from '../store/tables.ts';
import type { JobRow } from './present.ts';

const hasBegun = (j: string) => sql`${sql.ref(`${j}.started_at`)} is not null`;

/**
 * Whether all jobs have succeeded that the row `j` of `jobs` comes after, or it has begun already; at the time when the statement
 * begins. Those that open jobs wait for are looked up once, however many wait for them.
 */
export const mayBegin = (
  j: string,
): RawBuilder<boolean> => sql<boolean>`(${sql.ref(`${j}.after_jobs`)} is null or ${hasBegun(j)} or not ${sql.ref(`${j}.after_jobs`)} ?| (
  select coalesce(array_agg(before.id), '{}')
  from (
    select distinct jsonb_array_elements_text(after_jobs) as id from jobs
    where state in ('queued', 'running') and after_jobs is not null
  ) named join jobs before on before.id = named.id
  where before.state <> 'succeeded'))`;

/** @throws KilnError `resource.not_found` or `resource.conflict` with the field: a job that is not this tenant's, or never will succeed. */
export async function checkPredecessors(
  db: Kysely<Database>,
  tenantId: string,
  after: readonly string[],
): Promise<void> {
  if (after.length === 0) return;
  const rows = await db
    .selectFrom('jobs')
    .select(['id', 'state'])
    .where('id', 'in', after)
    .where('tenant_id', '=', tenantId)
    .where('purged_at', 'is', null)
    .execute();
  const states = new Map(rows.map(({ id, state }) => [id, state]));
  after.forEach((id, index) => {
    const field = `/after/${index}`;
    const state = states.get(id);
    if (state === undefined) throw new KilnError('resource.not_found', `there is no job ${id}`, { field });
    if (state !== 'cancelled') return;
    const message = `job ${id} was cancelled: what comes after it would never begin`;
    throw new KilnError('resource.conflict', message, { field });
  });
}

/** Whether any job waits for others. */
export async function areAnyWaiting(db: Kysely<Database>): Promise<boolean> {
  const row = await db
    .selectFrom('jobs')
    .select('id')
    .where('after_jobs', 'is not', null)
    .where('state', '=', 'queued')
    .where('started_at', 'is', null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

type Predecessor = Pick<JobRow, 'id' | 'name' | 'state' | 'frames_done' | 'frame_count'>;

/** What jobs that have not begun wait for, of those that come after others. */
export async function readPredecessorWaits(
  db: Kysely<Database>,
  jobs: readonly JobRow[],
): Promise<ReadonlyMap<string, JobWait>> {
  const waiting = jobs.flatMap(({ id, state, after_jobs, started_at }) =>
    state === 'queued' && started_at === null && after_jobs !== null ? [{ id, after: after_jobs }] : [],
  );
  if (waiting.length === 0) return new Map();
  const rows = await db
    .selectFrom('jobs')
    .select(['id', 'name', 'state', 'frames_done', 'frame_count'])
    .where('id', 'in', [...new Set(waiting.flatMap(({ after }) => after))])
    .where('state', '!=', 'succeeded')
    .execute();
  const open = new Map(rows.map((row) => [row.id, row]));
  return new Map(
    waiting.flatMap(({ id, after }): (readonly [string, JobWait])[] => {
      const left = after.flatMap((one) => open.get(one) ?? []);
      return left.length === 0 ? [] : [[id, { reason: 'after', message: waitText(left) }]];
    }),
  );
}

/** Of several the one is told that somebody must do something about. */
function waitText(left: readonly Predecessor[]): string {
  const first = left.find(({ state }) => state === 'failed' || state === 'cancelled') ?? left[0];
  if (!first) return '';
  const { id, name, state, frames_done, frame_count } = first;
  const more = left.length === 1 ? '' : `, and for ${left.length - 1} more`;
  if (state === 'failed') return `Waits for job “${name}” (${id}), which failed: retry it, or cancel this one${more}.`;
  if (state === 'cancelled')
    return `Waits for job “${name}” (${id}), which was cancelled: cancel this one, too${more}.`;
  const paused = state === 'paused' ? ', which is paused' : '';
  return `Waits for job “${name}”${paused} (${frames_done} of ${frame_count} frames done)${more}.`;
}
