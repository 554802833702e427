/**
 * The log of what changed. An event is written in the transaction of the change that it tells, as its last statement:
 * the advisory lock makes ids grow in the order of commits, so that "everything after id n" never misses one that was
 * still uncommitted when n was read.
 */
import type { FarmEvent, FarmEventType } from '@kiln/shared';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { LOCK_KEYS } from '../store/lock-keys.ts';
import type { Database } from '../store/tables.ts';

type DataOf<K extends FarmEventType> = Extract<FarmEvent, { type: K }>['data'];

/** An event as its writer knows it. `tenantId` null: for everybody. */
export type EventDraft = {
  [K in FarmEventType]: {
    readonly type: K;
    readonly tenantId: string | null;
    readonly jobId?: string;
    readonly sceneId?: string;
    readonly data: DataOf<K>;
  };
}[FarmEventType];

/** An event as it is kept and sent; `text` is its JSON. */
export interface LoggedEvent {
  readonly id: number;
  readonly tenantId: string | null;
  readonly jobId: string | null;
  readonly sceneId: string | null;
  readonly text: string;
}

/**
 * Writes events; must be the last statement of its transaction, because it takes the lock of all event writers.
 *
 * @param at the time that the events carry.
 */
export async function writeEvents(
  trx: Kysely<Database>,
  drafts: readonly EventDraft[],
  at: Date,
): Promise<LoggedEvent[]> {
  if (drafts.length === 0) return [];
  const rows = JSON.stringify(
    drafts.map((draft, order) => ({
      order,
      tenant_id: draft.tenantId,
      type: draft.type,
      job_id: draft.jobId ?? null,
      scene_id: draft.sceneId ?? null,
      data: draft.data,
    })),
  );
  const { rows: ids } = await sql<{ id: number }>`
    with turn as materialized (
      select pg_advisory_xact_lock(${sql.lit(LOCK_KEYS.events)})
    ), news as materialized (
      select * from jsonb_to_recordset(${rows}::jsonb)
        as e("order" int, tenant_id text, type text, job_id text, scene_id text, data jsonb)
    ), merged as (
      ${mergeJobEvents(sql`select job_id from news where type = 'job'`)}
    )
    insert into events (tenant_id, type, job_id, scene_id, data, at)
    select n.tenant_id, n.type, n.job_id, n.scene_id, n.data, ${at}::timestamptz
    from turn, news n
    order by n."order"
    returning id`.execute(trx);
  const numbers = ids.map((row) => Number(row.id)).sort((a, b) => a - b);
  return drafts.map((draft, order) => {
    const id = numbers[order] ?? 0;
    return {
      id,
      tenantId: draft.tenantId,
      jobId: draft.jobId ?? null,
      sceneId: draft.sceneId ?? null,
      text: eventText(id, at, draft.type, draft.data),
    };
  });
}

/**
 * [EV6] A job's newest event makes its earlier ones superfluous, so that a job of a million frames leaves two: this one,
 * and that of its submission, which alone has the layers.
 *
 * @param jobIds a select of the jobs that are told of now; the caller holds their rows.
 */
export const mergeJobEvents = (jobIds: RawBuilder<unknown>) =>
  sql`delete from events where type = 'job' and not data ? 'layers' and job_id in (${jobIds})`;

/** At most `limit` events after `after` up to `upTo`, oldest first. */
export async function readEvents(
  db: Kysely<Database>,
  range: { readonly after: number; readonly upTo?: number; readonly tenantId?: string; readonly limit: number },
): Promise<LoggedEvent[]> {
  let query = db.selectFrom('events').selectAll().where('id', '>', range.after).orderBy('id').limit(range.limit);
  const { upTo, tenantId } = range;
  if (upTo !== undefined) query = query.where('id', '<=', upTo);
  if (tenantId !== undefined) {
    query = query.where((eb) => eb.or([eb('tenant_id', '=', tenantId), eb('tenant_id', 'is', null)]));
  }
  const rows = await query.execute();
  return rows.map((row) => ({
    id: Number(row.id),
    tenantId: row.tenant_id,
    jobId: row.job_id,
    sceneId: row.scene_id,
    text: eventText(Number(row.id), row.at, row.type, row.data),
  }));
}

/** Id of the newest event, 0 when there is none. */
export async function newestEventId(db: Kysely<Database>): Promise<number> {
  const row = await db
    .selectFrom('events')
    .select((eb) => eb.fn.max('id').as('newest'))
    .executeTakeFirst();
  return Number(row?.newest ?? 0);
}

/** Id of the oldest event that is kept, null when none is. */
export async function oldestEventId(db: Kysely<Database>): Promise<number | null> {
  const row = await db
    .selectFrom('events')
    .select((eb) => eb.fn.min('id').as('oldest'))
    .executeTakeFirst();
  return row?.oldest === null || row?.oldest === undefined ? null : Number(row.oldest);
}

/** An event's JSON. */
export const eventText = (id: number, at: Date, type: string, data: object) =>
  JSON.stringify({ id, at: at.toISOString(), type, data });
