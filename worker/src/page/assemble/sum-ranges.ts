/** The sums of a whole picture, of ranges of its samples that were stored: as if all had been added in one go. */
import {
  halfOf,
  hasHalfSums,
  type RenderSettings,
  SAMPLES_PER_BLOCK,
  type SampleRange,
  sampleBlocks,
} from '@kiln/shared';
import { DataTexture, FloatType, NearestFilter, RGBAFormat, type WebGLRenderer } from 'three';
import { floatTarget } from '../engine/accumulation.ts';
import type { SampledLight } from '../engine/denoise/denoiser.ts';
import { HalfSums } from '../engine/half-sums.ts';
import { SumTree } from '../engine/sum-tree.ts';
import type { SumsSource } from './assemble-frame.ts';
import { ByteStream } from './byte-stream.ts';
import { ExrRows } from './exr-rows.ts';

type SummedSettings = Pick<RenderSettings, 'size' | 'denoise' | 'noiseThreshold' | 'timeLimitSec'>;

/** A range whose sums are in memory: RGBA, lowest row first. */
export interface HeldSums {
  readonly samples: SampleRange;
  readonly values: Float32Array<ArrayBuffer>;
}

/** The sums of all samples and of their first half, until they are disposed of. */
export interface SummedLight extends SampledLight {
  dispose(): void;
}

/**
 * @param ranges of the whole picture, in order, the first from sample 0. They end at powers of two up to the first half.
 * @throws what was wrong with the sums.
 */
export async function sumRanges(
  renderer: WebGLRenderer,
  settings: SummedSettings,
  ranges: readonly (SumsSource | HeldSums)[],
): Promise<SummedLight> {
  const { size } = settings;
  const samples = ranges.reduce((sum, range) => sum + range.samples.count, 0);
  const tree = new SumTree(renderer, () => floatTarget(size));
  const half = new HalfSums(renderer, size);
  const dispose = () => {
    tree.dispose();
    half.dispose();
  };
  try {
    for (const range of ranges) {
      const { first, count } = range.samples;
      const isHalved = hasHalfSums(range.samples, settings);
      const values = 'values' in range ? range.values : await readSums(range, isHalved ? 2 : 1);
      const length = size.widthPx * size.heightPx * 4;
      if (isHalved && count === samples) {
        withSums(size, values.subarray(0, length), (texture) => half.keep(texture, halfOf(count)));
      }
      const target = tree.take();
      withSums(size, isHalved ? values.subarray(length) : values, (texture) => tree.copy(target, texture));
      tree.push(target, { firstBlock: first / SAMPLES_PER_BLOCK, blocks: sampleBlocks(count) });
      if (first + count === halfOf(samples)) half.keep(tree.only.texture, halfOf(samples));
    }
    return { sums: tree.finish().texture, samples, half: half.samples > 0 ? half : null, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

const CHUNK_ROWS = 16;

/** @param pictures of a file that holds several, one below the other. @returns RGBA, lowest row first. */
export async function readSums(
  { region: { widthPx, heightPx }, url }: SumsSource,
  pictures = 1,
): Promise<Float32Array<ArrayBuffer>> {
  const height = heightPx * pictures;
  const values = new Float32Array(widthPx * height * 4);
  const rows = new ExrRows(new ByteStream(url));
  for (let row = 0; row < height; row += CHUNK_ROWS) await rows.next(values, height - 1 - row, widthPx * 4);
  return values;
}

/** Lends a texture of sums. */
export function withSums(
  { widthPx, heightPx }: RenderSettings['size'],
  values: Float32Array<ArrayBuffer>,
  use: (texture: DataTexture) => void,
): void {
  const texture = new DataTexture(values, widthPx, heightPx, RGBAFormat, FloatType);
  texture.minFilter = texture.magFilter = NearestFilter;
  texture.needsUpdate = true;
  use(texture);
  texture.dispose();
}
