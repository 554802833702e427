import { type Kysely, sql } from 'kysely';

/** What attempts under way have taken so far; what a job was asked for, beside its key (null of earlier jobs: not known). */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table layer_use add column running_sec double precision not null default 0`.execute(db);
  await sql`create index layer_use_running on layer_use (layer_id) where running_sec > 0`.execute(db);
  await sql`alter table jobs add column request_hash text`.execute(db);
}
