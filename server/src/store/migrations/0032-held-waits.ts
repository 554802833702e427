import { type Kysely, sql } from 'kysely';

/** Of a job that is held already: what exactly it waits for is told when it is looked at. */
const said = (reason: string, job: string, message: string) =>
  `jsonb_build_object('reason', ${reason}, 'message', replace('${message}', 'ID', ${job}))`;

const STATEMENTS = [
  `alter table jobs add column waits_for jsonb`,
  `update jobs j set waits_for = ${said(
    `case when c.hold = 'estimate' and c.is_told then 'unmeasured' else c.hold end`,
    'j.id',
    'Is held by its budget: `kiln job ID --approve` begins it all the same.',
  )} from job_costs c where c.job_id = j.id and c.hold is not null and j.state = 'paused'`,
  `update jobs j set waits_for = ${said(
    `'failures'`,
    'j.id',
    'Stopped after tasks failed: `kiln job ID --retry` tries again and goes on, `--resume` goes on without.',
  )} where j.state = 'paused' and j.stopped and j.waits_for is null`,
  `alter table estimates add column for_budgets_only boolean not null default false`,
  `create index layers_tested on layers (job_id) where test_gate in ('done', 'approval')`,
  `create or replace function tell_webhooks() returns trigger language plpgsql as $$
    declare
      told text := coalesce(tg_argv[0], 'job.' || new.state);
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
  // New numbers of the same reason are not told again; an estimate is made without anybody.
  `create trigger jobs_tell_waits after update of waits_for on jobs for each row
    when (new.waits_for->>'reason' in ('failures', 'unmeasured', 'budget', 'tests', 'approval')
      and new.waits_for->>'reason' is distinct from old.waits_for->>'reason')
    execute function tell_webhooks('job.waiting')`,
];

/** What holds a job is kept with it, so that events and webhooks tell of it; estimates that only budgets wait for are known. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
