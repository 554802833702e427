/**
 * Work whose adapter class was settled by a worker that gave it back with nothing done is free again: otherwise it would
 * wait for a class that may never return, for the sake of nothing.
 */
import { sql, type Transaction } from 'kysely';
import type { Database } from '../store/tables.ts';

/**
 * Frees the divided frames that these tasks are parts of, and their jobs, as far as nothing of them is drawn, stored or
 * under way. The caller holds the locks of the jobs.
 *
 * @param taskIds tasks that wait again.
 */
export async function releaseClasses(trx: Transaction<Database>, taskIds: readonly string[]): Promise<void> {
  if (taskIds.length === 0) return;
  const ids = JSON.stringify(taskIds);
  await sql`
    update tasks d set adapter_class = null
    where d.id in (
        select feeds from tasks where id in (select jsonb_array_elements_text(${ids}::jsonb)) and feeds is not null)
      and d.state = 'blocked' and d.adapter_class is not null
      and not exists (select from tasks p where p.feeds = d.id and p.state in ('leased', 'succeeded'))
      and not exists (select from tasks p join pieces x on x.task_id = p.id where p.feeds = d.id)`.execute(trx);
  await sql`
    update jobs j set adapter_class = null
    where j.id in (
        select job_id from tasks where id in (select jsonb_array_elements_text(${ids}::jsonb)) and kind <> 'film')
      and j.state in ('queued', 'running') and j.frames_done = 0 and j.adapter_class is not null
      and not exists (
        select from tasks t where t.job_id = j.id and t.kind <> 'film' and t.state in ('leased', 'succeeded'))
      and not exists (select from tasks t join pieces x on x.task_id = t.id where t.job_id = j.id)`.execute(trx);
}
