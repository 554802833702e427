import { type Kysely, sql } from 'kysely';

/** The GLB that an import made of a scene in another format. Those of deleted scenes go, and with them the reference. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table scenes
    add column converted_sha256 text references objects on delete set null,
    add column converted_size_bytes bigint`.execute(db);
  await sql`create index scenes_converted on scenes (converted_sha256) where converted_sha256 is not null`.execute(db);
}
