/**
 * What a worker and the server say to each other. Deliveries in the queue hold ids and a lease token only; everything
 * else comes over HTTP under `/api/v1/worker`. The worker opens every connection; no port of it is open.
 */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { Id, Sha256 } from './identifiers.ts';
import { LIMITS } from './limits.ts';
import { FramePart, SampleRange } from './schemas/division.ts';
import { FilmFacts, FilmPlan } from './schemas/film.ts';
import { FrameStages } from './schemas/frame-stages.ts';
import { PixelStatistics } from './schemas/job.ts';
import { ImportReport, Refusal, SceneFile, ScenePath } from './schemas/scene.ts';
import { Backend, ImageFormat, Pass, RenderSettings, Size } from './schemas/settings.ts';
import { WorkerIdentity, WorkerStatus } from './schemas/worker.ts';

/** Versions of the worker protocol that this build speaks, newest first. The server takes one version back. */
export const WORKER_PROTOCOLS = [2, 1] as const;

/** A lease lasts this long from each renewal. Longer than three lost heartbeats, short enough to lose little time. */
export const LEASE_MS = 15_000;
export const HEARTBEAT_MS = 2_000;
/** A worker stops work this long before its lease ends, by its own monotonic clock. */
export const LEASE_MARGIN_MS = 3_000;

/** Request header that carries the lease token of an attempt or the token of a session. */
export const LEASE_HEADER = 'x-kiln-lease';
/** Request header that carries a `PieceResult` as URI-encoded JSON beside the bytes of sums. */
export const PIECE_HEADER = 'x-kiln-piece';
/** Sums of linear light, RGBA with associated alpha, as OpenEXR. */
export const PIECE_MEDIA_TYPE = 'image/x-exr';
/** RGBA floats of the largest part of a frame, which no compression makes larger by more. */
export const MAX_SUMS_BYTES = LIMITS.wholeFramePixels * 4 * 4 + 1_048_576;
/** Request header that carries a `FrameResult` as URI-encoded JSON beside a frame's bytes. */
export const FRAME_HEADER = 'x-kiln-frame';
/** Request header that carries a `FilmResult` as URI-encoded JSON beside a film's bytes. */
export const FILM_HEADER = 'x-kiln-film';

/**
 * Routes of a worker, below `API_PREFIX` (PROTOCOL.md, rules WK). All but `register` take the worker's secret as
 * `Authorization: Bearer`; those of an attempt, and `file`, also `LEASE_HEADER`.
 */
export const WORKER_ROUTES = {
  /** `RegisterRequest` → `Registration`; takes KILN_WORKER_TOKEN as `Authorization: Bearer`. */
  register: { method: 'POST', path: '/worker/register' },
  /** `Heartbeat` → `HeartbeatAnswer`. */
  heartbeat: { method: 'POST', path: '/worker/heartbeat' },
  /** `CanaryVerdict` → `{}`. */
  canary: { method: 'POST', path: '/worker/canary' },
  /** The worker stops in order: its leases end now. */
  goodbye: { method: 'POST', path: '/worker/goodbye' },
  /** → `Assignment`. */
  claim: { method: 'POST', path: '/worker/attempts/:attemptId/claim' },
  /** [WK24] Claims and small frames of several attempts, as `EXCHANGE_MEDIA_TYPE` → `ExchangeAnswer`. */
  exchange: { method: 'POST', path: '/worker/exchange' },
  /** Bytes of a frame, beside `FRAME_HEADER` → `FrameAccepted`. */
  frame: { method: 'PUT', path: '/worker/attempts/:attemptId/frames/:frameNumber' },
  /**
   * Bytes of another file of a frame, beside `FRAME_HEADER` with a `PassResult`, before the frame's first → `{}`. What is
   * called `preview` is a small picture of the frame, as `PREVIEW_MEDIA_TYPE`.
   */
  pass: { method: 'PUT', path: '/worker/attempts/:attemptId/frames/:frameNumber/:pass' },
  /** Sums of a range of samples of a part of a frame, as `PIECE_MEDIA_TYPE` beside `PIECE_HEADER` → `FrameAccepted`. */
  piece: { method: 'PUT', path: '/worker/attempts/:attemptId/pieces' },
  /** Bytes of such sums, for the attempt that makes a frame of them. */
  sums: { method: 'GET', path: '/worker/attempts/:attemptId/pieces/:sha256' },
  /** Frames of an attempt's film from that place on, counted from 0 → `FilmFrames`. */
  filmFrames: { method: 'GET', path: '/worker/attempts/:attemptId/film-frames/:from' },
  /** Bytes of a frame of an attempt's film, or of its sound. */
  filmFile: { method: 'GET', path: '/worker/attempts/:attemptId/film-files/:sha256' },
  /** Bytes of a film, beside `FILM_HEADER` → `{}`. */
  film: { method: 'PUT', path: '/worker/attempts/:attemptId/film' },
  /** Bytes of the GLB that an import made of a scene in another format → `{}`. */
  converted: { method: 'PUT', path: '/worker/attempts/:attemptId/converted/:sha256' },
  /** `ImportResult`. */
  import: { method: 'POST', path: '/worker/attempts/:attemptId/import' },
  /** `AttemptFailure`. */
  fail: { method: 'POST', path: '/worker/attempts/:attemptId/fail' },
  /** Bytes of a scene's file. */
  file: { method: 'GET', path: '/worker/files/:sha256' },
  /** [WK25] Bytes of sums of a session's view, as `PIECE_MEDIA_TYPE`, beside the session's token in `LEASE_HEADER` → `{}`. */
  viewSums: { method: 'PUT', path: '/worker/sessions/:sessionId/sums/:sha256' },
  /** WebSocket: one live session; `SessionOffer.url` is its address. */
  live: { method: 'GET', path: '/worker/live' },
} as const;

export const RegisterRequest = Type.Object({
  identity: WorkerIdentity,
  /** Id of an earlier registration that this process holds, after the server forgot or lost it. */
  resume: Type.Optional(Id('worker')),
});
export type RegisterRequest = Static<typeof RegisterRequest>;

/** [WK24] What a worker may put into one request. */
export const ExchangeLimits = Type.Object({
  claims: Type.Integer({ minimum: 1 }),
  frames: Type.Integer({ minimum: 1 }),
  /** Of one frame; larger ones go alone. */
  frameBytes: Type.Integer({ minimum: 1 }),
  /** Of the whole body. */
  bodyBytes: Type.Integer({ minimum: 1 }),
});
export type ExchangeLimits = Static<typeof ExchangeLimits>;

export const Registration = Type.Object({
  workerId: Id('worker'),
  /** Bearer token for everything under `/api/v1/worker` from now on. */
  workerSecret: Type.String(),
  protocol: Type.Integer(),
  leaseMs: Type.Integer(),
  heartbeatMs: Type.Integer(),
  /** Absent from servers that take each claim and each frame in a request of its own. */
  exchange: Type.Optional(ExchangeLimits),
  redis: Type.Object({
    /** `redis://host:port/db` or `unix:/path`. */
    url: Type.String(),
    username: Type.Union([Type.String(), Type.Null()]),
    password: Type.Union([Type.String(), Type.Null()]),
    prefix: Type.String(),
    /** Queue of frames, and of imports, which no frame holds up. */
    renderQueue: Type.String(),
    /** Of frames that are more urgent than what the worker has of their tenant. */
    urgentQueue: Type.Optional(Type.String()),
    importQueue: Type.String(),
    /** Of films, which wait for frames and hold none up. */
    filmQueue: Type.Optional(Type.String()),
    /** Publish/subscribe channel with `WorkerSignal`s. */
    signalChannel: Type.String(),
  }),
});
export type Registration = Static<typeof Registration>;

/** A job in a worker's queue. */
export const Delivery = Type.Object({
  attemptId: Id('attempt'),
  taskId: Id('task'),
  leaseToken: Type.String(),
});
export type Delivery = Static<typeof Delivery>;

/** Path of the one file of a scene that was converted. */
export const CONVERTED_ENTRY = 'scene.glb';
export const GLB_MEDIA_TYPE = 'model/gltf-binary';

/** Files to draw a scene from: its own, or the GLB that its import made of them. An import gets the scene's own. */
export const SceneSource = Type.Object({
  sceneHash: Sha256,
  entry: ScenePath,
  files: Type.Array(SceneFile),
});
export type SceneSource = Static<typeof SceneSource>;

/** How the samples of a part came to their end, and what was known of its noise then. */
const PartEnd = Type.Object({
  /** It has no more samples. */
  endedBy: Type.Optional(Type.Enum(['noise', 'time'])),
  /** Estimated relative error of the frame up to there; absent where it was not looked at. */
  noise: Type.Optional(Type.Number({ minimum: 0 })),
});

/** Sums that are stored: of all samples of `samples`, at the pixels of `region`. */
export const StoredSums = Type.Object({
  ...FramePart.properties,
  ...PartEnd.properties,
  /** The graphics interface that drew them; absent of parts that workers of before drew. */
  backend: Type.Optional(Backend),
  sha256: Sha256,
  sizeBytes: Type.Integer({ minimum: 1 }),
});
export type StoredSums = Static<typeof StoredSums>;

/** Answer to `POST /worker/attempts/:id/claim`: the lease holds, this is the work. */
export const Assignment = Type.Object({
  attemptId: Id('attempt'),
  taskId: Id('task'),
  tenantId: Id('tenant'),
  /** Milliseconds until the lease ends, if it is not renewed. */
  leaseMs: Type.Integer(),
  timeoutMs: Type.Integer(),
  /** Of its job; larger goes first among those of one tenant. Absent from servers of protocol 1. */
  priority: Type.Optional(Type.Integer()),
  scene: SceneSource,
  work: Type.Union([
    Type.Object({
      kind: Type.Literal('render'),
      settings: RenderSettings,
      /** Frames of this task that no attempt has delivered yet, in order. */
      frames: Type.Array(Type.Integer()),
    }),
    Type.Object({
      kind: Type.Literal('piece'),
      settings: RenderSettings,
      frameNumber: Type.Integer(),
      /** What no attempt has delivered yet. */
      part: FramePart,
      /**
       * [WK23] Sums of fewer samples than a block that the part's range begins with; null: none are stored. Absent from
       * servers that take no such sums.
       */
      begun: Type.Optional(Type.Union([StoredSums, Type.Null()])),
      /** [WK21] Of a frame that noise or time may end: what is stored of it, but for `begun`. */
      before: Type.Optional(Type.Object({ sums: Type.Array(StoredSums), drawnMs: Type.Number({ minimum: 0 }) })),
    }),
    Type.Object({
      kind: Type.Literal('assemble'),
      settings: RenderSettings,
      frameNumber: Type.Integer(),
      /** Block after block; of each, ranges of samples in order. */
      sums: Type.Array(StoredSums),
    }),
    Type.Object({ kind: Type.Literal('import') }),
    Type.Object({
      kind: Type.Literal('film'),
      plan: FilmPlan,
      /** Of its frames. */
      size: Size,
      frameFormat: ImageFormat,
      fps: Type.Number(),
      frameCount: Type.Integer(),
    }),
  ]),
});
export type Assignment = Static<typeof Assignment>;

/** Beside the bytes of a pass that is a file of its own. */
export const PassResult = Type.Object({ sha256: Sha256, sizeBytes: Type.Integer({ minimum: 1 }) });
export type PassResult = Static<typeof PassResult>;

/** Of a small picture of a frame. */
export const PREVIEW_MEDIA_TYPE = 'image/webp';

/** A file of a frame beside its first one. */
export const PassFile = Type.Object({ pass: Pass, ...PassResult.properties });
export type PassFile = Static<typeof PassFile>;

/** Beside the bytes of `PUT /worker/attempts/:id/frames/:frameNumber`. */
export const FrameResult = Type.Object({
  sha256: Sha256,
  sizeBytes: Type.Integer({ minimum: 1 }),
  stages: FrameStages,
  statistics: Type.Union([PixelStatistics, Type.Null()]),
  /** Files of its other passes, which were sent before: all of `passFilesOf` but the first. */
  files: Type.Optional(Type.Array(PassFile)),
  /** A small picture of a frame that nothing holds whole, which was sent before. */
  preview: Type.Optional(PassResult),
  /** When the worker began to send it, Unix milliseconds on its clock: there the stage `deliver` begins. */
  sentAtMs: Type.Optional(Type.Number()),
});
export type FrameResult = Static<typeof FrameResult>;

/** Beside the bytes of `PUT /worker/attempts/:id/pieces`. */
export const PieceResult = Type.Object({
  sha256: Sha256,
  sizeBytes: Type.Integer({ minimum: 1 }),
  /** Begins where what is stored ends; [WK23] where it ends within a block, at that block. */
  samples: SampleRange,
  stages: FrameStages,
  ...PartEnd.properties,
  /** Time of drawing, without what was drawn in between. */
  drawnMs: Type.Optional(Type.Number({ minimum: 0 })),
  /** [WK18] Something more urgent has taken the slot: the rest is for another attempt. */
  givesWay: Type.Optional(Type.Boolean()),
});
export type PieceResult = Static<typeof PieceResult>;

export const FrameAccepted = Type.Object({
  /** The task is done: every frame of it is recorded. */
  taskDone: Type.Boolean(),
  /** [WK18] The attempt ended with these sums; another draws the rest. */
  gaveWay: Type.Optional(Type.Boolean()),
});
export type FrameAccepted = Static<typeof FrameAccepted>;

/** Frames of a film in its order, as far as it is known what becomes of them; those after are still being drawn. */
export const FilmFrames = Type.Object({
  frames: Type.Array(
    Type.Object({
      frameNumber: Type.Integer(),
      /** Null: it failed, or its job ended without it. */
      file: Type.Union([Type.Object({ sha256: Sha256, sizeBytes: Type.Integer() }), Type.Null()]),
    }),
  ),
});
export type FilmFrames = Static<typeof FilmFrames>;

/** Beside the bytes of `PUT /worker/attempts/:id/film`. */
export const FilmResult = Type.Object({
  sha256: Sha256,
  sizeBytes: Type.Integer({ minimum: 1 }),
  facts: FilmFacts,
});
export type FilmResult = Static<typeof FilmResult>;

export const AttemptFailure = Type.Object({
  code: Type.String(),
  message: Type.String({ maxLength: 10_000 }),
  /** Whether the same task can succeed elsewhere or later. */
  retryable: Type.Boolean(),
  /**
   * False: neither the task nor its worker is to blame, as where another task took the page with it. The attempt is then lost,
   * and no try of its task. @defaultValue true
   */
  counts: Type.Optional(Type.Boolean()),
  /** Last lines of the page's console and the browser's log. */
  log: Type.Array(Type.String({ maxLength: 2_000 }), { maxItems: 200 }),
});
export type AttemptFailure = Static<typeof AttemptFailure>;

/** Body of `POST /worker/attempts/:id/import`. */
export const ImportResult = Type.Union([
  Type.Object({
    outcome: Type.Literal('ready'),
    report: ImportReport,
    thumbnailBase64: Type.String({ maxLength: 1_000_000 }),
    thumbnailMediaType: Type.String(),
    /** The GLB that the scene was converted to and is drawn from; sent before. Absent for glTF. */
    converted: Type.Optional(Type.Object({ sha256: Sha256, sizeBytes: Type.Integer({ minimum: 1 }) })),
  }),
  Type.Object({
    outcome: Type.Literal('refused'),
    refusal: Refusal,
    report: Type.Union([ImportReport, Type.Null()]),
  }),
]);
export type ImportResult = Static<typeof ImportResult>;

/** How far an attempt is with the frame that it draws. */
export const AttemptProgress = Type.Object({
  attemptId: Id('attempt'),
  frameNumber: Type.Integer(),
  /** Samples of the frame up to which it has come, from the frame's first on. */
  samples: Type.Integer({ minimum: 0 }),
});
export type AttemptProgress = Static<typeof AttemptProgress>;

export const Heartbeat = Type.Object({
  status: WorkerStatus,
  /** Attempts whose delivery the worker holds. */
  attempts: Type.Array(Type.Object({ attemptId: Id('attempt'), leaseToken: Type.String() })),
  /** Sessions that it draws. */
  sessions: Type.Array(Id('session')),
  /** [WK20] */
  progress: Type.Optional(Type.Array(AttemptProgress)),
  draining: Type.Boolean(),
});
export type Heartbeat = Static<typeof Heartbeat>;

/** A session that the worker shall dial in for. */
export const SessionOffer = Type.Object({
  sessionId: Id('session'),
  tenantId: Id('tenant'),
  /** WebSocket URL of the server that holds the viewer. */
  url: Type.String(),
  token: Type.String(),
  scene: SceneSource,
});
export type SessionOffer = Static<typeof SessionOffer>;

export const HeartbeatAnswer = Type.Object({
  /** Leases renewed now, in milliseconds from the arrival of this answer. */
  renewed: Type.Array(Type.Object({ attemptId: Id('attempt'), leaseMs: Type.Integer() })),
  /** Attempts to stop at once: cancelled, lost, or unknown. */
  stop: Type.Array(Id('attempt')),
  /** Sessions that should be here and are not; those to end. The signal may have been lost: this is the truth. */
  openSessions: Type.Array(SessionOffer),
  endSessions: Type.Array(Id('session')),
  /** [WK22] To draw its canary and tell whether it is right. */
  drawCanary: Type.Optional(Type.Boolean()),
  drain: Type.Boolean(),
});
export type HeartbeatAnswer = Static<typeof HeartbeatAnswer>;

/** [WK22] What came of drawing the canary once more. */
export const CanaryVerdict = Type.Object({
  /** Why it is wrong; null: it is the same picture as when the worker started. */
  fault: Type.Union([Type.String({ maxLength: 2_000 }), Type.Null()]),
});
export type CanaryVerdict = Static<typeof CanaryVerdict>;

/** Published to a worker's channel; saves waiting for the next heartbeat, and may be lost. */
export const WorkerSignal = Type.Union([
  Type.Object({ type: Type.Literal('open-session'), offer: SessionOffer }),
  Type.Object({ type: Type.Literal('end-session'), sessionId: Id('session') }),
  Type.Object({ type: Type.Literal('stop'), attempts: Type.Array(Id('attempt')) }),
  Type.Object({ type: Type.Literal('heartbeat') }),
]);
export type WorkerSignal = Static<typeof WorkerSignal>;
