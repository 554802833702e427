import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  `alter table jobs add column notify jsonb`,
  `create table webhooks (
    id text primary key, tenant_id text not null references tenants, url text not null, events jsonb not null,
    description text not null, secret text not null, enabled boolean not null default true, disabled_reason text,
    failing_since timestamptz, created_at timestamptz not null default now())`,
  `create index webhooks_by_tenant on webhooks (tenant_id)`,
  `create table webhook_deliveries (
    id text primary key, webhook_id text not null references webhooks on delete cascade, message_id text not null,
    type text not null, job_id text, job jsonb, state text not null default 'waiting', tries integer not null default 0,
    attempt_count integer not null default 0, attempts jsonb not null default '[]', next_at timestamptz,
    created_at timestamptz not null default now())`,
  `create index webhook_deliveries_log on webhook_deliveries (webhook_id, created_at desc, id desc)`,
  `create index webhook_deliveries_due on webhook_deliveries (webhook_id, next_at) where state = 'waiting'`,
  `create index webhook_deliveries_by_age on webhook_deliveries (created_at)`,
  // Ids as `newId` makes them, of the digits alone that hexadecimal has: 78 random bits. A hook that is deleted meanwhile
  // is passed over, where the foreign key alone would fail the job's transaction.
  `create function tell_webhooks() returns trigger language plpgsql as $$
    declare
      told text := 'job.' || new.state;
      message text := 'msg_' || right(replace(gen_random_uuid()::text, '-', ''), 20);
    begin
      insert into webhook_deliveries (id, webhook_id, message_id, type, job_id, job, next_at)
      select 'dlv_' || right(replace(gen_random_uuid()::text, '-', ''), 20), h.id, message, told, new.id,
        to_jsonb(new), now()
      from webhooks h
      where h.tenant_id = new.tenant_id and h.enabled and h.events ? told and (new.notify is null or new.notify ? h.id)
      for key share of h;
      return null;
    end $$`,
  `create trigger jobs_tell_webhooks after update of state on jobs for each row
    when (old.state is distinct from new.state and new.state in ('succeeded', 'failed', 'cancelled', 'paused'))
    execute function tell_webhooks()`,
];

/** Whom jobs are told to, and what is to be sent: written with each change of a job's state, whoever makes it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
