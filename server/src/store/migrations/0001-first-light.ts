import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  `create table tenants (
    id text primary key, name text not null, created_at timestamptz not null default now())`,
  `create table api_keys (
    id text primary key, tenant_id text not null references tenants, role text not null, name text not null,
    secret_hash text not null unique, created_at timestamptz not null default now(), revoked_at timestamptz)`,
  `create table sign_in_codes (
    code_hash text primary key, tenant_id text not null references tenants, role text not null,
    expires_at timestamptz not null, used_at timestamptz)`,
  `create table web_sessions (
    token_hash text primary key, tenant_id text not null references tenants, role text not null,
    expires_at timestamptz not null, created_at timestamptz not null default now())`,
  `create table objects (
    sha256 text primary key, size_bytes bigint not null, created_at timestamptz not null default now(),
    unreferenced_at timestamptz)`,
  `create table tenant_objects (
    tenant_id text not null references tenants, sha256 text not null references objects,
    created_at timestamptz not null default now(), primary key (tenant_id, sha256))`,
  `create index tenant_objects_sha256 on tenant_objects (sha256)`,
  `create table uploads (
    id text primary key, tenant_id text not null references tenants, sha256 text not null,
    size_bytes bigint not null, created_at timestamptz not null default now(), touched_at timestamptz not null default now(),
    finished_at timestamptz)`,
  `create index uploads_open on uploads (tenant_id) where finished_at is null`,
  `create table scenes (
    id text primary key, tenant_id text not null references tenants, name text not null, state text not null,
    scene_hash text not null, entry text not null, size_bytes bigint not null, report jsonb, refusal jsonb,
    thumbnail_sha256 text references objects, thumbnail_media_type text, created_at timestamptz not null default now(),
    deleted_at timestamptz)`,
  `create unique index scenes_by_hash on scenes (tenant_id, scene_hash) where state <> 'refused' and deleted_at is null`,
  `create index scenes_thumbnail on scenes (thumbnail_sha256) where thumbnail_sha256 is not null`,
  `create index scenes_by_tenant on scenes (tenant_id, created_at desc)`,
  `create table scene_files (
    scene_id text not null references scenes on delete cascade, path text not null, sha256 text not null,
    size_bytes bigint not null, primary key (scene_id, path))`,
  `create index scene_files_sha256 on scene_files (sha256)`,
  `create table jobs (
    id text primary key, tenant_id text not null references tenants, scene_id text not null references scenes,
    name text not null, state text not null, priority integer not null, max_attempts integer not null,
    frame_timeout_ms integer not null, idempotency_key text, frame_count integer not null,
    frames_done integer not null default 0, frames_failed integer not null default 0, error jsonb,
    created_at timestamptz not null default now(), started_at timestamptz, ended_at timestamptz)`,
  `create unique index jobs_by_idempotency_key on jobs (tenant_id, idempotency_key) where idempotency_key is not null`,
  `create index jobs_by_tenant on jobs (tenant_id, created_at desc)`,
  `create index jobs_by_scene on jobs (scene_id)`,
  `create index jobs_open on jobs (priority desc, created_at) where state in ('queued', 'running')`,
  `create table layers (
    id text primary key, job_id text not null references jobs on delete cascade, position integer not null,
    name text not null, frames text not null, frame_count integer not null, chunk integer not null,
    task_count integer not null, released integer not null default 0, settings jsonb not null,
    unique (job_id, name))`,
  `create table tasks (
    id text primary key, tenant_id text not null references tenants, kind text not null,
    job_id text references jobs on delete cascade, layer_id text references layers on delete cascade,
    scene_id text not null references scenes on delete cascade, index integer not null, state text not null,
    tries integer not null default 0, attempts integer not null default 0, not_before timestamptz,
    created_at timestamptz not null default now(), ended_at timestamptz, unique (layer_id, index))`,
  `create index tasks_open on tasks (state, created_at) where state in ('waiting', 'leased')`,
  `create index tasks_by_job on tasks (job_id, index)`,
  `create index tasks_by_scene on tasks (scene_id)`,
  `create table attempts (
    id text primary key, task_id text not null references tasks on delete cascade, number integer not null,
    state text not null, worker_id text not null, worker_name text not null, lease_epoch bigint not null,
    lease_token text not null, lease_expires_at timestamptz not null, reason text, message text,
    log jsonb not null default '[]', result_hash text, created_at timestamptz not null default now(),
    started_at timestamptz, ended_at timestamptz, unique (task_id, number))`,
  `create unique index attempts_one_lease on attempts (task_id) where state in ('assigned', 'running')`,
  `create index attempts_open on attempts (worker_id) where state in ('assigned', 'running')`,
  `create table frames (
    layer_id text not null references layers on delete cascade, frame_number integer not null,
    sequence bigserial not null, job_id text not null references jobs on delete cascade, tenant_id text not null,
    task_id text not null, attempt_id text not null, sha256 text not null references objects,
    size_bytes bigint not null, media_type text not null, stages jsonb not null, statistics jsonb,
    finished_at timestamptz not null default now(), primary key (layer_id, frame_number))`,
  `create index frames_by_job on frames (job_id, sequence)`,
  `create index frames_by_attempt on frames (attempt_id)`,
  `create index frames_sha256 on frames (sha256)`,
  `create table workers (
    id text primary key, secret_hash text not null unique, identity jsonb not null, status jsonb, state text not null,
    registered_at timestamptz not null default now(), seen_at timestamptz not null default now())`,
  `create table sessions (
    id text primary key, tenant_id text not null references tenants,
    scene_id text not null references scenes on delete cascade, state text not null, worker_id text,
    server_id text not null, dial_url text not null, worker_token text not null, resume_token_hash text not null,
    created_at timestamptz not null default now(), lease_expires_at timestamptz not null, ended_at timestamptz)`,
  `create index sessions_open on sessions (worker_id) where state <> 'ended'`,
  `create table events (
    id bigserial primary key, tenant_id text, type text not null, job_id text, scene_id text, data jsonb not null,
    at timestamptz not null default now())`,
  `create index events_by_tenant on events (tenant_id, id)`,
  `create table farm_state (key text primary key, value bigint not null)`,
  `insert into farm_state (key, value) values ('dispatch_epoch', 0)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
