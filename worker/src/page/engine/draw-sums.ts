import {
  hasHalfSums,
  isPowerOfTwo,
  KilnError,
  LIMITS,
  type RenderSettings,
  type SampleRange,
  type StageTime,
} from '@kiln/shared';
import type { SumsSource } from '../assemble/assemble-frame.ts';
import { sumRanges } from '../assemble/sum-ranges.ts';
import type { GiveWay } from '../draw-queue.ts';
import { unixMs } from '../unix-time.ts';
import { beginDrawing, type DrawingRoom, engineFor, type OnDrawn } from './draw-picture.ts';
import { partOf, type Shot } from './engine.ts';
import { NoiseGauge } from './noise-gauge.ts';
import type { Sampling } from './sampling.ts';

export interface PartSums {
  /**
   * RGBA floats of the part's pixels, lowest row first; below them those of the first half of its samples, where
   * `hasHalfSums`. Of the room's buffers: the encoder gives it back.
   */
  readonly pixels: Uint8Array<ArrayBuffer>;
  /** Of the pixels: the part's, or twice as many. */
  readonly rows: number;
  /** Whether half floats hold them without loss. */
  readonly areHalf: boolean;
  /** Those of the part, or the first of them. */
  readonly samples: SampleRange;
  readonly end: PartEnd;
  /** Without what was drawn in between. */
  readonly drawnMs: number;
  readonly draw: StageTime;
}

/** Why no samples of the frame follow, and its noise where it was looked at. */
interface PartEnd {
  readonly endedBy?: 'noise' | 'time';
  readonly noise?: number;
}

export interface SumsOrder {
  readonly shot: Shot;
  readonly settings: RenderSettings;
  /** What is stored of a frame that noise may end. */
  readonly before: readonly SumsSource[];
}

const BYTES_PER_PX = 16;

/**
 * Draws the shot's part and reads its sums back: what `drawPicture` would have summed there.
 *
 * @throws KilnError `render.failed`, `render.page_lost`, `job.unsupported`.
 */
export async function drawSums(
  room: DrawingRoom,
  { shot, settings, before }: SumsOrder,
  giveWay: GiveWay,
  onDrawn?: OnDrawn,
): Promise<PartSums> {
  const { gpu, engines, targets, buffers } = room;
  const startedAtMs = unixMs();
  const engine = await engineFor(engines, shot);
  const { region, samples } = partOf(shot);
  const { widthPx, heightPx } = region;
  const letGo = targets.hold(shot);
  const { sampling, rest } = beginDrawing(gpu, shot, giveWay, onDrawn);
  try {
    await engine.render(shot, sampling, rest);
    const target = sampling.finishTarget();
    await gpu.finished();
    gpu.throwErrors();
    const draw = { startedAtMs, durationMs: unixMs() - startedAtMs };
    const drawn = { first: samples.first, count: sampling.facts.samples };
    const half = hasHalfSums(drawn, settings) ? sampling.half : null;
    const bytes = widthPx * heightPx * BYTES_PER_PX;
    const pixels = buffers.take(half ? 2 * bytes : bytes);
    const bottom = shot.size.heightPx - region.y - heightPx;
    const values = new Float32Array(pixels.buffer, half ? bytes : 0);
    gpu.renderer.readRenderTargetPixels(target, region.x, bottom, widthPx, heightPx, values);
    if (half) {
      const below = new Float32Array(pixels.buffer, 0, bytes / 4);
      gpu.renderer.readRenderTargetPixels(half.target, 0, 0, widthPx, heightPx, below);
    }
    gpu.throwErrors();
    const { tookMs } = sampling;
    const end = endOf(sampling.facts);
    const looked = isLookedAt(shot, drawn) ? await noiseOf(room, settings, before, { samples: drawn, values }) : null;
    if (gpu.isLost) throw new KilnError('render.page_lost', 'The GPU context was lost while a part was drawn.');
    return {
      pixels,
      rows: half ? 2 * heightPx : heightPx,
      areHalf: shot.engine === 'raster' && drawn.count === 1,
      samples: drawn,
      end: looked === null ? end : withNoise(end, looked, shot),
      drawnMs: tookMs,
      draw,
    };
  } finally {
    letGo();
    sampling.dispose();
  }
}

const endOf = ({ endedBy, noise }: Sampling['facts']): PartEnd => ({
  ...(endedBy === 'samples' ? {} : { endedBy }),
  ...(noise === undefined ? {} : { noise }),
});

const withNoise = (end: PartEnd, noise: number, { noiseThreshold }: Shot): PartEnd =>
  noise < noiseThreshold ? { endedBy: 'noise', noise } : { ...end, noise };

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
