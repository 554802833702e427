import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  `create table frame_files (
    layer_id text not null, frame_number integer not null, pass text not null, sha256 text not null references objects,
    size_bytes bigint not null, primary key (layer_id, frame_number, pass),
    foreign key (layer_id, frame_number) references frames on delete cascade)`,
  `create index frame_files_sha256 on frame_files (sha256)`,
];

/** Passes of frames that are files of their own. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
