/** Frames that are drawn first, and how long tasks are. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { LIMITS } from '../limits.ts';

const FRAMES = 'Frames that are drawn first: `1,50,100`, or `first, middle, last`.';
const Frames = Type.String({ minLength: 1, maxLength: 1_000, description: FRAMES });

export const TestFrames = Type.Union(
  [
    Frames,
    Type.Object(
      {
        frames: Frames,
        approve: Type.Optional(
          Type.Boolean({ default: false, description: 'The others are begun when somebody has approved these.' }),
        ),
      },
      { additionalProperties: false },
    ),
  ],
  { description: `${FRAMES} Nothing else of the job is begun before they are done.` },
);
export type TestFrames = Static<typeof TestFrames>;

export const Chunk = Type.Union(
  [
    Type.Integer({ minimum: 1, maximum: LIMITS.taskFrames, default: 1 }),
    Type.Object(
      { seconds: Type.Number({ minimum: 1, maximum: LIMITS.taskSec }) },
      {
        additionalProperties: false,
        description: 'As many frames as take so many seconds, by what the first ones have taken.',
      },
    ),
  ],
  { description: 'Frames of one task.', default: 1 },
);
export type Chunk = Static<typeof Chunk>;

/** Frames of a task as far as they are known before any is drawn. */
export const chunkFrames = (chunk: Chunk | undefined): number => (typeof chunk === 'number' ? chunk : 1);
