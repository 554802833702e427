import { type Kysely, sql } from 'kysely';

/** Tokens by which pages of other sites open live views. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table farm_secrets (name text primary key, secret text not null)`.execute(db);
  await sql`
    create table view_tokens (
      id text primary key,
      tenant_id text not null references tenants,
      scene_ids jsonb not null,
      access text not null check (access in ('view', 'drive')),
      origins jsonb not null,
      max_sessions int not null,
      label text,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null,
      revoked_at timestamptz
    )`.execute(db);
  await sql`create index view_tokens_tenant on view_tokens (tenant_id, created_at desc)`.execute(db);
  await sql`alter table sessions add column token_id text references view_tokens on delete set null`.execute(db);
  await sql`create index sessions_token on sessions (token_id) where token_id is not null and state <> 'ended'`.execute(
    db,
  );
}
