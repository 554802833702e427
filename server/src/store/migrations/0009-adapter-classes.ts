import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  // Jobs of before were drawn by whoever was there.
  `alter table jobs add column class_policy text not null default 'prefer', add column adapter_class text`,
  `alter table jobs alter column class_policy drop default`,
  `alter table tasks add column adapter_class text`,
];

/** The adapter class of a job's first frames, and of the first parts of a divided frame. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
