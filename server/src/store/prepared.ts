/**
 * Statements that PostgreSQL plans once per connection: planning what the dispatcher says takes longer than doing it. Such a
 * statement begins with `PREPARED`, has one text whatever its parameters are, and names the columns of its rows: a plan
 * whose rows changed with a table, by a newer server, would be refused.
 */
import { createHash } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import pg from 'pg';

const MARK = '/* prepared */';

/** To begin a statement with. */
export const PREPARED: RawBuilder<unknown> = sql.raw(MARK);

const names = new Map<string, string>();

function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    name = createHash('sha256').update(text).digest('base64url').slice(0, 32);
    names.set(text, name);
  }
  return name;
}

type Query = pg.Client['query'];

/** Has statements that begin with `PREPARED` planned once. */
export class PreparingClient extends pg.Client {
  override query = ((...args: unknown[]): unknown => {
    const [text, values, ...rest] = args;
    const isPrepared = typeof text === 'string' && text.trimStart().startsWith(MARK);
    const ask = super.query as (...args: unknown[]) => unknown;
    return isPrepared ? ask.call(this, { name: nameOf(text), text, values }, ...rest) : ask.apply(this, args);
  }) as Query;
}
