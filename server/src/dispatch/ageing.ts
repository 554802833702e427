/**
 * Jobs become more urgent while they wait, so that none starves behind a stream of more urgent ones: a point of priority for each
 * minute since something of them was last given out, or since they came, up to the highest priority. What is given out
 * takes it back.
 */
import { type Kysely, sql } from 'kysely';
import type { Database } from '../store/tables.ts';
import { DISPATCH_LIMITS } from './limits.ts';

/** Of a job, by its alias. */
export const gainedOf = (job: 'j' | 'o') =>
  sql.raw(`greatest(0, least(${DISPATCH_LIMITS.highestPriority} - ${job}.priority,
  floor(extract(epoch from now() - greatest(${job}.created_at, ${job}.given_at)) / ${DISPATCH_LIMITS.ageingMs / 1_000})::int))`);

/** Of a job `j`. */
export const GAINED = gainedOf('j');

/**
 * Writes down that something of these jobs was given out. Those that somebody else has locked are left for the next time.
 *
 * @returns those that are written.
 */
export async function noteGiven(db: Kysely<Database>, jobIds: readonly string[]): Promise<readonly string[]> {
  if (jobIds.length === 0) return [];
  const { rows } = await sql<{ id: string }>`
    with free as (
      select id from jobs where id in (select jsonb_array_elements_text(${JSON.stringify(jobIds)}::jsonb))
      order by id for no key update skip locked
    )
    update jobs j set given_at = now() from free where j.id = free.id returning j.id`.execute(db);
  return rows.map(({ id }) => id);
}
