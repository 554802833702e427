/** What is summed of a resting view, handed over to a job that draws the same: messages between server and worker. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { Sha256 } from '../identifiers.ts';
import { LIMITS } from '../limits.ts';
import { SampleRange } from '../schemas/division.ts';
import { Backend } from '../schemas/settings.ts';
import { ServerMessage } from './messages.ts';

/** [LV39] To the worker: give what is summed of the view that this input has shown. */
export const HandOver = Type.Object(
  {
    type: Type.Literal('hand-over'),
    /** Names the request in its answers. */
    id: Type.Integer({ minimum: 1 }),
    input: Type.Integer({ minimum: 0 }),
    /** Of the frame. */
    samples: Type.Integer({ minimum: 1, maximum: LIMITS.frameSamples }),
  },
  { additionalProperties: false },
);
export type HandOver = Static<typeof HandOver>;

/** Sums of a range of samples, of all pixels of the view, whose bytes were sent before. */
export const HandedRange = Type.Object({
  samples: SampleRange,
  sha256: Sha256,
  sizeBytes: Type.Integer({ minimum: 1 }),
  /** Of the picture, where it was looked at within them. */
  noise: Type.Optional(Type.Number({ minimum: 0 })),
  /** Of the last: noise has ended the picture with it. */
  endedBy: Type.Optional(Type.Literal('noise')),
});
export type HandedRange = Static<typeof HandedRange>;

/** [LV39] The worker's answers: at once that it has begun, and at last what it has handed over. */
export const HandedSums = Type.Object({
  type: Type.Literal('sums'),
  id: Type.Integer(),
  over: Type.Boolean(),
  /** They follow on one another from the first sample on; none before it is over. */
  ranges: Type.Array(HandedRange, { maxItems: 32 }),
  /** Why there are none, or fewer, where they could not be sent. */
  fault: Type.Optional(Type.String({ maxLength: 500 })),
  /** What has drawn them. */
  backend: Type.Optional(Backend),
});
export type HandedSums = Static<typeof HandedSums>;

/** [LV43] How long a worker has drawn for the session since it took up the offer, while nobody else's was drawn on that page. */
export const DrawnMessage = Type.Object({ type: Type.Literal('drawn'), drawnMs: Type.Number({ minimum: 0 }) });
export type DrawnMessage = Static<typeof DrawnMessage>;

/** What a worker says on the socket of a session. */
export const WorkerMessage = Type.Union([...ServerMessage.anyOf, HandedSums, DrawnMessage]);
export type WorkerMessage = Static<typeof WorkerMessage>;
