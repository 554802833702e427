import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  // `single_tasks` tasks of one frame come before those of `chunk` frames.
  `alter table layers
    add column single_tasks integer not null default 0,
    add column chunk_sec double precision,
    add column is_chunk_open boolean not null default false,
    add column test_frames jsonb,
    add column test_gate text,
    add column is_gated boolean not null default false`,
  `create index layers_open_chunk on layers (job_id) where is_chunk_open`,
];

/** Frames that are drawn before the others of a job, and tasks whose length is settled when frames are measured. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
