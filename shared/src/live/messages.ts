/** Control messages of the live view: JSON text frames. The rules are in PROTOCOL.md; `[LVn]` names one. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { DEFAULT_SAMPLES } from '../engine-defaults.ts';
import { Id } from '../identifiers.ts';
import { LIMITS } from '../limits.ts';
import { LightSettings } from '../schemas/light.ts';
import { SceneEdits } from '../schemas/scene-edits.ts';
import { ClipSettings, Pose, Position, RenderSettings, Vector3 } from '../schemas/settings.ts';
import { TokenAccess } from '../schemas/token.ts';
import { Name } from '../storable-text.ts';
import { PictureCodec } from './codecs.ts';

const LiveSize = Type.Object(
  {
    widthPx: Type.Integer({ minimum: 16, maximum: LIMITS.liveEdgePx }),
    heightPx: Type.Integer({ minimum: 16, maximum: LIMITS.liveEdgePx }),
  },
  { additionalProperties: false },
);

/** What no picture shows but one that takes its time. */
const DRAWN_AT_REST = [
  'engine',
  'backend',
  'bounces',
  'noiseThreshold',
  'clampIndirect',
  'filterGlossy',
  'denoise',
  'lens',
  'shutterAngleDeg',
] as const;

/** What is drawn, apart from the pose: the same settings as a frame's, and the frame number that is shown. */
export const LiveView = Type.Object(
  {
    samples: Type.Integer({ minimum: 1, maximum: LIMITS.frameSamples, default: DEFAULT_SAMPLES.raster }),
    ...Type.Pick(RenderSettings, ['clip', 'fps', 'toneMapping', 'exposureEv', 'background']).properties,
    /** [LV27] What is absent is as a job has it. */
    ...Type.Partial(LightSettings).properties,
    ...Type.Partial(ClipSettings).properties,
    ...Type.Partial(SceneEdits).properties,
    lut: Type.Optional(RenderSettings.properties.lut),
    /** [LV30] Pictures at rest get better tile by tile, until they are what a job draws. */
    tiles: Type.Optional(Type.Boolean()),
    /** [LV30] Of what tiles come to. */
    ...Type.Partial(Type.Pick(RenderSettings, DRAWN_AT_REST)).properties,
    size: LiveSize,
    /** [LV26] `auto` or a camera of the scene, where a job of this view would put it. Absent: the viewer's pose. */
    camera: Type.Optional(Name),
    /** [LV28] Pictures come with depth, and while moving show more than the pose sees. */
    depth: Type.Optional(Type.Boolean()),
    /** May lie between frames, while a clip plays. */
    frameNumber: Type.Number({ minimum: -LIMITS.frameNumber, maximum: LIMITS.frameNumber, default: 0 }),
  },
  { additionalProperties: false },
);
export type LiveView = Static<typeof LiveView>;

const ResumeToken = Type.String({ maxLength: 200 });

export const ViewerHello = Type.Object(
  {
    type: Type.Literal('hello'),
    protocols: Type.Array(Type.Integer(), { minItems: 1, maxItems: 16 }),
    sceneId: Id('scene'),
    /** [LV29] Of a page without an identity of its own. */
    token: Type.Optional(Type.String({ maxLength: 400 })),
    resume: Type.Optional(Type.Object({ sessionId: Id('session'), token: ResumeToken })),
    /** [LV31] A session that is open: to watch it. After `resume`, where that is over. */
    join: Type.Optional(Type.Object({ sessionId: Id('session') }, { additionalProperties: false })),
    view: LiveView,
    /** Best first; of those that stand for themselves one at least. */
    codecs: Type.Array(PictureCodec, { minItems: 1, maxItems: 8 }),
  },
  { additionalProperties: false },
);
export type ViewerHello = Static<typeof ViewerHello>;

const CameraAction = Type.Enum(['request', 'give', 'take', 'release']);
export type CameraAction = Static<typeof CameraAction>;

export const ViewerMessage = Type.Union([
  Type.Object(
    {
      type: Type.Literal('pose'),
      /** Counts up by one or more with every input of this viewer; the picture that answers carries it back. */
      input: Type.Integer({ minimum: 1, maximum: 4_294_967_295 }),
      pose: Pose,
      /** The hand still moves: speed before sharpness. */
      moving: Type.Boolean(),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    { type: Type.Literal('view'), input: Type.Integer({ minimum: 1, maximum: 4_294_967_295 }), view: LiveView },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      type: Type.Literal('ack'),
      /** Sequence number of a picture that was painted, or skipped because a newer one was there. */
      picture: Type.Integer({ minimum: 1, maximum: 4_294_967_295 }),
      /** Milliseconds from its coming until it was decoded, and from then until it was painted; 0 when skipped. */
      decodeMs: Type.Number({ minimum: 0, maximum: LIMITS.liveShownMs }),
      uploadMs: Type.Number({ minimum: 0, maximum: LIMITS.liveShownMs }),
      /** [LV40] It could not be read, nor can what builds on it. */
      broken: Type.Optional(Type.Literal(true)),
    },
    { additionalProperties: false },
  ),
  /** [LV33] What a viewer wants of the camera; `to` is whom the driver gives it. */
  Type.Object(
    {
      type: Type.Literal('camera'),
      action: CameraAction,
      to: Type.Optional(Type.Integer({ minimum: 1, maximum: 4_294_967_295 })),
    },
    { additionalProperties: false },
  ),
  /** [LV37] What is there, at a point of what this viewer sees. */
  Type.Object(
    {
      type: Type.Literal('pick'),
      /** The answer carries it back. */
      request: Type.Integer({ minimum: 1, maximum: 4_294_967_295 }),
      /** Of the picture that is seen: what it shows at which time, and by which camera. */
      input: Type.Integer({ minimum: 0, maximum: 4_294_967_295 }),
      /** From the left edge to the right one, and from the upper edge to the lower one. */
      x: Type.Number({ minimum: 0, maximum: 1 }),
      y: Type.Number({ minimum: 0, maximum: 1 }),
      /** From where it is seen. Absent: from where the picture's camera stood. */
      from: Type.Optional(
        Type.Object(
          {
            pose: Pose,
            /** Width ÷ height. */
            aspect: Type.Number({ minimum: 1 / LIMITS.liveAspect, maximum: LIMITS.liveAspect }),
          },
          { additionalProperties: false },
        ),
      ),
    },
    { additionalProperties: false },
  ),
  Type.Object({ type: Type.Literal('bye') }, { additionalProperties: false }),
]);
export type ViewerMessage = Static<typeof ViewerMessage>;

/** A node or a material of the scene: both ways in which `hide` and `materials` name it. */
const ScenePart = Type.Object({ name: Type.String(), pointer: Type.String() });
export type ScenePart = Static<typeof ScenePart>;

/** [LV37] What is seen at a point. */
const PickedSurface = Type.Object({
  /** What it is a part of. */
  node: ScenePart,
  /** Null: the file gives it none. */
  material: Type.Union([ScenePart, Type.Null()]),
  /** In the world of the scene, metres. */
  position: Vector3,
  /** Of length 1, on the side that is seen; without what a normal map does to it. */
  normal: Vector3,
});
export type PickedSurface = Static<typeof PickedSurface>;

/** Who looks at a session. */
const ViewerSeat = Type.Object({
  id: Type.Integer(),
  label: Type.String(),
  /** Opened the session. */
  owner: Type.Boolean(),
  /** May have the camera. */
  mayDrive: Type.Boolean(),
  /** Has asked for the camera. */
  asks: Type.Boolean(),
  /** Its connection is lost; its seat is kept for a while. */
  away: Type.Boolean(),
});
export type ViewerSeat = Static<typeof ViewerSeat>;

/** What the server tells a viewer besides pictures. */
export const ServerMessage = Type.Union([
  Type.Object({
    type: Type.Literal('welcome'),
    protocol: Type.Integer(),
    sessionId: Id('session'),
    /** Hand this back in `resume` within `leaseMs` of a lost connection. */
    resumeToken: ResumeToken,
    leaseMs: Type.Integer(),
    resumed: Type.Boolean(),
    /** [LV29] Absent: `drive`, by a server of before. */
    access: Type.Optional(TokenAccess),
    /** [LV43] Samples a pixel that this viewer's views are drawn with, at most. Absent: as many as they say. */
    maxSamples: Type.Optional(Type.Integer()),
  }),
  /** Where the session stands; `message` is for people. */
  Type.Object({
    type: Type.Literal('state'),
    state: Type.Enum(['finding-worker', 'loading-scene', 'live', 'worker-lost']),
    message: Type.String(),
    /** 0 to 1 while a scene loads; null when unknown. */
    progress: Type.Union([Type.Number(), Type.Null()]),
  }),
  /** The scene is loaded: where a first camera stands, how large the scene is, and what is in it. Sent by the worker after each `start` ([LV17]). */
  Type.Object({
    type: Type.Literal('scene'),
    bounds: Type.Object({ min: Vector3, max: Vector3 }),
    autoCamera: Type.Object({ position: Position, target: Position, fovDeg: Pose.properties.fovDeg }),
    /** The scene's own cameras at frame 0. */
    cameras: Type.Array(
      Type.Object({ name: Type.String(), position: Vector3, target: Vector3, fovDeg: Type.Number() }),
    ),
    /** What a view may name besides, as far as there is room. Absent: of a worker of before. */
    clips: Type.Optional(Type.Array(Type.Object({ name: Type.String(), durationSec: Type.Number() }))),
    variants: Type.Optional(Type.Array(Type.String())),
    nodes: Type.Optional(Type.Array(Type.String())),
    materials: Type.Optional(Type.Array(Type.String())),
    /** [LV41] For the server: this worker follows `codecs`. */
    takesCodecs: Type.Optional(Type.Boolean()),
  }),
  Type.Object({
    type: Type.Literal('error'),
    code: Type.String(),
    message: Type.String(),
    /** The socket is closed after this message. */
    fatal: Type.Boolean(),
  }),
  /** [LV32] To everybody at each change; not before there is a second viewer. */
  Type.Object({
    type: Type.Literal('viewers'),
    you: Type.Integer(),
    /** Null: the camera is free. */
    driver: Type.Union([Type.Integer(), Type.Null()]),
    /** Whether `take` gives the camera to this viewer now. */
    mayTake: Type.Boolean(),
    /** The newest input of the session: the one who drives counts on from there. */
    input: Type.Integer(),
    viewers: Type.Array(ViewerSeat),
  }),
  /** [LV34] Where the camera of the one who drives is, to those who watch. */
  Type.Object({ type: Type.Literal('driver-pose'), pose: Pose, moving: Type.Boolean() }),
  /** [LV34] And what it shows, checked where it came from. */
  Type.Object({
    type: Type.Literal('driver-view'),
    view: Type.Unsafe<LiveView>(Type.Object({ size: LiveSize, frameNumber: Type.Number() })),
  }),
  /** [LV37] To who asked, and by a worker to the server. */
  Type.Object({
    type: Type.Literal('picked'),
    request: Type.Integer(),
    /** Null: nothing stands there, or `error` says why it is not known. */
    surface: Type.Union([PickedSurface, Type.Null()]),
    error: Type.Optional(Type.Object({ code: Type.String(), message: Type.String() })),
  }),
  /** [LV44] Where nothing else was said for a while. */
  Type.Object({ type: Type.Literal('alive') }),
  /** The session ended in order: by `bye`, by its lease, by a drain. */
  Type.Object({ type: Type.Literal('ended'), reason: Type.String() }),
]);
export type ServerMessage = Static<typeof ServerMessage>;

/** First message of a worker on its socket for one session ([LV20]); after `start` the server relays ([LV23]). */
export const WorkerHello = Type.Object(
  {
    type: Type.Literal('worker-hello'),
    protocols: Type.Array(Type.Integer(), { minItems: 1, maxItems: 16 }),
    sessionId: Id('session'),
    token: Type.String({ maxLength: 200 }),
  },
  { additionalProperties: false },
);
export type WorkerHello = Static<typeof WorkerHello>;

/** [LV35] To the worker: draw what is shown once more, whole. */
export const RefreshMessage = Type.Object({ type: Type.Literal('refresh') }, { additionalProperties: false });
export type RefreshMessage = Static<typeof RefreshMessage>;

/** [LV41] To the worker: what all viewers can read by now, best first. */
export const CodecsMessage = Type.Object(
  { type: Type.Literal('codecs'), codecs: Type.Array(PictureCodec, { maxItems: 8 }) },
  { additionalProperties: false },
);
export type CodecsMessage = Static<typeof CodecsMessage>;

/**
 * The server's first message to the worker, sent again when the viewer came back: the session as the viewer wants it now
 * ([LV22]). `input` 0: none yet; `pose` null: draw nothing until one comes.
 */
export const SessionStart = Type.Object({
  type: Type.Literal('start'),
  protocol: Type.Integer(),
  view: LiveView,
  codecs: Type.Array(PictureCodec),
  pose: Type.Union([Pose, Type.Null()]),
  input: Type.Integer({ minimum: 0, maximum: 4_294_967_295 }),
  moving: Type.Boolean(),
  /** [LV43] The server counts what is drawn. */
  countsDrawn: Type.Optional(Type.Boolean()),
});
export type SessionStart = Static<typeof SessionStart>;
