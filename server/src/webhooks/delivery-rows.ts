/**
 * Deliveries in the store. A row that waits is claimed by moving its `next_at` on before it is sent: a sender that dies
 * leaves it to the next one, so each message is sent at least once.
 */
import type { WebhookAttempt, WebhookDisabledReason } from '@kiln/shared';
import { type Kysely, sql, type Transaction } from 'kysely';
import { untangled } from '../events/changes.ts';
import { WEBHOOK_LIMITS } from '../limits.ts';
import type { Database } from '../store/tables.ts';
import type { DeliveryRow } from './message.ts';
import { retryAfterMs } from './retry-plan.ts';

export interface Claimed {
  readonly row: DeliveryRow;
  readonly url: string;
  readonly secret: string;
}

export interface ClaimOptions {
  readonly now: Date;
  /** At most. */
  readonly count: number;
  /** Hooks that are being sent to already. */
  readonly busy: readonly string[];
}

/** Takes what is due, the tenants and hooks in turns: a long queue of one lets the others pass. */
export async function claimDeliveries(db: Kysely<Database>, { now, count, busy }: ClaimOptions): Promise<Claimed[]> {
  const until = new Date(now.getTime() + WEBHOOK_LIMITS.claimMs);
  const { rows: ids } = await sql<{ id: string }>`
    with heads as (
      select d.id, d.next_at, row_number() over (partition by h.tenant_id order by d.turn, d.next_at) as turn
      from webhooks h cross join lateral (
        select w.id, w.next_at, row_number() over (order by w.next_at) as turn from webhook_deliveries w
        where w.webhook_id = h.id and w.state = 'waiting' and w.next_at <= ${now}::timestamptz
        order by w.next_at limit ${sql.lit(WEBHOOK_LIMITS.atOncePerHook)}
      ) d
      where h.enabled and not ${JSON.stringify(busy)}::jsonb ? h.id
    ), due as (
      select id from heads order by turn, next_at limit ${sql.lit(count)}
    )
    update webhook_deliveries w
    set next_at = ${until}::timestamptz, tries = w.tries + 1, attempt_count = w.attempt_count + 1
    from due where w.id = due.id
    returning w.id`.execute(db);
  if (ids.length === 0) return [];
  const rows = await db
    .selectFrom('webhook_deliveries as d')
    .innerJoin('webhooks as h', 'h.id', 'd.webhook_id')
    .selectAll('d')
    .select(['h.url', 'h.secret'])
    .where(
      'd.id',
      'in',
      ids.map(({ id }) => id),
    )
    .execute();
  return rows.map(({ url, secret, ...row }) => ({ row, url, secret }));
}

/** The sender stops: what it had begun is due, as if it had not. */
export async function releaseDelivery(db: Kysely<Database>, { id }: DeliveryRow, now: Date): Promise<void> {
  await db
    .updateTable('webhook_deliveries')
    .set((eb) => ({ next_at: now, tries: eb('tries', '-', 1), attempt_count: eb('attempt_count', '-', 1) }))
    .where('id', '=', id)
    .where('state', '=', 'waiting')
    .execute();
}

/**
 * Writes what became of a claimed delivery, and what it says of its hook.
 *
 * @param chance from 0 to 1, exclusive: spreads the next tries of many.
 * @returns why the hook was disabled by it, or null.
 */
export function recordAttempt(
  db: Kysely<Database>,
  row: DeliveryRow,
  outcome: Omit<WebhookAttempt, 'number'>,
  now: Date,
  chance: number,
): Promise<WebhookDisabledReason | null> {
  const attempt: WebhookAttempt = { number: row.attempt_count, ...outcome };
  const attempts = JSON.stringify([...row.attempts, attempt].slice(-WEBHOOK_LIMITS.keptAttempts));
  const taken = outcome.error === null;
  const waitMs = taken || outcome.status === GONE ? null : retryAfterMs(row.tries, chance);
  const record = async (tx: Transaction<Database>) => {
    // The hook first, as whoever disables or deletes it does.
    const hook = await tx
      .selectFrom('webhooks')
      .select(['enabled', 'failing_since'])
      .where('id', '=', row.webhook_id)
      .forNoKeyUpdate()
      .executeTakeFirst();
    if (!hook) return null;
    await tx
      .updateTable('webhook_deliveries')
      .set({
        attempts,
        state: taken ? 'delivered' : waitMs === null || !hook.enabled ? 'failed' : 'waiting',
        next_at: waitMs === null || !hook.enabled ? null : new Date(now.getTime() + waitMs),
      })
      .where('id', '=', row.id)
      .execute();
    const since = taken ? null : (hook.failing_since ?? now);
    if (since?.getTime() !== hook.failing_since?.getTime()) {
      await tx.updateTable('webhooks').set({ failing_since: since }).where('id', '=', row.webhook_id).execute();
    }
    const why = outcome.status === GONE ? 'gone' : isTooLong(since, now) ? 'failing' : null;
    if (why === null || !hook.enabled) return null;
    await tx
      .updateTable('webhooks')
      .set({ enabled: false, disabled_reason: why })
      .where('id', '=', row.webhook_id)
      .execute();
    await giveUpWaiting(tx, row.webhook_id);
    return why;
  };
  return untangled(() => db.transaction().execute(record));
}

/** HTTP 410: the receiver wants nothing more. */
const GONE = 410;

const isTooLong = (since: Date | null, now: Date) =>
  since !== null && now.getTime() - since.getTime() > WEBHOOK_LIMITS.failingMs;

/** Of a hook that was disabled. */
export async function giveUpWaiting(tx: Transaction<Database>, webhookId: string): Promise<void> {
  await tx
    .updateTable('webhook_deliveries')
    .set({ state: 'failed', next_at: null })
    .where('webhook_id', '=', webhookId)
    .where('state', '=', 'waiting')
    .execute();
}
