/** Who leads. In PostgreSQL: whoever holds the advisory lock, by a connection of its own. In PGlite: the only server. */
import { type Kysely, sql } from 'kysely';
import type pg from 'pg';
import { LOCK_KEYS } from './lock-keys.ts';
import { connectPostgres } from './postgres.ts';
import type { LeaderLock, Leadership } from './store.ts';
import type { Database } from './tables.ts';

/** How often the leader's connection is tried: a peer that vanished sends no reset. Well below a lease. */
const PROBE_MS = 2_000;
/** A leader that has not tried its connection for so long is stopped, or busy beyond use. */
const SILENT_MS = 10_000;

async function nextEpoch(db: Kysely<Database>): Promise<number> {
  const { value } = await db
    .updateTable('farm_state')
    .set({ value: sql`value + 1` })
    .where('key', '=', 'dispatch_epoch')
    .returning('value')
    .executeTakeFirstOrThrow();
  return value;
}

/** The folder's lock already makes this server the only one. */
export function soleLeaderLock(db: Kysely<Database>): LeaderLock {
  let held = false;
  return {
    async tryLead() {
      if (held) return null;
      held = true;
      const lost = new AbortController();
      const epoch = await nextEpoch(db);
      return {
        epoch,
        lost: lost.signal,
        release: async () => {
          held = false;
          lost.abort();
        },
      };
    },
  };
}

/** @returns the lock, and what closes the connections that it holds. */
export function advisoryLeaderLock(
  db: Kysely<Database>,
  databaseUrl: string,
): { lock: LeaderLock; close(): Promise<void> } {
  const held = new Set<Leadership>();
  /** That of the last try, when another led: the next try asks by the same. */
  let standby: pg.Client | null = null;
  const lock: LeaderLock = {
    async tryLead() {
      const client = standby ?? (await connectPostgres(databaseUrl));
      // Between two tries and until the watch below an error shows in the next query.
      if (standby === null) client.on('error', () => {});
      standby = null;
      try {
        const { rows } = await client.query<{ locked: boolean }>(`select pg_try_advisory_lock($1) as locked`, [
          LOCK_KEYS.leader,
        ]);
        if (rows[0]?.locked !== true) {
          standby = client;
          await endSilentLeader(client);
          return null;
        }
        const watch = watchConnection(client);
        const leadership: Leadership = {
          epoch: await nextEpoch(db),
          lost: watch.lost,
          release: async () => {
            held.delete(leadership);
            await watch.close();
          },
        };
        watch.lost.addEventListener('abort', () => held.delete(leadership));
        if (!watch.lost.aborted) held.add(leadership);
        return leadership;
      } catch (error) {
        await client.end().catch(() => {});
        throw error;
      }
    },
  };
  const close = async () => {
    await Promise.all([...held].map((leadership) => leadership.release()));
    await standby?.end();
  };
  return { lock, close };
}

/**
 * A process that is stopped keeps its connection, and the lock with it, for as long as it is there: the connection is ended for
 * it. It hears of that when it goes on. What it gives out before is refused for its epoch.
 */
async function endSilentLeader(client: pg.Client): Promise<void> {
  await client.query(
    `select pg_terminate_backend(a.pid)
    from pg_locks l join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory' and l.objsubid = 1 and l.granted
      and l.database = (select oid from pg_database where datname = current_database())
      and (l.classid::bigint << 32 | l.objid::bigint) = $1
      and a.state_change < clock_timestamp() - $2 * interval '1 millisecond'`,
    [LOCK_KEYS.leader, SILENT_MS],
  );
}

/** Aborts `lost` when the connection ends, fails, or leaves a probe unanswered. */
function watchConnection(client: pg.Client): { lost: AbortSignal; close(): Promise<void> } {
  const lost = new AbortController();
  let probing = false;
  const end = () => {
    clearInterval(timer);
    lost.abort();
  };
  const timer = setInterval(() => {
    if (probing) {
      end();
      void client.end().catch(() => {});
      return;
    }
    probing = true;
    client.query('select 1').then(
      () => {
        probing = false;
      },
      () => end(),
    );
  }, PROBE_MS);
  timer.unref();
  client.on('error', end);
  client.on('end', end);
  return {
    lost: lost.signal,
    close: async () => {
      end();
      await client.end();
    },
  };
}
