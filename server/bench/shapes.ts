/** Farms with much to do, written straight into a database: what the dispatcher's decision is measured on. */
import { completeSettings } from '@kiln/shared';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../src/store/tables.ts';

/** How so many tasks wait. Each runs on the rows that `addFarm` has made. */
export const SHAPES = {
  'one-job': (db, tasks) => addJobs(db, { jobs: 1, frames: tasks }),
  'many-jobs': (db, tasks) => addJobs(db, { jobs: tasks / JOB_FRAMES, frames: JOB_FRAMES }),
  tenants: (db, tasks) => addJobs(db, { jobs: 10 * TENANTS, frames: tasks / (10 * TENANTS), tenants: TENANTS }),
  // Only the first of them may begin.
  after: async (db, tasks) => {
    await addJobs(db, { jobs: tasks / JOB_FRAMES, frames: JOB_FRAMES });
    await sql`
      update jobs set state = 'queued', started_at = null, after_jobs = jsonb_build_array('job_1'), priority = 60
      where id <> 'job_1'`.execute(db);
  },
  // Of each job a second layer waits for the frames of the first.
  needs: async (db, tasks) => {
    await addJobs(db, { jobs: tasks / JOB_FRAMES, frames: JOB_FRAMES });
    await sql`
      insert into layers (id, job_id, position, name, frames, frame_count, chunk, task_count, settings, needs)
      select 'second_' || job_id, job_id, 1, 'second', frames, frame_count, chunk, task_count, settings,
             '[{"layer": "first", "frames": "same"}]' from layers`.execute(db);
  },
  // For each job there is another one that waits for its frames.
  'needs-jobs': async (db, tasks) => {
    await addJobs(db, { jobs: tasks / JOB_FRAMES, frames: JOB_FRAMES });
    await sql`
      insert into jobs (id, tenant_id, scene_id, name, state, priority, max_attempts, frame_timeout_ms, class_policy,
                        adapter_class, frame_count, created_at, started_at, needed_jobs)
      select 'second_' || id, tenant_id, scene_id, name, state, priority, max_attempts, frame_timeout_ms, class_policy,
             adapter_class, frame_count, created_at, started_at, jsonb_build_array(id) from jobs`.execute(db);
    await sql`
      insert into layers (id, job_id, position, name, frames, frame_count, chunk, task_count, settings, needs, frame_order)
      select 'second_' || job_id, 'second_' || job_id, 0, 'second', frames, frame_count, chunk, task_count, settings,
             jsonb_build_array(jsonb_build_object('job', job_id, 'layer', 'first', 'frames', 'same')),
             jsonb_build_array(jsonb_build_object('before', 0, 'first', 1, 'step', 1, 'count', frame_count))
      from layers`.execute(db);
  },
  // Rows of their own, each with an attempt that failed.
  retried: async (db, tasks) => {
    await addJobs(db, { jobs: 1, frames: tasks });
    await sql`update layers set released = task_count`.execute(db);
    await sql`
      insert into tasks (id, tenant_id, kind, job_id, layer_id, scene_id, index, state, tries, attempts)
      select 'task_' || n, 'tenant_1', 'render', 'job_1', 'layer_job_1', 'scene_1', n - 1, 'waiting', 1, 1
      from generate_series(1, ${tasks}::int) n`.execute(db);
    await sql`
      insert into attempts (id, task_id, number, state, worker_id, worker_name, lease_epoch, lease_token,
                            lease_expires_at, started_at, ended_at)
      select 'attempt_' || n, 'task_' || n, 1, 'failed', 'worker_9', 'gone', 0, 'token', now(), now(), now()
      from generate_series(1, ${tasks}::int) n`.execute(db);
  },
} as const satisfies Readonly<Record<string, (db: Kysely<Database>, tasks: number) => Promise<void>>>;

const TENANTS = 100;
const JOB_FRAMES = 1_000;

/** Empty but for tenants with a scene each, and workers. */
export async function addFarm(db: Kysely<Database>, identity: object, workers: number): Promise<void> {
  await sql`insert into tenants (id, name) select 'tenant_' || n, 'tenant ' || n
    from generate_series(1, ${sql.lit(TENANTS)}) n`.execute(db);
  await sql`insert into scenes (id, tenant_id, name, state, scene_hash, entry, size_bytes)
    select 'scene_' || n, 'tenant_' || n, 'a scene', 'ready', repeat('a', 64), 'scene.glb', 1
    from generate_series(1, ${sql.lit(TENANTS)}) n`.execute(db);
  await sql`insert into workers (id, secret_hash, identity, state)
    select 'worker_' || n, 'secret ' || n, ${JSON.stringify(identity)}::jsonb, 'ready'
    from generate_series(1, ${sql.lit(workers)}) n`.execute(db);
}

interface JobsShape {
  readonly jobs: number;
  /** Of each. */
  readonly frames: number;
  /** That the jobs are of, in turn. @defaultValue 1 */
  readonly tenants?: number;
}

/** Jobs that have begun, so that a pass meets them as it does most of the time. */
async function addJobs(db: Kysely<Database>, { jobs, frames, tenants = 1 }: JobsShape): Promise<void> {
  const settings = JSON.stringify(completeSettings({ size: { widthPx: 64, heightPx: 64 } }));
  await sql`
    insert into jobs (id, tenant_id, scene_id, name, state, priority, max_attempts, frame_timeout_ms, class_policy,
                      adapter_class, frame_count, created_at, started_at)
    select 'job_' || n, 'tenant_' || n % ${tenants}::int + 1, 'scene_' || n % ${tenants}::int + 1, 'a job', 'running', 50,
           3, 60000, 'prefer', '0123456789abcdef', ${frames}::int, now() + n * interval '1 millisecond', now()
    from generate_series(1, ${jobs}::int) n`.execute(db);
  await sql`
    insert into layers (id, job_id, position, name, frames, frame_count, chunk, task_count, settings)
    select 'layer_' || id, id, 0, 'first', '1-' || frame_count, frame_count, 1, frame_count, ${settings}::jsonb
    from jobs`.execute(db);
}
