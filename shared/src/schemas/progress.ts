import type { Static } from 'typebox';
import * as Type from 'typebox';
import { Id } from '../identifiers.ts';

/** How far a frame is that is being drawn. Kept nowhere: its worker says it every few seconds. */
export const FrameProgress = Type.Object({
  jobId: Id('job'),
  layer: Type.String(),
  frameNumber: Type.Integer(),
  /** Of its pixels in the mean, where blocks of it are drawn apart. */
  samplesDone: Type.Integer({ minimum: 0 }),
  /** At most: noise or time may end it earlier. */
  samplesTotal: Type.Integer({ minimum: 1 }),
  /** Tasks that draw it: those that are done, and all. */
  partsDone: Type.Integer({ minimum: 0 }),
  partsTotal: Type.Integer({ minimum: 1 }),
  /** Milliseconds at the speed so far; null while that is not known. */
  leftMs: Type.Union([Type.Number({ minimum: 0 }), Type.Null()]),
});
export type FrameProgress = Static<typeof FrameProgress>;
