/** Which worker asks: by the secret that its registration gave it. */
import type { IncomingHttpHeaders } from 'node:http';
import { KilnError } from '@kiln/shared';
import type { Kysely } from 'kysely';
import { Remembered } from '../jobs/remembered.ts';
import type { Clock } from '../services.ts';
import type { Database } from '../store/tables.ts';
import { hashSecret } from './secrets.ts';

/** A secret that was good is taken to be good for so long; attempts are looked up each time anyway. */
const TRUSTED_MS = 3_000;
const KEPT_WORKERS = 1_000;

export class WorkerIdentities {
  readonly #db: Kysely<Database>;
  readonly #clock: Clock;
  readonly #known = new Remembered<{ workerId: string; untilMs: number }>(KEPT_WORKERS);

  constructor(db: Kysely<Database>, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  /**
   * @returns the worker's id.
   * @throws KilnError `identity.missing` without the secret of a worker; `worker.unknown` when that worker was given up
   *   or has left.
   */
  async of(headers: IncomingHttpHeaders): Promise<string> {
    const secretHash = hashSecret(bearerToken(headers));
    const known = this.#known.get(secretHash);
    if (known && known.untilMs > this.#clock.monotonicMs()) return known.workerId;
    const row = await this.#db
      .selectFrom('workers')
      .select(['id', 'state'])
      .where('secret_hash', '=', secretHash)
      .executeTakeFirst();
    if (!row)
      throw new KilnError('identity.missing', 'this is the secret of no worker; register with KILN_WORKER_TOKEN');
    if (row.state !== 'ready' && row.state !== 'draining') {
      throw new KilnError('worker.unknown', `this worker is ${row.state}; register again`);
    }
    this.#known.set(secretHash, { workerId: row.id, untilMs: this.#clock.monotonicMs() + TRUSTED_MS });
    return row.id;
  }

  /** The worker's secret changed, or it is gone. */
  forget(workerId: string): void {
    this.#known.forgetWhere((known) => known.workerId === workerId);
  }
}

/** @throws KilnError `identity.missing` */
export function bearerToken(headers: IncomingHttpHeaders): string {
  const token = /^Bearer ([\x21-\x7e]{1,500})$/.exec(headers.authorization ?? '')?.[1];
  if (token === undefined) {
    throw new KilnError('identity.missing', 'expected the header "Authorization: Bearer …" of a worker');
  }
  return token;
}
