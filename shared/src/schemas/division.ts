/** How a frame is divided among tasks. None of it changes a pixel. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { LIMITS } from '../limits.ts';

export const Tiles = Type.Object(
  {
    columns: Type.Integer({ minimum: 1, maximum: LIMITS.frameTiles }),
    rows: Type.Integer({ minimum: 1, maximum: LIMITS.frameTiles }),
  },
  { additionalProperties: false, description: 'Blocks of a frame, each drawn by a task of its own.' },
);
export type Tiles = Static<typeof Tiles>;

/** Every frame of a divided layer: each block in so many ranges of samples. */
export const Division = Type.Object(
  { tiles: Tiles, sampleRanges: Type.Integer({ minimum: 1, maximum: LIMITS.frameParts }) },
  { additionalProperties: false },
);
export type Division = Static<typeof Division>;

/** Pixels of the full frame, from its top left corner. */
export const Region = Type.Object({
  x: Type.Integer({ minimum: 0 }),
  y: Type.Integer({ minimum: 0 }),
  widthPx: Type.Integer({ minimum: 1 }),
  heightPx: Type.Integer({ minimum: 1 }),
});
export type Region = Static<typeof Region>;

/** Samples `first` to `first + count - 1` of a frame. */
export const SampleRange = Type.Object({
  first: Type.Integer({ minimum: 0 }),
  count: Type.Integer({ minimum: 1 }),
});
export type SampleRange = Static<typeof SampleRange>;

/** What of a frame one task draws. */
export const FramePart = Type.Object({ region: Region, samples: SampleRange });
export type FramePart = Static<typeof FramePart>;
