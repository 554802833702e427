/** When each stage of a frame began, what it took, and what was drawn in it. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { Backend } from './settings.ts';

/** Milliseconds of each stage of one frame, and when it began and ended on the worker's clock (Unix milliseconds). */
export const StageTime = Type.Object({ startedAtMs: Type.Number(), durationMs: Type.Number() });
export type StageTime = Static<typeof StageTime>;

/** `samples`: all of them; `noise`: its estimate was below the threshold; `time`: the time for drawing was over. */
export const SamplingEnd = Type.Enum(['samples', 'noise', 'time']);
export type SamplingEnd = Static<typeof SamplingEnd>;

/** What was drawn of a frame. */
export const Sampling = Type.Object({
  /** Samples of every pixel. */
  samples: Type.Integer({ minimum: 1 }),
  endedBy: SamplingEnd,
  /** Estimated relative error when it was last looked at; absent when it was not. */
  noise: Type.Optional(Type.Number({ minimum: 0 })),
});
export type Sampling = Static<typeof Sampling>;

/** Absent in frames of earlier versions: what was drawn, and the graphics interface that drew it. */
export const DrawStage = Type.Object({
  ...StageTime.properties,
  sampling: Type.Optional(Sampling),
  backend: Type.Optional(Backend),
});
export type DrawStage = Static<typeof DrawStage>;

export const FrameStages = Type.Object({
  /** Fetching the scene's files; absent when they were here. */
  fetch: Type.Optional(StageTime),
  /** Parsing, decoding and uploading to the GPU; absent when it was loaded. */
  load: Type.Optional(StageTime),
  draw: DrawStage,
  encode: StageTime,
  /** From the worker's sending until the bytes are stored, as the server measures it. */
  deliver: Type.Optional(StageTime),
});
export type FrameStages = Static<typeof FrameStages>;
