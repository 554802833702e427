/**
 * Meters what layers take: the leader adds up, once a tick, the slot time of attempts that have ended since. One statement
 * marks them and adds their time, so each is counted once, whoever does it and however late its end is committed.
 */
import { type Kysely, sql } from 'kysely';
import type { Database } from '../store/tables.ts';
import { ESTIMATE_LIMITS } from './limits.ts';
import { SlotTimes } from './slot-time.ts';

interface EndedRow {
  readonly id: string;
  readonly worker_id: string;
  readonly slots: number;
  /** Whether it is of a layer, and began. */
  readonly is_drawn: boolean;
  readonly started_at: Date | null;
  readonly ended_at: Date;
}

export class UseMeter {
  readonly #db: Kysely<Database>;
  readonly #times = new SlotTimes();
  /** Slot-seconds of attempts that were read and are not counted yet, for their rows were locked or the store was away. */
  #uncounted: ReadonlyMap<string, number | null> = new Map();

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /** @returns once all that has ended is counted. */
  async read(): Promise<void> {
    while ((await this.#some()) === ESTIMATE_LIMITS.meteredAtOnce);
  }

  /** @returns how many were counted. */
  async #some(): Promise<number> {
    const rows = await this.#ended();
    const newest = rows.at(-1);
    if (newest === undefined) return 0;
    const slotSec = new Map<string, number | null>();
    for (const row of rows) {
      const known = this.#uncounted.get(row.id);
      slotSec.set(row.id, known === undefined ? this.#slotSec(row) : known);
    }
    this.#times.forgetBefore(newest.ended_at.getTime() - ESTIMATE_LIMITS.silentWorkerMs);
    this.#uncounted = new Map(slotSec);
    const counted = await this.#count(slotSec);
    for (const id of counted) slotSec.delete(id);
    this.#uncounted = slotSec;
    return counted.length;
  }

  /** @returns null for one whose time is of no layer. */
  #slotSec({ worker_id, slots, is_drawn, started_at, ended_at }: EndedRow): number | null {
    if (!is_drawn || started_at === null) return null;
    const startedAtMs = started_at.getTime();
    return this.#times.add({ workerId: worker_id, slots, startedAtMs, endedAtMs: ended_at.getTime() }) / 1_000;
  }

  async #ended(): Promise<readonly EndedRow[]> {
    const { rows } = await sql<EndedRow>`
      select a.id, a.worker_id, coalesce((w.identity->>'slots')::int, 1) as slots,
             t.kind in ('render', 'assemble') and t.layer_id is not null as is_drawn, a.started_at, a.ended_at
      from attempts a
      join tasks t on t.id = a.task_id
      left join workers w on w.id = a.worker_id
      where a.ended_at is not null and not a.is_metered
      order by a.ended_at, a.id
      limit ${sql.lit(ESTIMATE_LIMITS.meteredAtOnce)}`.execute(this.#db);
    return rows;
  }

  /**
   * Atomic. Rows that somebody else has locked are left to the next tick: waiting for them, in whatever order, would hold up the
   * dispatcher.
   *
   * @returns which of them nobody had counted.
   */
  async #count(slotSec: ReadonlyMap<string, number | null>): Promise<readonly string[]> {
    const given = JSON.stringify([...slotSec].map(([id, sec]) => ({ id, sec })));
    const { rows } = await sql<{ id: string }>`
      with given as (
        select a.id, a.task_id, x.sec
        from jsonb_to_recordset(${given}::jsonb) as x(id text, sec float8)
        join attempts a on a.id = x.id
        where not a.is_metered
        for no key update of a skip locked
      ), counted as (
        update attempts a set is_metered = true
        from given g where a.id = g.id
        returning a.id, g.task_id, g.sec
      ), added as (
        insert into layer_use (layer_id, job_id, slot_sec)
        select t.layer_id, t.job_id, sum(c.sec)
        from counted c
        join tasks t on t.id = c.task_id
        join jobs j on j.id = t.job_id
        where c.sec is not null
        group by t.layer_id, t.job_id
        order by t.layer_id
        on conflict (layer_id) do update set slot_sec = layer_use.slot_sec + excluded.slot_sec
      )
      select id from counted`.execute(this.#db);
    return rows.map(({ id }) => id);
  }
}
