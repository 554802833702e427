/** The accounts of tenants, as the leader keeps them: it writes them down with every tick, and whoever leads next goes on from there. */
import { type Kysely, sql } from 'kysely';
import type { Database } from '../store/tables.ts';
import { RecentUse } from './recent-use.ts';
import { ShareAccounts, type ShareAccountsParts, type TenantShare } from './share-accounts.ts';
import { slotTimes } from './slot-time.ts';
import { TaskTimes } from './task-times.ts';
import { userKey } from './turns.ts';
import { UnchargedUse } from './uncharged-use.ts';

export interface ShareBookParts extends ShareAccountsParts {
  readonly db: Kysely<Database>;
}

export class ShareBook {
  readonly #db: Kysely<Database>;
  readonly #accounts: ShareAccounts;
  /** By `userKey`. */
  readonly users: RecentUse;
  /** By their ids. Kept by the leader alone: with another one jobs begin anew. */
  readonly jobs: RecentUse;
  /** What will be charged when the book is read next. */
  readonly uncharged = new UnchargedUse();
  /** By jobs. */
  readonly #slotTimes = new TaskTimes();
  /** Of the database's clock: what went on until then is charged. */
  #chargedUntil: Date | null = null;
  /** What is written down of what is held; null: not known. */
  #held: string | null = null;

  constructor({ db, halfLifeMs, monotonicMs }: ShareBookParts) {
    this.#db = db;
    this.#accounts = new ShareAccounts({ halfLifeMs, monotonicMs });
    this.users = new RecentUse({ halfLifeMs, monotonicMs });
    this.jobs = new RecentUse({ halfLifeMs, monotonicMs });
  }

  /** Reads how tenants are to be treated now, and what they have had since the last time; of new ones, what they had before. */
  async read(): Promise<void> {
    const rows = await this.#db
      .selectFrom('tenants')
      .select(['id', 'share_weight', 'min_slots', 'max_slots', 'used_slot_sec'])
      .select(sql<number>`extract(epoch from now() - used_at)::float8 * 1000`.as('age_ms'))
      .execute();
    for (const row of rows) {
      const settings = { weight: row.share_weight, minSlots: row.min_slots, maxSlots: row.max_slots };
      this.#accounts.set(row.id, settings, row.used_slot_sec, row.age_ms);
    }
    if (this.#chargedUntil === null) await this.#readUsers();
    const { until, uses } = await readUse(this.#db, this.#chargedUntil);
    this.#chargedUntil = until;
    const slotSec = new Map<string, number>();
    const ofJobs = new Map<string, { sec: number; ended: number }>();
    for (const { tenantId, user, jobId, sec, hasEnded } of uses) {
      slotSec.set(tenantId, (slotSec.get(tenantId) ?? 0) + sec);
      this.users.charge(userKey(tenantId, user), sec);
      this.jobs.charge(jobId, sec);
      const ofJob = ofJobs.get(jobId) ?? { sec: 0, ended: 0 };
      ofJobs.set(jobId, { sec: ofJob.sec + sec, ended: ofJob.ended + (hasEnded ? 1 : 0) });
    }
    this.#accounts.charge(slotSec);
    this.uncharged.charged();
    for (const [jobId, { sec, ended }] of ofJobs) if (ended > 0) this.#slotTimes.note(jobId, (sec * 1_000) / ended);
  }

  /**
   * How long a slot works on a task of the job, on its way to the worker and back included; null while unknown. Of tasks that take
   * longer than from one reading to the next it may be too little.
   */
  slotMs(jobId: string): number | null {
    return this.#slotTimes.of(jobId);
  }

  /** Another server leads, and keeps the book: what is known here will be old. */
  forget(): void {
    this.#accounts.forget();
    this.users.forget();
    this.jobs.forget();
    this.uncharged.forget();
    this.#chargedUntil = null;
    this.#held = null;
  }

  charge(slotSec: ReadonlyMap<string, number>): void {
    this.#accounts.charge(slotSec);
  }

  of(tenantId: string): TenantShare {
    return this.#accounts.of(tenantId);
  }

  /** Writes down what has changed, and what is held now: whoever explains a turn goes by the same numbers. */
  async write(held: readonly HeldSec[] = []): Promise<void> {
    await this.#writeUsers();
    this.jobs.takeChanged();
    const rows = this.#accounts.takeChanged();
    if (rows.length > 0) {
      await sql`
        update tenants t set used_slot_sec = x.used, used_at = now()
        from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(id text, used float8)
        where t.id = x.id`.execute(this.#db);
    }
    await this.#writeHeld(held);
  }

  async #writeHeld(held: readonly HeldSec[]): Promise<void> {
    const now = JSON.stringify(
      held.map(({ tenantId, user, sec }) => ({ tenant_id: tenantId, user_name: user ?? '', sec })),
    );
    if (now === this.#held) return;
    this.#held = null;
    const rows = sql`jsonb_to_recordset(${now}::jsonb) as x(tenant_id text, user_name text, sec float8)`;
    await sql`
      update tenants t set held_slot_sec = n.sec
      from (
        select t.id, coalesce(sum(x.sec), 0) as sec from tenants t left join ${rows} on x.tenant_id = t.id group by t.id
      ) n
      where n.id = t.id and n.sec <> t.held_slot_sec`.execute(this.#db);
    await sql`
      update user_shares u set held_slot_sec = 0
      where u.held_slot_sec <> 0 and not exists (
        select from ${rows} where x.tenant_id = u.tenant_id and x.user_name = u.user_name)`.execute(this.#db);
    await sql`
      insert into user_shares (tenant_id, user_name, used_slot_sec, held_slot_sec)
      select x.tenant_id, x.user_name, 0, x.sec from ${rows}
      on conflict (tenant_id, user_name) do update set held_slot_sec = excluded.held_slot_sec`.execute(this.#db);
    this.#held = now;
  }

  async #readUsers(): Promise<void> {
    // Whoever has had nothing for so long is as if new.
    await this.#db.deleteFrom('user_shares').where('used_at', '<', sql<Date>`now() - interval '30 days'`).execute();
    const rows = await this.#db
      .selectFrom('user_shares')
      .select(['tenant_id', 'user_name', 'used_slot_sec'])
      .select(sql<number>`extract(epoch from now() - used_at)::float8 * 1000`.as('age_ms'))
      .execute();
    for (const row of rows) {
      this.users.restore(userKey(row.tenant_id, row.user_name), row.used_slot_sec, row.age_ms);
    }
  }

  async #writeUsers(): Promise<void> {
    const rows = this.users.takeChanged().map(({ key, used }): UserRow => {
      const at = key.indexOf('/');
      return { tenant_id: key.slice(0, at), user_name: key.slice(at + 1), used };
    });
    if (rows.length === 0) return;
    await sql`
      insert into user_shares (tenant_id, user_name, used_slot_sec)
      select tenant_id, user_name, used
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(tenant_id text, user_name text, used float8)
      on conflict (tenant_id, user_name) do update set used_slot_sec = excluded.used_slot_sec, used_at = now()`.execute(
      this.#db,
    );
  }
}

/** What a user holds, in slot-seconds as they count. */
export interface HeldSec {
  readonly tenantId: string;
  /** Null: nobody in particular. */
  readonly user: string | null;
  readonly sec: number;
}

interface UserRow {
  readonly tenant_id: string;
  readonly user_name: string;
  readonly used: number;
}

interface Use {
  readonly tenantId: string;
  /** Null: nobody in particular. */
  readonly user: string | null;
  readonly jobId: string;
  readonly sec: number;
  readonly hasEnded: boolean;
}

interface Uses {
  /** Of the database's clock. */
  readonly until: Date;
  readonly uses: readonly Use[];
}

interface HeldRow {
  readonly until: Date;
  readonly worker_id: string | null;
  readonly slots: number;
  readonly tenant_id: string;
  readonly user_name: string | null;
  readonly job_id: string;
  readonly started_at: Date;
  readonly ended_at: Date | null;
}

/**
 * How long slots worked on attempts at frames, and at making frames of parts.
 *
 * @param since null: not at all, the time begins now.
 */
async function readUse(db: Kysely<Database>, since: Date | null): Promise<Uses> {
  const { rows } = await sql<HeldRow>`
    select c.until, u.*
    from (select clock_timestamp() as until) c
    left join lateral (
      select a.worker_id, coalesce((w.identity->>'slots')::int, 1) as slots, t.tenant_id, j.user_name, t.job_id,
             a.started_at, a.ended_at
      from (
        -- Each by an index of its own.
        select task_id, worker_id, started_at, ended_at from attempts where state in ('assigned', 'running')
        union all
        select task_id, worker_id, started_at, ended_at from attempts
        where ended_at > ${since}::timestamptz and state not in ('assigned', 'running')
      ) a
      join tasks t on t.id = a.task_id join jobs j on j.id = t.job_id
      left join workers w on w.id = a.worker_id
      where ${since}::timestamptz is not null and t.kind in ('render', 'assemble') and a.started_at < c.until
    ) u on true
    order by u.worker_id, u.started_at, u.ended_at`.execute(db);
  const until = rows[0]?.until ?? since ?? new Date();
  if (since === null) return { until, uses: [] };
  const byWorker = new Map<string, HeldRow[]>();
  for (const row of rows) {
    if (row.worker_id === null) continue;
    const held = byWorker.get(row.worker_id);
    if (held) held.push(row);
    else byWorker.set(row.worker_id, [row]);
  }
  const uses = [...byWorker.values()].flatMap((held): Use[] => {
    const attempts = held.map(({ started_at, ended_at }) => ({
      claimedMs: started_at.getTime(),
      endedMs: ended_at?.getTime() ?? null,
    }));
    const between = { fromMs: since.getTime(), toMs: until.getTime() };
    const times = slotTimes(attempts, held[0]?.slots ?? 1, between);
    return held.map(({ tenant_id: tenantId, user_name: user, job_id: jobId, ended_at }, at) => {
      return { tenantId, user, jobId, sec: (times[at] ?? 0) / 1_000, hasEnded: ended_at !== null };
    });
  });
  return { until, uses };
}
