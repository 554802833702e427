/** How a frame is divided: into blocks, into ranges of samples, or both. */
import type { Division, FramePart, Region, SampleRange } from './schemas/division.ts';
import type { RenderSettings, Size } from './schemas/settings.ts';

/**
 * Samples that are summed before they join a larger sum. Ranges of samples begin at a multiple of it, so that no division
 * of a frame changes a byte.
 */
export const SAMPLES_PER_BLOCK = 16;

/** Blocks of samples, the last of which may not be full. */
export const sampleBlocks = (samples: number): number => Math.ceil(samples / SAMPLES_PER_BLOCK);

export const partsPerFrame = ({ tiles, sampleRanges }: Division): number => tiles.columns * tiles.rows * sampleRanges;

/** @param index of the task within its frame, from 0: the ranges of a block come one after another. */
export function framePart(
  division: Division,
  { size, samples }: Pick<RenderSettings, 'size' | 'samples'>,
  index: number,
): FramePart {
  const { tiles, sampleRanges } = division;
  const tile = Math.floor(index / sampleRanges);
  return {
    region: regionOf(size, tiles, tile % tiles.columns, Math.floor(tile / tiles.columns)),
    samples: rangeOf(samples, sampleRanges, index % sampleRanges),
  };
}

function regionOf(size: Size, tiles: Division['tiles'], column: number, row: number): Region {
  const [x, right] = cut(size.widthPx, tiles.columns, column);
  const [y, bottom] = cut(size.heightPx, tiles.rows, row);
  return { x, y, widthPx: right - x, heightPx: bottom - y };
}

function rangeOf(samples: number, ranges: number, index: number): SampleRange {
  const [from, to] = cut(sampleBlocks(samples), ranges, index);
  const first = from * SAMPLES_PER_BLOCK;
  return { first, count: Math.min(to * SAMPLES_PER_BLOCK, samples) - first };
}

/** Where part `index` of `length` things begins and ends, when they are divided as evenly as can be. */
const cut = (length: number, parts: number, index: number): readonly [number, number] => [
  Math.floor((length * index) / parts),
  Math.floor((length * (index + 1)) / parts),
];
