/** A worker's sign of life: renews what it holds, and answers the truth about what it should hold. */
import { type Heartbeat, type HeartbeatAnswer, KilnError, type SessionOffer } from '@kiln/shared';
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { AttemptEnd } from '../dispatch/end-attempts.ts';
import { IS_ASKED } from '../dispatch/suspend-workers.ts';
import { PREPARED } from '../store/prepared.ts';
import type { Database } from '../store/tables.ts';
import { sameSecret } from './secrets.ts';
import type { UnnamedAttempts } from './unnamed-attempts.ts';

export interface HeartbeatParts {
  readonly db: Kysely<Database>;
  readonly leaseMs: number;
  readonly unnamed: UnnamedAttempts;
  /** Sessions that this worker should draw, and those of `held` that it should not. */
  readonly sessions: (workerId: string, held: readonly string[]) => Promise<{ open: SessionOffer[]; end: string[] }>;
}

export interface HeartbeatOutcome {
  readonly answer: HeartbeatAnswer;
  /** Attempts that the worker once began and holds no more: it lost them. */
  readonly forgotten: readonly AttemptEnd[];
  /** Its readiness changed. */
  readonly stateChanged: boolean;
}

/** @throws KilnError `worker.unknown` when it must register again. */
export async function takeHeartbeat(
  workerId: string,
  heartbeat: Heartbeat,
  { db, leaseMs, unnamed, sessions }: HeartbeatParts,
): Promise<HeartbeatOutcome> {
  const state = heartbeat.draining ? 'draining' : 'ready';
  const { rows } = await sql<{ was: string; is_asked: boolean }>`
    update workers w set status = ${JSON.stringify(heartbeat.status)}::jsonb, seen_at = now(), state = ${state}
    from (select id, state as was from workers where id = ${workerId} for update) before
    where w.id = before.id and before.was in ('ready', 'draining')
    returning before.was, ${IS_ASKED} as is_asked`.execute(db);
  const [row] = rows;
  if (!row) throw new KilnError('worker.unknown', 'this worker was given up; register again');

  const open = await db
    .selectFrom('attempts')
    .select(['id', 'lease_token', 'state', 'worker_name'])
    .where('worker_id', '=', workerId)
    .where('state', 'in', ['assigned', 'running'])
    .execute();
  const tokens = new Map(open.map((attempt) => [attempt.id, attempt.lease_token]));
  const held = new Set<string>();
  const stop: string[] = [];
  for (const { attemptId, leaseToken } of heartbeat.attempts) {
    const token = tokens.get(attemptId);
    if (token !== undefined && sameSecret(leaseToken, token)) held.add(attemptId);
    else stop.push(attemptId);
  }
  const renewed = await renew(db, [...held], leaseMs);
  const leftOut = open.filter(({ id, state: at }) => at === 'running' && !held.has(id));
  const lost = unnamed.note(
    workerId,
    leftOut.map(({ id }) => id),
  );
  const forgotten = leftOut
    .filter(({ id }) => lost.has(id))
    .map(
      ({ id, worker_name }): AttemptEnd => ({
        attemptId: id,
        state: 'lost',
        reason: 'worker.lost',
        message: `worker ${worker_name} does not hold the attempt any more`,
        retry: 'counts',
      }),
    );
  const { open: openSessions, end: endSessions } = await sessions(workerId, heartbeat.sessions);
  return {
    answer: {
      renewed: renewed.map((attemptId) => ({ attemptId, leaseMs })),
      stop,
      openSessions,
      endSessions,
      ...(row.is_asked ? { drawCanary: true } : {}),
      drain: false,
    },
    forgotten,
    stateChanged: row.was !== state,
  };
}

/**
 * Waits for nobody, so that no claim or result that is being written at the same time waits for it and it for them: what they
 * hold is left to the next heartbeat.
 */
async function renew(db: Kysely<Database>, attemptIds: readonly string[], leaseMs: number): Promise<string[]> {
  if (attemptIds.length === 0) return [];
  const { rows } = await sql<{ id: string }>`
    ${PREPARED} update attempts a set lease_expires_at = now() + ${leaseMs}::int * interval '1 millisecond'
    from (
      select id from attempts
      where id in (select jsonb_array_elements_text(${JSON.stringify(attemptIds)}::jsonb))
        and state in ('assigned', 'running')
      for no key update skip locked
    ) free
    where a.id = free.id
    returning a.id`.execute(db);
  return rows.map((row) => row.id);
}
