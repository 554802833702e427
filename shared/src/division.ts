/** How a frame is divided: into blocks, into ranges of samples, or both. */
import { KilnError } from './errors.ts';
import { cut, gridOf, isGridded, tilesWithin } from './frame-grid.ts';
import { LIMITS } from './limits.ts';
import type { Division, FramePart, Region, SampleRange, Tiles } from './schemas/division.ts';
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

/**
 * The longest range that begins where `samples` do and whose sum is one of the tree's: as many blocks as a power of two,
 * the first at a multiple of it.
 */
export function nextSumRange({ first, count }: SampleRange): SampleRange {
  const block = first / SAMPLES_PER_BLOCK;
  const left = sampleBlocks(count);
  let blocks = 1;
  while (block % (blocks * 2) === 0 && blocks * 2 <= left) blocks *= 2;
  return { first, count: Math.min(blocks * SAMPLES_PER_BLOCK, count) };
}

/**
 * How many sums hold the first samples of a range that was ended in its midst, at most: those of its tree, and the samples
 * of its last block.
 */
export const mostSums = ({ count }: SampleRange): number => Math.floor(Math.log2(sampleBlocks(count))) + 2;

/** Whether the samples up to there end within a block, of which more may follow. */
export const endsWithinBlock = ({ first, count }: SampleRange): boolean => (first + count) % SAMPLES_PER_BLOCK !== 0;

/** Whether noise or time may end a frame before all its samples are drawn. */
export const mayEndEarly = ({ noiseThreshold, timeLimitSec }: EndSettings): boolean =>
  noiseThreshold > 0 || timeLimitSec > 0;

type EndSettings = Pick<RenderSettings, 'noiseThreshold' | 'timeLimitSec'>;

/**
 * The next range of samples whose sums are stored. A frame that is denoised needs those of its first half apart, as they
 * were at the last power of two before its end: ranges end there, and at each where it is not known which is the last.
 */
export function nextRange(
  { first, count }: SampleRange,
  settings: EndSettings & Pick<RenderSettings, 'samples' | 'denoise'>,
): SampleRange {
  if (!settings.denoise) return nextSumRange({ first, count });
  const half = halfOf(settings.samples);
  const end = !mayEndEarly(settings) ? half : first === 0 ? SAMPLES_PER_BLOCK : halfOf(2 * first + 1);
  return nextSumRange({ first, count: first < end ? Math.min(count, end - first) : count });
}

export const isPowerOfTwo = (count: number): boolean => count > 0 && (count & (count - 1)) === 0;

/** How many samples are the first half of a picture's: the largest power of two below; 0 of one sample. */
export const halfOf = (samples: number): number => (samples < 2 ? 0 : 2 ** Math.ceil(Math.log2(samples) - 1));

/**
 * Whether the sums of a range come with those of its first half: the frame may end within its first block of samples,
 * which is not stored in parts.
 */
export const hasHalfSums = (
  { first, count }: SampleRange,
  settings: EndSettings & Pick<RenderSettings, 'denoise'>,
): boolean => settings.denoise && mayEndEarly(settings) && first === 0 && count > 1;

/** What a layer asks for. */
export interface DivisionRequest {
  readonly tiles?: Tiles | undefined;
  readonly splitSamples?: number | undefined;
  readonly chunk?: number | undefined;
}

type DividedSettings = Pick<
  RenderSettings,
  'engine' | 'size' | 'samples' | 'passes' | 'bitDepth' | 'noiseThreshold' | 'timeLimitSec' | 'denoise'
>;

/**
 * Whether a frame takes long in software: then what is drawn of it is stored now and then, and when something more urgent
 * wants its slot. The first half of a frame that is denoised is stored apart, and no such half is within a block.
 */
export const isLongFrame = ({ engine, size, samples, denoise }: LengthSettings): boolean =>
  samples > (denoise ? SAMPLES_PER_BLOCK : 1) &&
  size.widthPx * size.heightPx * samples >= LIMITS.longFrameSamples[engine];

type LengthSettings = Pick<RenderSettings, 'engine' | 'size' | 'samples' | 'denoise'>;

/**
 * @param path of the layer in the request: `/layers/0`.
 * @returns null where each frame is drawn whole. A long one is drawn as one part, whose sums are stored now and then; one
 *   that no target holds in the blocks of its grid, or in finer ones where such are asked for.
 * @throws KilnError `request.invalid`, `job.unsupported` or `job.too_large` with the field's path.
 */
export function divisionOf(request: DivisionRequest, settings: DividedSettings, path: string): Division | null {
  const { splitSamples = 1, chunk = 1 } = request;
  const tiles = tilesWithin(gridOf(settings), request.tiles ?? { columns: 1, rows: 1 });
  const division = { tiles, sampleRanges: splitSamples };
  const isOfOneFrame = settings.passes.includes('beauty') && chunk === 1;
  const isLarge = isGridded(settings);
  if (partsPerFrame(division) === 1 && !isLarge) return isOfOneFrame && isLongFrame(settings) ? division : null;
  const isAsked = splitSamples > 1 || partsPerFrame({ tiles: request.tiles ?? tiles, sampleRanges: 1 }) > 1;
  const asked = splitSamples > 1 ? 'splitSamples' : isAsked && request.tiles ? 'tiles' : 'size';
  const { size, samples } = settings;
  const refuse = (code: 'request.invalid' | 'job.unsupported' | 'job.too_large', field: string, message: string) => {
    const why = field === 'size' ? `; one of ${size.widthPx}×${size.heightPx} is drawn in blocks` : '';
    throw new KilnError(code, `${message}${why}`, { field: `${path}/${field}` });
  };
  if (tiles.columns > size.widthPx || tiles.rows > size.heightPx) {
    const message = `expected no more blocks than pixels, got ${tiles.columns}×${tiles.rows} for ${size.widthPx}×${size.heightPx}`;
    refuse('request.invalid', 'tiles', message);
  }
  if (splitSamples > sampleBlocks(samples)) {
    const message = `expected at most ${sampleBlocks(samples)} for ${samples} samples, got ${splitSamples}: a range has ${SAMPLES_PER_BLOCK} samples or more`;
    refuse('request.invalid', 'splitSamples', message);
  }
  if (partsPerFrame(division) > LIMITS.frameParts) {
    const message = `a frame is divided into at most ${LIMITS.frameParts} parts, not ${partsPerFrame(division)}`;
    refuse('job.too_large', asked, message);
  }
  if (chunk > 1) refuse('request.invalid', 'chunk', `expected 1 where frames are divided, got ${chunk}`);
  if (mayEndEarly(settings)) {
    const message = 'a frame that may be done by noise or by time before all its samples are drawn is not divided';
    refuse('job.unsupported', asked, message);
  }
  if (settings.denoise) {
    refuse(
      'job.unsupported',
      asked,
      'a frame that is denoised is not divided: the filter looks beyond the edges of parts',
    );
  }
  if (!settings.passes.includes('beauty')) {
    refuse('job.unsupported', asked, 'without the pass beauty there is nothing to divide');
  }
  return division;
}
