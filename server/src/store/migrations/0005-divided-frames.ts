import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  `alter table layers add column division jsonb`,
  `alter table tasks add column needs integer not null default 0,
    add column feeds text references tasks on delete cascade,
    drop constraint tasks_layer_id_index_key,
    add constraint tasks_place unique (layer_id, kind, index)`,
  `create index tasks_by_dependent on tasks (feeds) where feeds is not null`,
  `create table pieces (
    task_id text not null references tasks on delete cascade, first_sample integer not null,
    sample_count integer not null, attempt_id text not null, sha256 text not null references objects,
    size_bytes bigint not null, created_at timestamptz not null default now(), primary key (task_id, first_sample))`,
  `create index pieces_sha256 on pieces (sha256)`,
];

/** Tasks that wait for others, and what those hand over. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
