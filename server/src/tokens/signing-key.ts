/** What tokens of live views are signed with: made once for all servers of a farm, and never shown. */
import type { Kysely } from 'kysely';
import type { RandomBytes } from '../services.ts';
import type { Database } from '../store/tables.ts';
import { newSecret } from '../workers/secrets.ts';

const NAME = 'view-tokens';

export class SigningKey {
  readonly #db: Kysely<Database>;
  readonly #random: RandomBytes;
  #key: string | null = null;

  constructor(db: Kysely<Database>, random: RandomBytes) {
    this.#db = db;
    this.#random = random;
  }

  async read(): Promise<string> {
    this.#key ??= (await this.#find()) ?? (await this.#make());
    return this.#key;
  }

  async #find(): Promise<string | null> {
    const row = await this.#db.selectFrom('farm_secrets').select('secret').where('name', '=', NAME).executeTakeFirst();
    return row?.secret ?? null;
  }

  /** Another server may have made it meanwhile. */
  async #make(): Promise<string> {
    await this.#db
      .insertInto('farm_secrets')
      .values({ name: NAME, secret: newSecret(this.#random) })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .execute();
    const key = await this.#find();
    if (key === null) throw new Error('a secret that was made has a row');
    return key;
  }
}
