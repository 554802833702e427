/**
 * [WK24] Many small things in one request: claims of several deliveries, and small frames of several attempts with their bytes.
 * Each is answered for itself, as its own route would have answered it.
 *
 * Body, as `EXCHANGE_MEDIA_TYPE`:
 *
 * | offset | size | type   | meaning                                                    |
 * | ------ | ---- | ------ | ---------------------------------------------------------- |
 * | 0      | 4    | uint32 | n, bytes of what follows; little-endian                    |
 * | 4      | n    | UTF-8  | `ExchangeRequest` as JSON                                  |
 * | 4 + n  | rest | bytes  | of its frames, one after the other, `result.sizeBytes` each |
 */
import type { Static } from 'typebox';
import * as Type from 'typebox';
import { Id } from './identifiers.ts';
import { ErrorBody } from './schemas/farm.ts';
import { Assignment, FrameAccepted, FrameResult, SceneSource } from './worker-protocol.ts';

export const EXCHANGE_MEDIA_TYPE = 'application/x-kiln-exchange';

const LeaseKey = Type.Object({ attemptId: Id('attempt'), leaseToken: Type.String() });

export const ClaimItem = LeaseKey;
export type ClaimItem = Static<typeof ClaimItem>;

export const FrameItem = Type.Object({
  ...LeaseKey.properties,
  frameNumber: Type.Integer(),
  mediaType: Type.String(),
  result: FrameResult,
});
export type FrameItem = Static<typeof FrameItem>;

export interface ExchangeRequest {
  readonly claims: readonly ClaimItem[];
  readonly frames: readonly FrameItem[];
}

/** One entry for each item, in order. */
export const ExchangeAnswer = Type.Object({
  /** Of the assignments, each once. */
  scenes: Type.Array(SceneSource),
  claims: Type.Array(
    Type.Union([
      ErrorBody,
      Type.Object({ assignment: Type.Omit(Assignment, ['scene']), sceneIndex: Type.Integer({ minimum: 0 }) }),
    ]),
  ),
  frames: Type.Array(Type.Union([ErrorBody, FrameAccepted])),
});
export type ExchangeAnswer = Static<typeof ExchangeAnswer>;
