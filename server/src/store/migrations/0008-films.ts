import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  `alter table jobs add column film_count integer not null default 0, add column films_done integer not null default 0,
    add column films_failed integer not null default 0`,
  `alter table layers add column films jsonb not null default '[]'`,
  `create table films (
    task_id text primary key references tasks on delete cascade, job_id text not null references jobs on delete cascade,
    layer_id text not null references layers on delete cascade, tenant_id text not null, plan jsonb not null,
    audio_sha256 text references objects, frames_taken integer not null default 0, facts jsonb,
    sha256 text references objects, size_bytes bigint, error jsonb, finished_at timestamptz)`,
  `create index films_by_job on films (job_id)`,
  `create index films_sha256 on films (sha256) where sha256 is not null`,
  `create index films_audio on films (audio_sha256) where audio_sha256 is not null`,
];

/** Films of finished frames: a task each. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
