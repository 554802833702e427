import { type Kysely, sql } from 'kysely';

/**
 * What the dispatcher reads each second, in the order in which it reads it: tasks that wait, by layer and by when they may
 * begin, imports by tenant, and those that wait longest for their next try. Tasks that are cut from a layer's cursor never wait, and cost these indexes nothing.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index tasks_waiting on tasks (
      layer_id, kind, coalesce(not_before, '-infinity'::timestamptz), created_at, id)
    where state = 'waiting' and layer_id is not null`.execute(db);
  await sql`
    create index tasks_resting on tasks (not_before) where state = 'waiting' and not_before is not null`.execute(db);
  await sql`
    create index tasks_importing on tasks (tenant_id, created_at, id)
    where state = 'waiting' and kind = 'import'`.execute(db);
}
