/** Jobs, their layers, tasks, attempts and frames, as the API shows them. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { Fault } from '../faults.ts';
import { Id, Sha256, Timestamp } from '../identifiers.ts';
import { LIMITS } from '../limits.ts';
import { AttemptState, JobState, TaskState } from '../states.ts';
import { Name } from '../storable-text.ts';
import { BOUNDS, LimitNames, SHOWN_BOUNDS } from './bounds.ts';
import { Budget } from './budget.ts';
import { Division, FramePart, Tiles } from './division.ts';
import { JobUse } from './estimate.ts';
import { FilmFormat, FilmPlan, FilmRequest } from './film.ts';
import { FrameStages } from './frame-stages.ts';
import { JobWait } from './job-wait.ts';
import { JobTags, JobUser, LABELS } from './labels.ts';
import { LayerName, LayerNeed, LayerNeeds } from './layer-needs.ts';
import { FrameProgress } from './progress.ts';
import { REQUIRES, Requires } from './requires.ts';
import { Pass, RenderSettings } from './settings.ts';
import { Chunk, TestFrames } from './test-frames.ts';

/**
 * `strict`: all frames of a job are drawn by workers of one adapter class, and wait for one. `prefer`: as long as one has
 * room; the parts of one frame always are.
 */
export const ClassPolicy = Type.Enum(['strict', 'prefer']);
export type ClassPolicy = Static<typeof ClassPolicy>;

const CLASS_POLICY =
  'Frames of one adapter class (GPU, driver and browser) are the same, byte for byte. `strict`: all frames of the job are drawn by that of its first; when no worker of it is left, the job waits. `prefer`: others draw whole frames when none of it has room.';

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** What `frames` takes, in words. */
export const FRAME_EXPRESSION =
  'Frame expression: `1-10`, `1-100x3`, `5,7,20-30`, backwards `10-1`, every eighth first `1-100:8`, first, last and middle first `1-100:flm`.';

export const LayerRequest = Type.Object(
  {
    ...Type.Partial(Type.Omit(RenderSettings, ['size'])).properties,
    size: RenderSettings.properties.size,
    name: Type.Optional(LayerName),
    frames: Type.String({
      minLength: 1,
      maxLength: LIMITS.frameExpressionChars,
      description: FRAME_EXPRESSION,
    }),
    chunk: Type.Optional(Chunk),
    testFrames: Type.Optional(TestFrames),
    needs: Type.Optional(LayerNeeds),
    limits: BOUNDS.limits,
    ...REQUIRES,
    tiles: Type.Optional(Tiles),
    splitSamples: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: LIMITS.frameParts,
        default: 1,
        description:
          'Ranges that the samples of a frame, or of each of its blocks, are divided into, each drawn by a task of its own. A range has 16 samples or more.',
      }),
    ),
    films: Type.Optional(
      Type.Array(FilmRequest, { maxItems: FilmFormat.enum.length, description: 'Made of the frames, beside them.' }),
    ),
  },
  { additionalProperties: false },
);
export type LayerRequest = Static<typeof LayerRequest>;

export const JobRequest = Type.Object(
  {
    name: Type.Optional(Name),
    sceneId: Id('scene'),
    layers: Type.Array(LayerRequest, { minItems: 1, maxItems: LIMITS.jobLayers }),
    ...LABELS,
    ...BOUNDS,
    ...REQUIRES,
    priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 100, default: 50 })),
    maxAttempts: Type.Optional(
      Type.Integer({ minimum: 1, maximum: LIMITS.taskAttemptsMax, default: LIMITS.taskAttempts }),
    ),
    maxFailedTasks: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: LIMITS.jobFrames,
        description:
          'As soon as so many of its tasks have failed for good the job stops: nothing more of it is begun until it is retried or resumed. A frame in parts counts as one task. Unless given, nothing stops it.',
      }),
    ),
    after: Type.Optional(
      Type.Array(Id('job'), {
        maxItems: LIMITS.jobPredecessors,
        uniqueItems: true,
        description: 'Ids of jobs: nothing of this one is begun before each of them has succeeded.',
      }),
    ),
    frameTimeoutMs: Type.Optional(
      Type.Integer({
        minimum: 1_000,
        maximum: LIMITS.frameTimeoutMaxMs,
        description:
          'Longest time for one frame, of every layer. Unless given, ten minutes; six hours in layers that are path-traced.',
      }),
    ),
    budget: Type.Optional(Budget),
    testFrames: Type.Optional(TestFrames),
    estimateId: Type.Optional(
      Type.String({ ...Id('estimate'), description: 'An estimate that was made of this job: it is kept with it.' }),
    ),
    classPolicy: Type.Optional(Type.Enum(ClassPolicy.enum, { default: 'strict', description: CLASS_POLICY })),
    idempotencyKey: Type.Optional(Name),
    notify: Type.Optional(
      Type.Array(Id('webhook'), {
        maxItems: LIMITS.webhooksPerTenant,
        description: 'Webhooks that are told of this job, by their ids; all, unless given.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type JobRequest = Static<typeof JobRequest>;

export const JobBatch = Type.Object(
  { jobs: Type.Array(JobRequest, { minItems: 1, maxItems: LIMITS.batchJobs }) },
  { additionalProperties: false },
);
export type JobBatch = Static<typeof JobBatch>;

export const Layer = Type.Object({
  id: Id('layer'),
  name: Type.String(),
  frames: Type.String(),
  frameCount: Type.Integer(),
  /** Frames of one task; 1 until it is settled by what the first frames take. */
  chunk: Type.Integer(),
  /** Tasks of one frame that come before those of `chunk` frames. */
  singleTasks: Type.Integer(),
  /** What tasks are meant to take, in seconds; null where their frames were counted. */
  chunkSec: Nullable(Type.Number()),
  /** Whether `chunk` is not settled yet. */
  isChunkOpen: Type.Boolean(),
  /** Drawn first; null: none are. */
  testFrames: Nullable(Type.Array(Type.Integer())),
  /** How its frames are divided; null where each is drawn whole. */
  division: Nullable(Division),
  films: Type.Array(FilmPlan),
  /** Layers of its job that it waits for. */
  needs: Type.Array(LayerNeed),
  /** Limits that its tasks count for, beside those of the job. */
  limits: LimitNames,
  /** What its workers must have, with what its job requires; absent: anything. */
  requires: Type.Optional(Requires),
  settings: RenderSettings,
});
export type Layer = Static<typeof Layer>;

export const PixelStatistics = Type.Object({
  /** Of which pass they are, the frame's first; absent: of the picture. */
  pass: Type.Optional(Pass),
  /**
   * Of the picture over R, G and B: from 0 to 1 as encoded; of half and float files the linear light that they hold. Of
   * another pass over its channels, as floats have it: depth and position where something stands, mattes as what is in
   * front covers pixels.
   */
  min: Type.Number(),
  max: Type.Number(),
  mean: Type.Number(),
  /** Pixels with a NaN or infinite sum before they were resolved, those of every pass together. */
  nanCount: Type.Integer(),
});
export type PixelStatistics = Static<typeof PixelStatistics>;

/** `nan`: pixels that are no numbers, or infinite. `black`: no pixel shows any light. */
export const FrameFlag = Type.Enum(['nan', 'black']);
export type FrameFlag = Static<typeof FrameFlag>;

const FrameFile = Type.Object({
  /** Null where it is the frame's only one. */
  pass: Nullable(Pass),
  /** Within its layer: `depth/0001.png`. */
  path: Type.String(),
  sha256: Sha256,
  sizeBytes: Type.Integer(),
  /** Path of the bytes on the server, `API_PREFIX` included. */
  url: Type.String(),
});
export type FrameFile = Static<typeof FrameFile>;

/** A small WebP of a frame that browsers do not show. */
const FramePreview = Type.Object({
  sha256: Sha256,
  sizeBytes: Type.Integer(),
  /** Path of the bytes on the server, `API_PREFIX` included. */
  url: Type.String(),
});

export const Frame = Type.Object({
  jobId: Id('job'),
  layerId: Id('layer'),
  layer: Type.String(),
  frameNumber: Type.Integer(),
  fileName: Type.String(),
  sha256: Sha256,
  sizeBytes: Type.Integer(),
  mediaType: Type.String(),
  /** Path of the bytes on the server, `API_PREFIX` included. */
  url: Type.String(),
  attemptId: Id('attempt'),
  stages: FrameStages,
  statistics: Nullable(PixelStatistics),
  flags: Type.Array(FrameFlag, { description: 'What makes this frame suspicious; mostly nothing.' }),
  files: Type.Array(FrameFile, {
    description: 'All files of the frame; `sha256`, `sizeBytes` and `url` above are those of the first.',
  }),
  /** Of a frame that is streamed into its file and has the pass `beauty`: at most 640 pixels an edge, WebP. */
  preview: Nullable(FramePreview),
  finishedAt: Timestamp,
});
export type Frame = Static<typeof Frame>;

export const Attempt = Type.Object({
  id: Id('attempt'),
  taskId: Id('task'),
  number: Type.Integer({ description: 'Counts from 1 within the task.' }),
  state: AttemptState,
  workerId: Id('worker'),
  workerName: Type.String(),
  /** Epoch of the dispatcher that gave the lease. */
  leaseEpoch: Type.Integer(),
  leaseExpiresAt: Nullable(Timestamp),
  /** Error code of why it ended without a result; null when its job was cancelled. */
  reason: Nullable(Type.String()),
  /** Whose fault that is; null where there is no reason. */
  fault: Nullable(Fault),
  message: Nullable(Type.String()),
  /** Result of the last frame. */
  resultHash: Nullable(Sha256),
  /** The first sample that it drew of its part of a frame, when others had delivered those before; else null. */
  resumedFromSample: Nullable(Type.Integer()),
  /** Stages of every frame that this attempt drew. */
  frames: Type.Array(Type.Object({ frameNumber: Type.Integer(), sha256: Sha256, stages: FrameStages })),
  /** Last lines of the page's console and Chromium's log, when it failed. */
  log: Type.Array(Type.String()),
  createdAt: Timestamp,
  startedAt: Nullable(Timestamp),
  endedAt: Nullable(Timestamp),
});
export type Attempt = Static<typeof Attempt>;

/** `assemble` makes a frame of the parts that `render` tasks have drawn, `film` a film of frames while later ones are drawn. */
export const TaskKind = Type.Enum(['render', 'import', 'assemble', 'film']);
export type TaskKind = Static<typeof TaskKind>;

export const Task = Type.Object({
  id: Id('task'),
  jobId: Type.Union([Id('job'), Type.Null()]),
  layerId: Type.Union([Id('layer'), Type.Null()]),
  kind: TaskKind,
  /** Position among the layer's tasks of its kind. */
  index: Type.Integer(),
  frames: Type.Array(Type.Integer()),
  /** What it draws of its frame; null of whole ones. */
  part: Nullable(FramePart),
  /** File that it makes of the layer's frames, as `film.mp4`; null of other kinds. */
  film: Nullable(Type.String()),
  state: TaskState,
  attempts: Type.Array(Attempt),
});
export type Task = Static<typeof Task>;

export const Job = Type.Object({
  id: Id('job'),
  name: Type.String(),
  sceneId: Id('scene'),
  state: JobState,
  /** Who submitted it, as the client said; null: it did not say. */
  user: Nullable(JobUser),
  tags: JobTags,
  priority: Type.Integer(),
  ...SHOWN_BOUNDS,
  classPolicy: ClassPolicy,
  /** Jobs that must succeed before it begins. */
  after: Type.Array(Id('job')),
  /** Of the worker that was given its first frame; null before. */
  adapterClass: Nullable(Type.String()),
  /**
   * Null: for its turn at most, or it has ended. In events, and in answers that tell of a change, only what holds a job is
   * told: not what changes with the farm.
   */
  waitsFor: Type.Optional(Nullable(JobWait)),
  /** Frames that are being drawn for some seconds. Absent of a job that has ended, and in events. */
  progress: Type.Optional(Type.Array(FrameProgress)),
  /** Absent in events. */
  use: Type.Optional(JobUse),
  layers: Type.Array(Layer),
  frameCount: Type.Integer(),
  framesDone: Type.Integer(),
  framesFailed: Type.Integer(),
  /** How often frames that were done have been forgotten, to be drawn anew: what is known of them is to be fetched again. */
  framesRedrawn: Type.Integer(),
  /** Samples of a live view that its frame begins with; 0 of a job that was not made of one. */
  reusedSamples: Type.Integer(),
  /** Tries that each task has; from the next failure on, where it was changed. */
  maxAttempts: Type.Integer(),
  /** Null: it goes on however many fail. */
  maxFailedTasks: Nullable(Type.Integer()),
  /** It is paused because so many have failed. */
  stoppedByFailures: Type.Boolean(),
  /** Films asked for; a job ends when each is there, or has failed. */
  filmCount: Type.Integer(),
  filmsDone: Type.Integer(),
  filmsFailed: Type.Integer(),
  /** First error of a failed frame or film. */
  error: Nullable(Type.Object({ code: Type.String(), message: Type.String() })),
  createdAt: Timestamp,
  startedAt: Nullable(Timestamp),
  endedAt: Nullable(Timestamp),
  /** Put away: not listed unless that is asked for. */
  archivedAt: Nullable(Timestamp),
});
export type Job = Static<typeof Job>;

/** What is left of a job that was purged. */
export const PurgedJob = Type.Object({
  id: Id('job'),
  name: Type.String(),
  /** Frames that were there. */
  framesDone: Type.Integer(),
  /** Slot-seconds that its attempts at frames took in all. */
  slotSec: Type.Number(),
  createdAt: Timestamp,
  endedAt: Nullable(Timestamp),
  purgedAt: Timestamp,
});
export type PurgedJob = Static<typeof PurgedJob>;

/** A job as events tell of it. Its layers may be large: only events of its submission, and of a change of what they require, have them. */
export const JobChange = Type.Object({
  ...Type.Omit(Job, ['layers']).properties,
  layers: Type.Optional(Job.properties.layers),
});
export type JobChange = Static<typeof JobChange>;
