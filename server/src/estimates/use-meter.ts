/**
 * Meters what layers take: the leader adds up, once a tick, the slot time of attempts that have ended since. One statement
 * marks them and adds their time, so each is counted once, whoever does it and however late its end is committed. What those
 * under way have taken so far stands beside it, written anew with each tick.
 */
import type { StageTime } from '@kiln/shared';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../store/tables.ts';
import { ESTIMATE_LIMITS } from './limits.ts';
import { type AttemptTime, drawnWithin, SlotTimes } from './slot-time.ts';

interface EndedRow {
  readonly id: string;
  readonly worker_id: string;
  readonly slots: number;
  /** Whether it is of a layer, and began. */
  readonly is_drawn: boolean;
  readonly started_at: Date | null;
  readonly ended_at: Date;
  /** Of its frames. */
  readonly drawn: readonly StageTime[] | null;
}

interface RunningRow {
  readonly id: string;
  readonly worker_id: string;
  readonly slots: number;
  readonly layer_id: string | null;
  readonly job_id: string | null;
  readonly started_at: Date;
  readonly now: Date;
}

/** What is under way, by workers. */
type UnderWay = ReadonlyMap<string, readonly RunningRow[]>;

export class UseMeter {
  readonly #db: Kysely<Database>;
  readonly #times = new SlotTimes();
  /** Slot-seconds of attempts that were read and are not counted yet, for their rows were locked or the store was away. */
  #uncounted: ReadonlyMap<string, number | null> = new Map();

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /** @returns once all that has ended is counted, and what is under way is told. */
  async read(): Promise<void> {
    // Read before what has ended: what ends in between is in both, in the other order it would be in neither.
    const underWay = await this.#underWay();
    const ended = new Set<string>();
    while ((await this.#some(underWay, ended)) === ESTIMATE_LIMITS.meteredAtOnce);
    await this.#tellRunning(underWay, ended);
  }

  /**
   * @param seen those that have ended, which it adds to.
   * @returns how many were counted.
   */
  async #some(underWay: UnderWay, seen: Set<string>): Promise<number> {
    const rows = await this.#ended();
    const newest = rows.at(-1);
    if (newest === undefined) return 0;
    for (const { id } of rows) seen.add(id);
    const slotSec = this.#slotSec(rows, underWay, seen);
    this.#times.forgetBefore(newest.ended_at.getTime() - ESTIMATE_LIMITS.silentWorkerMs);
    this.#uncounted = new Map(slotSec);
    const counted = await this.#count(slotSec);
    for (const id of counted) slotSec.delete(id);
    this.#uncounted = slotSec;
    return counted.length;
  }

  /** @returns null for one whose time is of no layer. */
  #slotSec(rows: readonly EndedRow[], underWay: UnderWay, seen: ReadonlySet<string>): Map<string, number | null> {
    const slotSec = new Map(rows.map(({ id }) => [id, this.#uncounted.get(id) ?? null]));
    const drawn = rows.filter((row) => row.is_drawn && row.started_at !== null && !this.#uncounted.has(row.id));
    for (const [workerId, ended] of byWorker(drawn)) {
      const times = this.#times.add({
        workerId,
        slots: ended[0]?.slots ?? 1,
        ended: ended.map(endedTime),
        underWay: stillUnderWay(underWay.get(workerId) ?? [], seen),
        nowMs: ended.at(-1)?.ended_at.getTime() ?? 0,
      });
      for (const { id } of ended) slotSec.set(id, (times.get(id) ?? 0) / 1_000);
    }
    return slotSec;
  }

  async #ended(): Promise<readonly EndedRow[]> {
    const { rows } = await sql<EndedRow>`
      select a.id, a.worker_id, coalesce((w.identity->>'slots')::int, 1) as slots,
             t.kind in ('render', 'assemble') and t.layer_id is not null as is_drawn, a.started_at, a.ended_at,
             case when t.kind = 'render' then
               (select jsonb_agg(f.stages->'draw') from frames f where f.attempt_id = a.id) end as drawn
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

  async #underWay(): Promise<UnderWay> {
    const { rows } = await sql<RunningRow>`
      select a.id, a.worker_id, coalesce((w.identity->>'slots')::int, 1) as slots, t.layer_id, t.job_id, a.started_at,
             clock_timestamp() as now
      from attempts a
      join tasks t on t.id = a.task_id
      left join workers w on w.id = a.worker_id
      where a.state in ('assigned', 'running') and a.started_at is not null
        and t.kind in ('render', 'assemble') and t.layer_id is not null`.execute(this.#db);
    return byWorker(rows);
  }

  /** Of layers nothing of which is under way any more, too. */
  async #tellRunning(underWay: UnderWay, ended: ReadonlySet<string>): Promise<void> {
    const layers = new Map<string, { readonly layer_id: string; readonly job_id: string; sec: number }>();
    for (const [workerId, rows] of underWay) {
      const left = stillUnderWay(rows, ended);
      const nowMs = rows[0]?.now.getTime() ?? 0;
      const times = this.#times.add({ workerId, slots: rows[0]?.slots ?? 1, ended: [], underWay: left, nowMs });
      for (const { id, layer_id, job_id } of rows) {
        const sec = ended.has(id) ? 0 : (times.get(id) ?? 0) / 1_000;
        if (sec < ESTIMATE_LIMITS.toldRunningSec || layer_id === null || job_id === null) continue;
        const layer = layers.get(layer_id) ?? { layer_id, job_id, sec: 0 };
        layer.sec += sec;
        layers.set(layer_id, layer);
      }
    }
    await sql`
      with given as (
        select x.* from jsonb_to_recordset(${JSON.stringify([...layers.values()])}::jsonb) as x(layer_id text, job_id text, sec float8)
        join layers l on l.id = x.layer_id
        order by x.layer_id
      ), over as (
        update layer_use set running_sec = 0
        where running_sec > 0 and layer_id not in (select layer_id from given)
      )
      insert into layer_use (layer_id, job_id, running_sec)
      select layer_id, job_id, sec from given
      on conflict (layer_id) do update set running_sec = excluded.running_sec`.execute(this.#db);
  }
}

function byWorker<Row extends { readonly worker_id: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const workers = new Map<string, Row[]>();
  for (const row of rows) {
    const known = workers.get(row.worker_id);
    if (known) known.push(row);
    else workers.set(row.worker_id, [row]);
  }
  return workers;
}

const endedTime = ({ id, started_at, ended_at, drawn }: EndedRow) => {
  const endedMs = ended_at.getTime();
  const claimedMs = started_at?.getTime() ?? endedMs;
  return { id, claimedMs, endedMs, drawn: drawnWithin({ claimedMs, endedMs }, drawn ?? []) };
};

/** @param ended which of them have ended since, by their ids. */
const stillUnderWay = (rows: readonly RunningRow[], ended: ReadonlySet<string>): AttemptTime[] =>
  rows.flatMap(({ id, started_at }) => (ended.has(id) ? [] : [{ id, claimedMs: started_at.getTime(), endedMs: null }]));
