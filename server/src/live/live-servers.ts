/** [LV42] Which servers are there, by a sign of life of each, so that the others know whose sessions are left. */
import { type Kysely, sql } from 'kysely';
import type { OwnAddress } from '../addresses.ts';
import { fromNow } from '../dispatch/lease-time.ts';
import { LIVE_LIMITS } from '../dispatch/limits.ts';
import type { Database } from '../store/tables.ts';

interface LiveServersParts {
  readonly db: Kysely<Database>;
  readonly serverId: string;
  readonly address: () => OwnAddress;
}

/** Later than any clock of a database is off. */
const FORGET_MS = 86_400_000;

export class LiveServers {
  readonly #parts: LiveServersParts;

  constructor(parts: LiveServersParts) {
    this.#parts = parts;
  }

  /** What listened here before is not there any more. */
  async begin(): Promise<void> {
    const { db, address, serverId } = this.#parts;
    await this.beat();
    await db
      .deleteFrom('servers')
      .where('id', '!=', serverId)
      .where((eb) => eb.or([eb('place', '=', address().place), eb('seen_at', '<', fromNow(-FORGET_MS))]))
      .execute();
  }

  async beat(): Promise<void> {
    const { db, serverId: id, address } = this.#parts;
    const here = { ...address(), seen_at: sql<Date>`now()` };
    await db
      .insertInto('servers')
      .values({ id, ...here })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(here))
      .execute();
  }

  async end(): Promise<void> {
    await this.#parts.db.deleteFrom('servers').where('id', '=', this.#parts.serverId).execute();
  }
}

/** Since when a server that is there was seen. */
export const serverSeenSince = () => fromNow(-LIVE_LIMITS.serverLostMs);
