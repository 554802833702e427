/** What must hold between the rows of the database, as statements that answer a sentence for each violation. */

export interface RecordCheck {
  readonly name: string;
  readonly about: string;
  /** Table whose rows are looked at. */
  readonly checked: string;
  /** Selects `violation`. */
  readonly violations: string;
}

export const RECORD_CHECKS: readonly RecordCheck[] = [
  {
    name: 'jobs.counts',
    about: 'the frames and films that a job counts are those that are recorded',
    checked: 'jobs',
    violations: `
      select 'job ' || j.id || ' counts ' || j.frames_done || ' frames and ' || j.films_done || ' films, recorded are '
             || f.n || ' and ' || m.n as violation
      from jobs j
      cross join lateral (select count(*) as n from frames where job_id = j.id) f
      cross join lateral (select count(*) as n from films where job_id = j.id and sha256 is not null) m
      where j.purged_at is null and (j.frames_done <> f.n or j.films_done <> m.n)`,
  },
  {
    name: 'jobs.failures',
    about: 'the failed tasks that a job counts are those that have failed, and it stops for no fewer than it must',
    checked: 'jobs',
    violations: `
      select 'job ' || j.id || ' is ' || j.state || ' and counts ' || j.tasks_failed || ' failed tasks of at most '
             || coalesce(j.max_failed_tasks::text, 'any number') || ', there are ' || t.n as violation
      from jobs j
      cross join lateral (
        select count(*) as n from tasks
        where job_id = j.id and kind in ('render', 'assemble') and feeds is null and state = 'failed') t
      where j.purged_at is null and (j.tasks_failed <> t.n
         or (j.state = 'paused' and j.stopped and (j.max_failed_tasks is null or j.tasks_failed < j.max_failed_tasks)))`,
  },
  {
    name: 'jobs.ends',
    about: 'a job has ended when, and only when, the fate of each frame and film is known',
    checked: 'jobs',
    violations: `
      select 'job ' || id || ' is ' || state || ' with ' || frames_done || ' frames done and ' || frames_failed || ' failed of '
             || frame_count || ', ' || films_done || ' films done and ' || films_failed || ' failed of ' || film_count as violation
      from jobs
      where state <> 'cancelled' and (
        (frames_done + frames_failed = frame_count and films_done + films_failed = film_count)
          <> (state in ('succeeded', 'failed'))
        or (state = 'succeeded' and frames_failed + films_failed > 0)
        or (state = 'failed' and frames_failed + films_failed = 0))
      or frames_done + frames_failed > frame_count or films_done + films_failed > film_count`,
  },
  {
    name: 'jobs.over',
    about: 'nothing of a job that is over waits or is under way',
    checked: 'jobs',
    violations: `
      select 'task ' || t.id || ' is ' || t.state || ', its job ' || j.id || ' ' || j.state as violation
      from tasks t join jobs j on j.id = t.job_id
      where j.state in ('succeeded', 'failed', 'cancelled') and t.state in ('waiting', 'leased', 'blocked')`,
  },
  {
    name: 'layers.released',
    about: 'a layer’s tasks are those that its cursor has passed',
    checked: 'layers',
    violations: `
      select 'layer ' || l.id || ' has released ' || l.released || ' of ' || l.task_count || ' tasks, there are ' || t.n as violation
      from layers l join jobs j on j.id = l.job_id
      cross join lateral (select count(*) as n from tasks where layer_id = l.id and kind = 'render') t
      where j.purged_at is null and (l.released <> t.n or l.released > l.task_count)`,
  },
  {
    name: 'tasks.leases',
    about: 'a task that is leased has one open attempt, any other none',
    checked: 'tasks',
    violations: `
      select 'task ' || t.id || ' is ' || t.state || ' with ' || a.n || ' open attempts' as violation
      from tasks t
      cross join lateral (
        select count(*) as n from attempts where task_id = t.id and state in ('assigned', 'running')) a
      where a.n <> (case when t.state = 'leased' then 1 else 0 end)`,
  },
  {
    name: 'tasks.once',
    about:
      'a task that is done was done by one attempt, and by one more each time that it was asked for anew; films, and parts of frames that were tried again, by the last one at least',
    checked: 'tasks',
    violations: `
      select 'task ' || t.id || ' is ' || t.state || ' with ' || a.n || ' attempts that succeeded' as violation
      from tasks t
      cross join lateral (select count(*) as n from attempts where task_id = t.id and state = 'succeeded') a
      where (t.state = 'succeeded' and a.n = 0)
         or (t.kind <> 'film' and t.feeds is null and a.n > t.redone + (case when t.state = 'succeeded' then 1 else 0 end))`,
  },
  {
    name: 'tasks.inputs',
    about: 'a task that is blocked lacks as many inputs as are not done',
    checked: 'tasks',
    violations: `
      select 'task ' || d.id || ' lacks ' || d.needs || ' inputs, of ' || p.parts || ' are ' || p.done || ' done' as violation
      from tasks d
      join layers l on l.id = d.layer_id
      cross join lateral (
        select count(*) filter (where x.state = 'succeeded') as done,
               (l.division->'tiles'->>'columns')::int * (l.division->'tiles'->>'rows')::int
                 * (l.division->>'sampleRanges')::int as parts
        from tasks x where x.feeds = d.id) p
      where d.state = 'blocked' and d.needs <> p.parts - p.done`,
  },
  {
    name: 'attempts.order',
    about: 'attempts at a task follow one another: none began before the one before it had ended',
    checked: 'attempts',
    violations: `
      select 'attempts ' || a.number || ' and ' || b.number || ' at task ' || a.task_id || ' overlap' as violation
      from attempts a join attempts b on b.task_id = a.task_id and b.number = a.number + 1
      where a.ended_at is null or a.ended_at > b.created_at`,
  },
  {
    name: 'attempts.epoch',
    about: 'no lease was given by a dispatcher that has not led yet, nor by an older one after a newer',
    checked: 'attempts',
    violations: `
      select 'attempt ' || a.id || ' is of epoch ' || a.lease_epoch || ', after one of epoch ' || a.before as violation
      from (
        select id, lease_epoch, max(lease_epoch) over (order by created_at, lease_epoch
          rows between unbounded preceding and 1 preceding) as before from attempts) a
      where a.lease_epoch < a.before
      union all
      select 'attempt ' || a.id || ' is of epoch ' || a.lease_epoch || ', the last that led is ' || s.value
      from attempts a, farm_state s
      where s.key = 'dispatch_epoch' and a.lease_epoch > s.value`,
  },
  {
    name: 'frames.attempts',
    about: 'a frame is of an attempt at the task that has it, which delivered it',
    checked: 'frames',
    violations: `
      select 'frame ' || f.frame_number || ' of layer ' || f.layer_id || ' of job ' || f.job_id || ' is of attempt ' || f.attempt_id || ', which is '
             || coalesce(a.state || ' at task ' || a.task_id, 'not there') as violation
      from frames f
      left join attempts a on a.id = f.attempt_id
      join layers l on l.id = f.layer_id
      where a.id is null or a.task_id <> f.task_id or a.started_at is null
         or (l.chunk = 1 and a.state not in ('succeeded'))`,
  },
  {
    name: 'frames.whole',
    about: 'a task of frames that is done has all of them, one that is not done has not',
    checked: 'tasks',
    violations: `
      select 'task ' || t.id || ' is ' || t.state || ' with ' || f.n || ' of ' || w.n || ' frames' as violation
      from tasks t
      join layers l on l.id = t.layer_id
      join jobs j on j.id = t.job_id and j.purged_at is null
      cross join lateral (
        select case when t.kind = 'assemble' then 1 when t.index < l.single_tasks then 1
          else least(l.chunk, l.frame_count - l.single_tasks - (t.index - l.single_tasks) * l.chunk) end as n) w
      cross join lateral (select count(*) as n from frames where task_id = t.id) f
      where (t.kind = 'assemble' or (t.kind = 'render' and t.feeds is null))
        and (t.state = 'succeeded') <> (f.n = w.n)`,
  },
  {
    name: 'objects.recorded',
    about: 'every file that is referred to is recorded, with its size',
    checked: 'objects',
    violations: `
      select r.what || ' refers to ' || r.sha256 || ' of ' || r.size_bytes || ' bytes, recorded are '
             || coalesce(o.size_bytes::text, 'none') as violation
      from (
        select 'frame ' || frame_number || ' of layer ' || layer_id || ' of job ' || job_id as what, sha256, size_bytes from frames
        union all
        select 'frame ' || frame_number || ' of layer ' || layer_id || ' (' || pass || ')', sha256, size_bytes from frame_files
        union all
        select 'film of task ' || task_id, sha256, size_bytes from films where sha256 is not null
        union all
        select 'a part of task ' || task_id, sha256, size_bytes from pieces
        union all
        select 'scene ' || f.scene_id, f.sha256, f.size_bytes from scene_files f join scenes s on s.id = f.scene_id
        where s.state = 'ready' and s.deleted_at is null
      ) r
      left join objects o on o.sha256 = r.sha256
      where o.sha256 is null or o.size_bytes <> r.size_bytes`,
  },
];
