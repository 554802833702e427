/** Rows as the API shows them. */
import {
  API_PREFIX,
  type Attempt,
  type Frame,
  faultOf,
  filmFileName,
  frameFileName,
  frameFilePath,
  frameFlags,
  type Job,
  type JobChange,
  type Layer,
  passFilesOf,
  type RenderSettings,
  storedSettings,
  type Task,
} from '@kiln/shared';
import type { Selectable } from 'kysely';
import { NO_OTHERS, type OtherFiles } from '../frames/stored-files.ts';
import type { JobTable } from '../store/job-tables.ts';
import type { AttemptTable, FrameTable, LayerTable, TaskTable } from '../store/tables.ts';
import { taskFrames, taskPart } from './task-frames.ts';

export type JobRow = Selectable<JobTable>;
export type LayerRow = Selectable<LayerTable>;
export type TaskRow = Selectable<TaskTable>;
export type AttemptRow = Selectable<AttemptTable>;
type FrameRow = Selectable<FrameTable>;

const time = (date: Date | null) => date?.toISOString() ?? null;

export const layerView = (row: LayerRow): Layer => ({
  id: row.id,
  name: row.name,
  frames: row.frames,
  frameCount: row.frame_count,
  chunk: row.chunk,
  singleTasks: row.single_tasks,
  chunkSec: row.chunk_sec,
  isChunkOpen: row.is_chunk_open,
  testFrames: row.test_frames,
  division: row.division,
  films: row.films,
  needs: row.needs ?? [],
  limits: row.limits ?? [],
  ...(row.requires ? { requires: row.requires } : {}),
  // A job of an earlier version has no word on what that version did not know.
  settings: storedSettings(row.settings),
});

export const jobView = (row: JobRow, layers: readonly Layer[]): Job => ({ ...jobChange(row), layers: [...layers] });

export const jobChange = (row: JobRow): Omit<JobChange, 'layers'> => ({
  id: row.id,
  name: row.name,
  sceneId: row.scene_id,
  state: row.state,
  user: row.user_name,
  tags: row.tags ?? [],
  priority: row.priority,
  limits: row.limits ?? [],
  maxSlots: row.max_slots ?? null,
  maxPerHost: row.max_per_host ?? null,
  classPolicy: row.class_policy,
  after: row.after_jobs ?? [],
  adapterClass: row.adapter_class,
  waitsFor: row.ended_at === null ? (row.waits_for ?? null) : null,
  frameCount: row.frame_count,
  framesDone: row.frames_done,
  framesFailed: row.frames_failed,
  framesRedrawn: row.frames_redrawn,
  reusedSamples: row.reused_samples,
  maxAttempts: row.max_attempts,
  maxFailedTasks: row.max_failed_tasks,
  stoppedByFailures: row.state === 'paused' && row.stopped,
  filmCount: row.film_count,
  filmsDone: row.films_done,
  filmsFailed: row.films_failed,
  error: row.error,
  createdAt: row.created_at.toISOString(),
  startedAt: time(row.started_at),
  endedAt: time(row.ended_at),
  archivedAt: time(row.archived_at),
});

/** What of a layer a frame's view needs. */
export interface FrameLayer {
  readonly name: string;
  readonly settings: Pick<RenderSettings, 'format' | 'passes' | 'separatePasses'>;
}

export type FrameFacts = Omit<FrameRow, 'sequence' | 'tenant_id' | 'task_id'>;

/** @param others its files beside the first. */
export function frameView(
  row: FrameFacts,
  { name, settings }: FrameLayer,
  { passes: others, preview }: OtherFiles = NO_OTHERS,
): Frame {
  const { format } = settings;
  const fileName = frameFileName(row.frame_number, format);
  const folder = `${API_PREFIX}/jobs/${row.job_id}/frames/${name}`;
  const passes = passFilesOf(settings);
  const first = { pass: passes[0] ?? null, sha256: row.sha256, sizeBytes: row.size_bytes };
  const files = [first, ...passes.flatMap((pass) => others.filter((other) => other.pass === pass))];
  return {
    jobId: row.job_id,
    layerId: row.layer_id,
    layer: name,
    frameNumber: row.frame_number,
    fileName,
    sha256: row.sha256,
    sizeBytes: row.size_bytes,
    mediaType: row.media_type,
    url: `${folder}/${fileName}`,
    attemptId: row.attempt_id,
    stages: row.stages,
    statistics: row.statistics,
    flags: frameFlags(row.statistics),
    files: files.map(({ pass, sha256, sizeBytes }) => {
      const path = frameFilePath(row.frame_number, format, pass);
      return { pass, path, sha256, sizeBytes, url: `${folder}/${path}` };
    }),
    preview: preview && {
      ...preview,
      url: `${API_PREFIX}/jobs/${row.job_id}/previews/${name}/${row.frame_number}`,
    },
    finishedAt: row.finished_at.toISOString(),
  };
}

export const attemptView = (row: AttemptRow, frames: Attempt['frames']): Attempt => ({
  id: row.id,
  taskId: row.task_id,
  number: row.number,
  state: row.state,
  workerId: row.worker_id,
  workerName: row.worker_name,
  leaseEpoch: row.lease_epoch,
  leaseExpiresAt: row.ended_at ? null : row.lease_expires_at.toISOString(),
  reason: row.reason,
  fault: row.reason === null ? null : faultOf(row.reason),
  message: row.message,
  resultHash: row.result_hash,
  resumedFromSample: row.resumed_from_sample,
  frames,
  log: row.log,
  createdAt: row.created_at.toISOString(),
  startedAt: time(row.started_at),
  endedAt: time(row.ended_at),
});

/** @param layer of the task; absent of imports. */
export const taskView = (row: TaskRow, layer: LayerRow | undefined, attempts: Attempt[]): Task => {
  const drawn = row.kind === 'film' ? undefined : layer;
  const film = row.kind === 'film' ? layer?.films[row.index] : undefined;
  return {
    id: row.id,
    jobId: row.job_id,
    layerId: row.layer_id,
    kind: row.kind,
    index: row.index,
    frames: drawn ? taskFrames(drawn, row) : [],
    part: drawn ? taskPart(drawn, row) : null,
    film: film ? filmFileName(film.format) : null,
    state: row.state,
    attempts,
  };
};
