/** Layers that are drawn after others, of their job or of one that is there already. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { Id } from '../identifiers.ts';
import { LIMITS } from '../limits.ts';

export const LayerName = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$',
  description: 'Name of 1 to 64 letters, digits, `.`, `_` or `-`, the first a letter or digit.',
});

/** `all`: the other layer is done before this one begins. `same`: frame by frame, each of this one after the same of the other. */
export const LayerNeed = Type.Object({
  /** Whose layer it is; absent: of the same job. */
  job: Type.Optional(Id('job')),
  layer: LayerName,
  frames: Type.Enum(['all', 'same']),
});
export type LayerNeed = Static<typeof LayerNeed>;

export const LayerNeeds = Type.Array(
  Type.Union([
    LayerName,
    Type.Object(
      {
        job: Type.Optional(
          Type.String({ ...Id('job'), description: 'Id of the job whose layer it is; of this one, unless given.' }),
        ),
        layer: LayerName,
        frames: Type.Optional(
          Type.Enum(['all', 'same'], {
            default: 'all',
            description:
              'Whether all frames of the other layer are done before, or of each frame the same one; both layers have the same `frames` then. That of another job has all of this one’s, in whatever order.',
          }),
        ),
      },
      { additionalProperties: false },
    ),
  ]),
  {
    maxItems: LIMITS.jobLayers,
    description:
      'Names of layers of this job, or layers of others, that are drawn before: nothing of this one is begun earlier.',
  },
);
