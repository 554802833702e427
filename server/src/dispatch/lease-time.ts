/** Times of leases are the database's: several servers write them, and their clocks differ. */
import { type RawBuilder, sql } from 'kysely';

/** The database's now and so many milliseconds, as a value for a `timestamptz` column. */
export const fromNow = (ms: number): RawBuilder<Date> =>
  sql<Date>`now() + ${sql.lit(Math.round(ms))} * interval '1 millisecond'`;
