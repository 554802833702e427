/**
 * Whose turn it is between tenants, and between the users of one, while all slots are busy: by what the dispatcher goes by, as its
 * leader has written it down last.
 */
import type { RenderSettings, Requires, SceneNeeds } from '@kiln/shared';
import { type Kysely, sql } from 'kysely';
import { fairSlots } from '../dispatch/fair-slots.ts';
import { partLeft } from '../dispatch/share-accounts.ts';
import { userKey } from '../dispatch/turns.ts';
import { isFullJob } from '../dispatch/waiting-tasks.ts';
import type { Database } from '../store/tables.ts';
import { ableWorkers, type ReadyWorker } from './able-workers.ts';
import { readyTasks } from './layer-needs.ts';
import { mayBegin } from './predecessors.ts';
import type { SlotWork } from './slot-work.ts';

interface Account {
  /** Slot-seconds that it has had lately, with what it holds, for its weight. */
  readonly loadSec: number;
}

interface TenantAccount extends Account {
  readonly weight: number;
  readonly minSlots: number;
  readonly maxSlots: number | null;
}

const NEW_TENANT: TenantAccount = { loadSec: 0, weight: 1, minSlots: 0, maxSlots: null };

/** Work that waits and may be begun. */
interface Waiting extends Pick<RenderSettings, 'engine' | 'backend'> {
  readonly tenantId: string;
  readonly user: string | null;
  readonly requires: Requires | null;
  readonly sceneNeeds: SceneNeeds | null;
  /** Class of which all its frames must come; null: any. */
  readonly wantedClass: string | null;
}

/** How one stands among those that want the same slots, and have work that waits. */
export interface Standing {
  /** Slots that it holds. */
  readonly held: number;
  /** Slots that are its share, not rounded. */
  readonly share: number;
  /** Of how many slots. */
  readonly slots: number;
  readonly loadSec: number;
  /** Others with work that waits, … */
  readonly waiting: number;
  /** … those of them that hold less than they are promised and go first, … */
  readonly promised: number;
  /** … and those that go first as they have had less, the least of which has had so much. */
  readonly hadLess: number;
  readonly leastSec: number;
}

export class ShareTurns {
  readonly #tenants: ReadonlyMap<string, TenantAccount>;
  readonly #users: ReadonlyMap<string, number>;
  readonly #waiting: readonly Waiting[];
  readonly #work: readonly SlotWork[];
  readonly #workers: readonly ReadyWorker[];

  constructor(
    tenants: ReadonlyMap<string, TenantAccount>,
    users: ReadonlyMap<string, number>,
    waiting: readonly Waiting[],
    work: readonly SlotWork[],
    workers: readonly ReadyWorker[],
  ) {
    this.#tenants = tenants;
    this.#users = users;
    this.#waiting = waiting;
    this.#work = work;
    this.#workers = workers;
  }

  /** @param able workers whose slots are asked for. @param slots that they have. */
  ofTenant(tenantId: string, able: ReadonlySet<string>, slots: number): Standing {
    const inSlots = this.#sum(
      able,
      ({ inSlots: n }) => n,
      ({ tenantId: id }) => id,
    );
    const given = this.#sum(
      null,
      ({ n }) => n,
      ({ tenantId: id }) => id,
    );
    const account = (id: string) => this.#tenants.get(id) ?? NEW_TENANT;
    const isFull = (id: string) => (given.get(id) ?? 0) >= (account(id).maxSlots ?? Number.POSITIVE_INFINITY);
    const rank = (id: string) => {
      const { minSlots } = account(id);
      return minSlots > 0 ? Math.min(1, (given.get(id) ?? 0) / minSlots) : 1;
    };
    const waiting = this.#names(able, (one) => one.tenantId).filter((id) => id === tenantId || !isFull(id));
    const ids = [...new Set([tenantId, ...waiting, ...inSlots.keys()])];
    const shares = fairSlots(
      ids.map((id) => ({
        weight: account(id).weight,
        least: account(id).minSlots,
        most: Math.min(
          account(id).maxSlots ?? slots,
          id === tenantId || waiting.includes(id) ? slots : (inSlots.get(id) ?? 0),
        ),
      })),
      slots,
    );
    const others = waiting.filter((id) => id !== tenantId);
    const own = account(tenantId);
    const less = others.filter((id) => rank(id) === rank(tenantId) && account(id).loadSec < own.loadSec);
    return {
      held: inSlots.get(tenantId) ?? 0,
      share: shares[0] ?? 0,
      slots,
      loadSec: own.loadSec,
      waiting: others.length,
      promised: others.filter((id) => rank(id) < rank(tenantId)).length,
      hadLess: less.length,
      leastSec: Math.min(...less.map((id) => account(id).loadSec)),
    };
  }

  /** Of a user among those of the same tenant, whose slots they share alike. */
  ofUser(tenantId: string, user: string | null, able: ReadonlySet<string>): Standing {
    const keyOf = (one: { tenantId: string; user: string | null }) =>
      one.tenantId === tenantId ? userKey(one.tenantId, one.user) : null;
    const ownKey = userKey(tenantId, user);
    const inSlots = this.#sum(able, ({ inSlots: n }) => n, keyOf);
    const slots = [...inSlots.values()].reduce((sum, n) => sum + n, 0);
    const waiting = this.#names(able, keyOf);
    const keys = [...new Set([ownKey, ...waiting, ...inSlots.keys()])];
    const most = (key: string) => (key === ownKey || waiting.includes(key) ? slots : (inSlots.get(key) ?? 0));
    const shares = fairSlots(
      keys.map((key) => ({ weight: 1, least: 0, most: most(key) })),
      slots,
    );
    const load = (key: string) => this.#users.get(key) ?? 0;
    const others = waiting.filter((key) => key !== ownKey);
    const less = others.filter((key) => load(key) < load(ownKey));
    return {
      held: inSlots.get(ownKey) ?? 0,
      share: shares[0] ?? 0,
      slots,
      loadSec: load(ownKey),
      waiting: others.length,
      promised: 0,
      hadLess: less.length,
      leastSec: Math.min(...less.map(load)),
    };
  }

  /** Who has work that waits, and that some of these workers may be given. */
  #names(able: ReadonlySet<string>, keyOf: (one: Waiting) => string | null): string[] {
    const names = new Set<string>();
    for (const one of this.#waiting) {
      const key = keyOf(one);
      if (key !== null && !names.has(key) && this.#mayGo(one, able)) names.add(key);
    }
    return [...names];
  }

  #mayGo({ engine, backend, requires, sceneNeeds, wantedClass }: Waiting, able: ReadonlySet<string>): boolean {
    const ofClass = this.#workers.filter(
      ({ identity }) => wantedClass === null || identity.adapterClass === wantedClass,
    );
    const asked = { settings: { engine, backend }, requires };
    return ableWorkers(ofClass, asked, sceneNeeds).some(({ id }) => able.has(id));
  }

  /** @param able null: at any worker. */
  #sum(
    able: ReadonlySet<string> | null,
    count: (one: SlotWork) => number,
    keyOf: (one: SlotWork) => string | null,
  ): ReadonlyMap<string, number> {
    const sums = new Map<string, number>();
    for (const one of this.#work) {
      const key = keyOf(one);
      const n = count(one);
      if (key !== null && n > 0 && (!able || able.has(one.workerId))) sums.set(key, (sums.get(key) ?? 0) + n);
    }
    return sums;
  }
}

/** @param halfLifeMs after which half of what was had is forgotten. */
export async function readShareTurns(
  db: Kysely<Database>,
  work: readonly SlotWork[],
  workers: readonly ReadyWorker[],
  halfLifeMs: number,
): Promise<ShareTurns> {
  const ageMs = sql<number>`extract(epoch from now() - used_at)::float8 * 1000`.as('age_ms');
  const tenants = await db
    .selectFrom('tenants')
    .select(['id', 'share_weight', 'min_slots', 'max_slots', 'used_slot_sec', 'held_slot_sec', ageMs])
    .execute();
  const users = await db
    .selectFrom('user_shares')
    .select(['tenant_id', 'user_name', 'used_slot_sec', 'held_slot_sec', ageMs])
    .execute();
  const loadOf = (row: { used_slot_sec: number; held_slot_sec: number; age_ms: number }) =>
    row.used_slot_sec * partLeft(row.age_ms, halfLifeMs) + row.held_slot_sec;
  return new ShareTurns(
    new Map(
      tenants.map((row) => [
        row.id,
        {
          weight: row.share_weight,
          minSlots: row.min_slots,
          maxSlots: row.max_slots,
          loadSec: loadOf(row) / row.share_weight,
        },
      ]),
    ),
    new Map(users.map((row) => [userKey(row.tenant_id, row.user_name), loadOf(row)])),
    await readWaitingKinds(db),
    work,
    workers,
  );
}

/** What there is of different work that may be begun, of each user. */
async function readWaitingKinds(db: Kysely<Database>): Promise<Waiting[]> {
  const { rows } = await sql<Waiting>`
    select distinct j.tenant_id as "tenantId", j.user_name as "user", l.settings->>'engine' as engine,
      l.settings->>'backend' as backend, l.requires, l.scene_needs as "sceneNeeds",
      case when j.class_policy = 'strict' then j.adapter_class end as "wantedClass"
    from jobs j join layers l on l.job_id = j.id
    where j.state in ('queued', 'running') and ${mayBegin('j')} and not coalesce(${isFullJob}, false)
      and ((l.released < l.task_count and ${readyTasks('l')} > 0)
        or exists (select from tasks t where t.layer_id = l.id and t.state = 'waiting' and t.kind <> 'film'
          and coalesce(t.not_before, '-infinity'::timestamptz) <= now()))`.execute(db);
  return rows;
}
