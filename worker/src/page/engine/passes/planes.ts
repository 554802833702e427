import type { Pass } from '@kiln/shared';

/**
 * Pictures of data as they are drawn and read back, RGBA of 32-bit floats, lowest row first, all 0 where nothing stands:
 *
 * - `place`: position in the world, and depth along the view axis, metres.
 * - `normal`: in the world, of length 1.
 * - `albedo`: colour of the surface, linear.
 * - `emission`: light that it gives by itself, linear, without exposure.
 */
export const PLANES = ['place', 'normal', 'albedo', 'emission'] as const;

/**
 * `motion`: pixels to the right and upwards from where a point is to where it is in the next frame, 0, 1 where something
 * stands. `noisy`: the picture before it was denoised, as exposed, RGBA with associated alpha.
 */
export type PlaneName = (typeof PLANES)[number] | MattePlane | 'motion' | 'noisy';

/** Two ranks of a matte: id, coverage, id, coverage. */
type MattePlane = `${MatteKind}-${0 | 1 | 2}`;
export type MatteKind = 'object' | 'material';

export const MATTE_PLANES = {
  object: ['object-0', 'object-1', 'object-2'],
  material: ['material-0', 'material-1', 'material-2'],
} as const satisfies Record<MatteKind, readonly MattePlane[]>;

export interface DataPlane {
  readonly name: PlaneName;
  readonly values: ArrayBuffer;
}

/** Where the channels of a pass come from, plane by plane; none of what is no data of surfaces. */
export const PLANES_OF: Readonly<Record<Pass, readonly PlaneName[]>> = {
  beauty: [],
  noisy: ['noisy'],
  depth: ['place'],
  normal: ['normal'],
  position: ['place'],
  albedo: ['albedo'],
  emission: ['emission'],
  motion: ['motion'],
  samples: [],
  'crypto-object': MATTE_PLANES.object,
  'crypto-material': MATTE_PLANES.material,
};

/** The planes that passes need, each once. */
export const planesFor = (passes: readonly Pass[]): PlaneName[] => [
  ...new Set(passes.flatMap((pass) => PLANES_OF[pass])),
];
