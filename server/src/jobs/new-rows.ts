/** Rows of a job that comes in. */
import { filmTasks } from '../films/film-tasks.ts';
import type { CompiledJob } from './compile.ts';
import type { Submission } from './insert-jobs.ts';
import { frameOrder, neededJobs } from './job-needs.ts';
import { listOrNull } from './job-row.ts';
import type { JobRow, LayerRow } from './present.ts';
import type { SubmitParts } from './submit-parts.ts';

export interface JobSubject extends Pick<JobRow, 'notify' | 'idempotency_key' | 'request_hash'> {
  readonly tenantId: string;
  readonly sceneId: string;
}

export function newRows(
  { tenantId, sceneId, ...keyed }: JobSubject,
  compiled: CompiledJob,
  { newId, now }: Pick<SubmitParts, 'newId' | 'now'>,
): Omit<Submission, 'assets' | 'costs'> {
  const job: JobRow = {
    id: newId('job'),
    tenant_id: tenantId,
    scene_id: sceneId,
    name: compiled.name,
    state: 'queued',
    user_name: compiled.user,
    tags: listOrNull(compiled.tags),
    limits: listOrNull(compiled.limits),
    max_slots: compiled.maxSlots,
    max_per_host: compiled.maxPerHost,
    terms_version: 0,
    terms_at: null,
    priority: compiled.priority,
    max_attempts: compiled.maxAttempts,
    frame_timeout_ms: compiled.frameTimeoutMs,
    class_policy: compiled.classPolicy,
    after_jobs: compiled.after.length === 0 ? null : [...compiled.after],
    needed_jobs: listOrNull(neededJobs(compiled.layers)),
    adapter_class: null,
    ...keyed,
    frame_count: compiled.frameCount,
    frames_done: 0,
    frames_redrawn: 0,
    reused_samples: 0,
    frames_failed: 0,
    film_count: compiled.layers.reduce((sum, { films }) => sum + films.length, 0),
    films_done: 0,
    films_failed: 0,
    tasks_failed: 0,
    max_failed_tasks: compiled.maxFailedTasks,
    stopped: false,
    waits_for: null,
    error: null,
    given_at: null,
    created_at: now(),
    started_at: null,
    ended_at: null,
    archived_at: null,
    purged_at: null,
  };
  const isGated = compiled.layers.some(({ tests }) => tests !== null);
  const layers = compiled.layers.map(
    (layer, position): LayerRow => ({
      id: newId('layer'),
      job_id: job.id,
      position,
      name: layer.name,
      frames: layer.frames,
      frame_count: layer.frameCount,
      chunk: layer.chunk,
      single_tasks: layer.division === null ? (layer.tests?.frames.length ?? 0) : 0,
      chunk_sec: layer.chunkSec,
      is_chunk_open: layer.chunkSec !== null,
      test_frames: layer.tests && [...layer.tests.frames],
      test_gate: layer.tests?.gate ?? null,
      is_gated: isGated,
      task_count: layer.taskCount,
      released: 0,
      films: [...layer.films],
      needs: listOrNull(layer.needs),
      frame_order: frameOrder(layer),
      limits: listOrNull(layer.limits),
      requires: layer.requires,
      own_requires: layer.ownRequires,
      scene_needs: layer.sceneNeeds,
      settings: layer.settings,
      division: layer.division,
      frame_timeout_ms: layer.frameTimeoutMs,
    }),
  );
  return { job, layers, films: filmTasks(job, layers, newId) };
}
