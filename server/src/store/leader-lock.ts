/** Who leads. In PostgreSQL: whoever holds the advisory lock, by a connection of its own. In PGlite: the only server. */
import { type Kysely, sql } from 'kysely';
import type pg from 'pg';
import { connectPostgres } from './postgres.ts';
import type { LeaderLock, Leadership } from './store.ts';
import type { Database } from './tables.ts';

/** Key of the advisory lock: `kiln` in ASCII. */
const LOCK_KEY = 0x6b_69_6c_6e;

/** How often the leader's connection is tried: a peer that vanished sends no reset. Well below a lease. */
const PROBE_MS = 2_000;

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
  const lock: LeaderLock = {
    async tryLead() {
      const client = await connectPostgres(databaseUrl);
      // Between here and the watch below an error is the query's own.
      client.on('error', () => {});
      try {
        const { rows } = await client.query<{ locked: boolean }>(`select pg_try_advisory_lock($1) as locked`, [
          LOCK_KEY,
        ]);
        if (rows[0]?.locked !== true) {
          await client.end();
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
  return { lock, close: async () => void (await Promise.all([...held].map((leadership) => leadership.release()))) };
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
