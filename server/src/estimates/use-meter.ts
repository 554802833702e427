/**
 * Meters what layers take: the leader adds up, once a tick, the slot time of attempts that have ended since. How far it came
 * is in the database, so each is counted once, whoever leads.
 */
import { type Kysely, sql } from 'kysely';
import type { Database } from '../store/tables.ts';
import { ESTIMATE_LIMITS } from './limits.ts';
import { SlotTimes } from './slot-time.ts';

interface EndedRow {
  readonly id: string;
  readonly layer_id: string;
  readonly job_id: string;
  readonly worker_id: string;
  readonly slots: number;
  readonly started_at: Date;
  readonly ended_at: Date;
}

export class UseMeter {
  readonly #db: Kysely<Database>;
  readonly #times = new SlotTimes();
  /** Attempts that are counted, with their ends: those of the last seconds are read again, for one may be committed late. */
  readonly #counted = new Map<string, number>();

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /** @returns once all that has ended is counted. */
  async read(): Promise<void> {
    while ((await this.#some()) === ESTIMATE_LIMITS.meteredAtOnce);
  }

  async #some(): Promise<number> {
    const sinceMs = await this.#mark();
    const isNew = this.#counted.size === 0;
    const from = new Date(sinceMs - (isNew ? 0 : ESTIMATE_LIMITS.lateCommitMs));
    const rows = await this.#ended(from);
    const slotSec = new Map<string, { layer_id: string; job_id: string; sec: number }>();
    for (const { id, layer_id, job_id, worker_id, slots, started_at, ended_at } of rows) {
      const endedAtMs = ended_at.getTime();
      const ms = this.#times.add({ workerId: worker_id, slots, startedAtMs: started_at.getTime(), endedAtMs });
      this.#counted.set(id, endedAtMs);
      const before = slotSec.get(layer_id)?.sec ?? 0;
      slotSec.set(layer_id, { layer_id, job_id, sec: before + ms / 1_000 });
    }
    const last = rows.at(-1)?.ended_at.getTime() ?? sinceMs;
    if (rows.length > 0) await this.#write([...slotSec.values()], Math.max(sinceMs, last));
    const old = Math.max(sinceMs, last) - 2 * ESTIMATE_LIMITS.lateCommitMs;
    for (const [id, endedAtMs] of this.#counted) if (endedAtMs < old) this.#counted.delete(id);
    this.#times.forgetBefore(old - ESTIMATE_LIMITS.silentWorkerMs);
    return rows.length;
  }

  /** Until when attempts are counted, in Unix milliseconds; a farm that is new to this counts from now on. */
  async #mark(): Promise<number> {
    await sql`
      insert into farm_state (key, value) values ('metered_until_ms', (extract(epoch from now()) * 1000)::bigint)
      on conflict (key) do nothing`.execute(this.#db);
    const { value } = await this.#db
      .selectFrom('farm_state')
      .select('value')
      .where('key', '=', 'metered_until_ms')
      .executeTakeFirstOrThrow();
    return Number(value);
  }

  async #ended(since: Date): Promise<readonly EndedRow[]> {
    const counted = JSON.stringify([...this.#counted.keys()]);
    const { rows } = await sql<EndedRow>`
      select a.id, t.layer_id, t.job_id, a.worker_id, coalesce((w.identity->>'slots')::int, 1) as slots,
             a.started_at, a.ended_at
      from attempts a
      join tasks t on t.id = a.task_id
      left join workers w on w.id = a.worker_id
      where a.ended_at > ${since}::timestamptz and a.started_at is not null and t.kind in ('render', 'assemble')
        and t.layer_id is not null and a.id not in (select jsonb_array_elements_text(${counted}::jsonb))
      order by a.ended_at, a.id
      limit ${sql.lit(ESTIMATE_LIMITS.meteredAtOnce)}`.execute(this.#db);
    return rows;
  }

  async #write(rows: readonly object[], untilMs: number): Promise<void> {
    await sql`
      with counted as (
        insert into layer_use (layer_id, job_id, slot_sec)
        select x.layer_id, x.job_id, x.sec
        from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(layer_id text, job_id text, sec float8)
        join jobs j on j.id = x.job_id
        order by x.layer_id
        on conflict (layer_id) do update set slot_sec = layer_use.slot_sec + excluded.slot_sec
      )
      update farm_state set value = ${untilMs}::bigint where key = 'metered_until_ms'`.execute(this.#db);
  }
}
