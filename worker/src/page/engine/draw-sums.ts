import {
  hasHalfSums,
  isPowerOfTwo,
  KilnError,
  LIMITS,
  type RenderSettings,
  type SampleRange,
  type StageTime,
} from '@kiln/shared';
import type { WebGLRenderTarget } from 'three';
import type { SumsSource } from '../assemble/assemble-frame.ts';
import { readSums, sumRanges, withSums } from '../assemble/sum-ranges.ts';
import type { GiveWay } from '../draw-queue.ts';
import { unixMs } from '../unix-time.ts';
import type { SumsPart } from './accumulation.ts';
import { beginDrawing, type DrawingRoom, engineFor, type OnDrawn } from './draw-picture.ts';
import { partOf, type Shot } from './engine.ts';
import { NoiseGauge } from './noise-gauge.ts';
import type { Sampling } from './sampling.ts';

/** Sums of a range of samples, read back. */
export interface RangeSums {
  /**
   * RGBA floats of the part's pixels, lowest row first; below them those of the first half of its samples, where
   * `hasHalfSums`. Of the room's buffers: the encoder gives it back.
   */
  readonly pixels: Uint8Array<ArrayBuffer>;
  /** Of the pixels: the part's, or twice as many. */
  readonly rows: number;
  /** Whether half floats hold them without loss. */
  readonly areHalf: boolean;
  readonly samples: SampleRange;
  /** Of the frame, where it was looked at within these samples. */
  readonly noise: number | null;
}

export interface PartSums {
  /** Of the part's samples, or the first of them: one range, or several of a part that was ended in its midst. */
  readonly ranges: readonly RangeSums[];
  /** Why no samples of the frame follow, where it is not that all are drawn. */
  readonly endedBy: 'noise' | 'time' | null;
  /** Without what was drawn in between. */
  readonly drawnMs: number;
  readonly draw: StageTime;
}

export interface SumsOrder {
  readonly shot: Shot;
  readonly settings: RenderSettings;
  /** What is stored of a frame that noise may end. */
  readonly before: readonly SumsSource[];
  /** Sums of the first samples of the part, fewer than a block; null: none are stored. */
  readonly begun: SumsSource | null;
}

const BYTES_PER_PX = 16;

/**
 * Draws the shot's part and reads its sums back: what `drawPicture` would have summed there.
 *
 * @throws KilnError `render.failed`, `render.page_lost`, `job.unsupported`.
 */
export async function drawSums(
  room: DrawingRoom,
  { shot: asked, settings, before, begun }: SumsOrder,
  giveWay: GiveWay,
  onDrawn?: OnDrawn,
): Promise<PartSums> {
  const { gpu, engines, targets } = room;
  const stored = begun && (await readSums(begun));
  const shot = begun ? { ...asked, begun: begun.samples.count } : asked;
  const startedAtMs = unixMs();
  const engine = await engineFor(engines, shot);
  const letGo = targets.hold(shot);
  const { sampling, rest } = beginDrawing(gpu, shot, giveWay, onDrawn);
  try {
    if (begun && stored) {
      withSums(begun.region, stored, (sums) => sampling.begin(sums, begun.samples.count));
    }
    await engine.render(shot, sampling, rest);
    const parts = sampling.finishParts();
    await gpu.finished();
    gpu.throwErrors();
    const draw = { startedAtMs, durationMs: unixMs() - startedAtMs };
    const { facts, tookMs } = sampling;
    const ranges = readRanges(room, { shot, settings, sampling }, parts);
    const [drawn] = ranges;
    const looked =
      drawn && ranges.length === 1 && isLookedAt(shot, drawn.samples)
        ? await noiseOf(room, settings, before, { samples: drawn.samples, values: floatsOf(drawn, shot) })
        : null;
    if (gpu.isLost) throw new KilnError('render.page_lost', 'The GPU context was lost while a part was drawn.');
    const endedBy = facts.endedBy === 'samples' ? null : facts.endedBy;
    if (!drawn || looked === null) return { ranges, endedBy, drawnMs: tookMs, draw };
    const isQuiet = looked < shot.noiseThreshold;
    return { ranges: [{ ...drawn, noise: looked }], endedBy: isQuiet ? 'noise' : endedBy, drawnMs: tookMs, draw };
  } finally {
    letGo();
    sampling.dispose();
  }
}

/** Of a shot, what decides where its sums lie and what holds them. */
type SummedShot = Pick<Shot, 'part' | 'size' | 'samples' | 'engine'>;

/** Reads parts of the sums back that follow on one another from the shot's first sample on. */
export function readRanges(
  room: DrawingRoom,
  { shot, settings, sampling }: { shot: SummedShot; settings: RenderSettings; sampling: Sampling },
  parts: readonly SumsPart[],
): RangeSums[] {
  const ranges: RangeSums[] = [];
  let { first } = partOf(shot).samples;
  const noiseSample = first + sampling.lookedAt;
  for (const { target, count } of parts) {
    const samples = { first, count };
    const half = hasHalfSums(samples, settings) ? sampling.half : null;
    const noise = first < noiseSample && noiseSample <= first + count ? sampling.noise : null;
    ranges.push({ ...readBack(room, shot, { samples, target, half: half?.target ?? null }), noise });
    first += count;
  }
  room.gpu.throwErrors();
  return ranges;
}

function readBack(
  { gpu, buffers }: DrawingRoom,
  shot: SummedShot,
  { samples, target, half }: { samples: SampleRange; target: WebGLRenderTarget; half: WebGLRenderTarget | null },
): Omit<RangeSums, 'noise'> {
  const { region } = partOf(shot);
  const { widthPx, heightPx } = region;
  const bytes = widthPx * heightPx * BYTES_PER_PX;
  const pixels = buffers.take(half ? 2 * bytes : bytes);
  const bottom = shot.size.heightPx - region.y - heightPx;
  const values = new Float32Array(pixels.buffer, half ? bytes : 0);
  gpu.renderer.readRenderTargetPixels(target, region.x, bottom, widthPx, heightPx, values);
  if (half) {
    const below = new Float32Array(pixels.buffer, 0, bytes / 4);
    gpu.renderer.readRenderTargetPixels(half, 0, 0, widthPx, heightPx, below);
  }
  const areHalf = shot.engine === 'raster' && samples.count === 1;
  return { pixels, rows: half ? 2 * heightPx : heightPx, areHalf, samples };
}

/** Of all its samples. */
function floatsOf({ pixels, rows }: RangeSums, shot: Shot): Float32Array<ArrayBuffer> {
  const { widthPx, heightPx } = partOf(shot).region;
  const bytes = widthPx * heightPx * BYTES_PER_PX;
  return new Float32Array(pixels.buffer, rows > heightPx ? bytes : 0, bytes / 4);
}

/** The first range looks at its noise by itself: at the same counts. */
function isLookedAt({ noiseThreshold, samples }: Shot, { first, count }: SampleRange): boolean {
  const end = first + count;
  if (noiseThreshold === 0 || first === 0 || end === samples) return false;
  return isPowerOfTwo(end) && end >= LIMITS.noiseMinSamples;
}

/** The noise of a frame up to the end of a range that follows on what is stored. */
async function noiseOf(
  { gpu }: DrawingRoom,
  settings: RenderSettings,
  before: readonly SumsSource[],
  drawn: { readonly samples: SampleRange; readonly values: Float32Array<ArrayBuffer> },
): Promise<number> {
  const light = await sumRanges(gpu.renderer, settings, [...before, drawn]);
  const gauge = new NoiseGauge(gpu.renderer, settings.size);
  try {
    if (!light.half) throw new Error('the first half of the samples is not stored');
    return gauge.compare(light.sums, light.half.sums, light.samples, 2 ** -settings.exposureEv);
  } finally {
    gauge.dispose();
    light.dispose();
  }
}
