import type { Pass } from '@kiln/shared';

/**
 * Pictures of data as they are drawn and read back, RGBA of 32-bit floats, lowest row first, all 0 where nothing stands:
 *
 * - `place`: position in the world, and depth along the view axis, metres.
 * - `normal`: in the world, of length 1; and the id of the object.
 * - `albedo`: colour of the surface, linear; and the id of the material.
 * - `emission`: light that it gives by itself, linear, without exposure.
 */
export const PLANES = ['place', 'normal', 'albedo', 'emission'] as const;

/**
 * `motion`: pixels to the right and upwards from where a point is to where it is in the next frame, 0, 1 where something
 * stands. `noisy`: the picture before it was denoised, as exposed, RGBA with associated alpha.
 */
export type PlaneName = (typeof PLANES)[number] | 'motion' | 'noisy';

export interface DataPlane {
  readonly name: PlaneName;
  readonly values: ArrayBuffer;
}

/** Where the channels of a pass come from; null of what is no data of surfaces. */
export const PLANE_OF: Readonly<Record<Pass, PlaneName | null>> = {
  beauty: null,
  noisy: 'noisy',
  depth: 'place',
  normal: 'normal',
  position: 'place',
  albedo: 'albedo',
  emission: 'emission',
  motion: 'motion',
  samples: null,
  'crypto-object': 'normal',
  'crypto-material': 'albedo',
};

/** The planes that passes need, each once. */
export const planesFor = (passes: readonly Pass[]): PlaneName[] =>
  ([...PLANES, 'motion', 'noisy'] as const).filter((plane) => passes.some((pass) => PLANE_OF[pass] === plane));
