/** The channels of a frame's OpenEXR, by pass. */
import { type BitDepth, PASS_CHANNELS, type Pass } from '@kiln/shared';
import { type DataPlane, PLANES_OF, type PlaneName } from '../engine/passes/planes.ts';
import type { ExrChannel, ExrPixelType, ExrSamples } from './exr.ts';

/** Depth where nothing stands: farther than anything. */
export const BACKGROUND_DEPTH_M = 1e10;

interface PassChannels {
  readonly names: readonly string[];
  /** Place of the first in its plane's pixels. */
  readonly offset: number;
}

const rgba = (layer: string) => ['R', 'G', 'B', 'A'].map((channel) => `${layer}.${channel}`);

/** Each layer is a plane of its own. */
const ranks = (matte: string) => ['00', '01', '02'].flatMap((layer) => rgba(matte + layer));

const CHANNELS: Readonly<Record<Pass, PassChannels>> = {
  beauty: { names: ['R', 'G', 'B', 'A'], offset: 0 },
  noisy: { names: rgba('noisy'), offset: 0 },
  depth: { names: ['depth.Z'], offset: 3 },
  normal: { names: ['normal.X', 'normal.Y', 'normal.Z'], offset: 0 },
  position: { names: ['position.X', 'position.Y', 'position.Z'], offset: 0 },
  albedo: { names: ['albedo.R', 'albedo.G', 'albedo.B'], offset: 0 },
  emission: { names: ['emission.R', 'emission.G', 'emission.B'], offset: 0 },
  motion: { names: ['motion.X', 'motion.Y'], offset: 0 },
  samples: { names: ['samples.Y'], offset: 0 },
  'crypto-object': { names: ranks('CryptoObject'), offset: 0 },
  'crypto-material': { names: ranks('CryptoMaterial'), offset: 0 },
};

interface LayerSource {
  /** RGBA, top row first. */
  readonly beauty: Float32Array;
  readonly planes: ReadonlyMap<PlaneName, Float32Array>;
  readonly samples: number;
}

/** The channels of passes. */
export const exrChannels = (passes: readonly Pass[], bitDepth: BitDepth): ExrChannel[] =>
  passes.flatMap((pass) => {
    const type: ExrPixelType = PASS_CHANNELS[pass].isFloat || bitDepth === 'float' ? 'float' : 'half';
    return CHANNELS[pass].names.map((name) => ({ name, type }));
  });

/** Where the values of the channels are, in the same order. */
export function exrSamples(passes: readonly Pass[], { beauty, planes, samples }: LayerSource): ExrSamples[] {
  const valuesOf = (pass: Pass, index: number) => {
    if (pass === 'samples') return { values: Float32Array.of(samples), stride: 0 };
    const from = PLANES_OF[pass];
    const plane = from[from.length > 1 ? Math.floor(index / 4) : 0];
    const values = plane === undefined ? beauty : planes.get(plane);
    if (!values) throw new Error(`the plane of the pass ${pass} is missing`);
    return { values, stride: 4 };
  };
  return passes.flatMap((pass) => {
    const { names, offset } = CHANNELS[pass];
    return names.map((_, index) => ({ ...valuesOf(pass, index), offset: offset + (index % 4) }));
  });
}

/** Puts the last row of RGBA first, in the same buffer. */
export function turnRows<T extends Float32Array>(floats: T, widthPx: number, heightPx: number): T {
  const rowLength = widthPx * 4;
  const kept = new Float32Array(rowLength);
  for (let row = 0; row < Math.floor(heightPx / 2); row += 1) {
    const upper = row * rowLength;
    const lower = (heightPx - 1 - row) * rowLength;
    kept.set(floats.subarray(upper, upper + rowLength));
    floats.copyWithin(upper, lower, lower + rowLength);
    floats.set(kept, lower);
  }
  return floats;
}

/** The values of planes as files have them, top row first, in their own buffers: made once. */
export const finishedPlanes = (planes: readonly DataPlane[], widthPx: number, heightPx: number) =>
  new Map(planes.map((plane) => [plane.name, finished(plane, widthPx, heightPx)]));

function finished({ name, values }: DataPlane, widthPx: number, heightPx: number): Float32Array {
  const floats = turnRows(new Float32Array(values), widthPx, heightPx);
  if (name === 'place') {
    for (let i = 3; i < floats.length; i += 4) if (floats[i] === 0) floats[i] = BACKGROUND_DEPTH_M;
  }
  return floats;
}
