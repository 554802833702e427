import { KilnError, type SampleRange, type StageTime } from '@kiln/shared';
import type { GiveWay } from '../draw-queue.ts';
import { unixMs } from '../unix-time.ts';
import { beginDrawing, type DrawingRoom, engineFor, type OnDrawn } from './draw-picture.ts';
import { partOf, type Shot } from './engine.ts';

export interface PartSums {
  /** RGBA floats of the part's pixels, lowest row first. Of the room's buffers: the encoder gives it back. */
  readonly pixels: Uint8Array<ArrayBuffer>;
  /** Whether half floats hold them without loss. */
  readonly areHalf: boolean;
  /** Those of the part, or the first of them. */
  readonly samples: SampleRange;
  readonly draw: StageTime;
}

const BYTES_PER_PX = 16;

/**
 * Draws the shot's part and reads its sums back: what `drawPicture` would have summed there.
 *
 * @throws KilnError `render.failed`, `render.page_lost`, `job.unsupported`.
 */
export async function drawSums(room: DrawingRoom, shot: Shot, giveWay: GiveWay, onDrawn?: OnDrawn): Promise<PartSums> {
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
    const pixels = buffers.take(widthPx * heightPx * BYTES_PER_PX);
    const bottom = shot.size.heightPx - region.y - heightPx;
    const values = new Float32Array(pixels.buffer);
    gpu.renderer.readRenderTargetPixels(target, region.x, bottom, widthPx, heightPx, values);
    gpu.throwErrors();
    if (gpu.isLost) throw new KilnError('render.page_lost', 'The GPU context was lost while a part was drawn.');
    const drawn = { first: samples.first, count: sampling.facts.samples };
    return { pixels, areHalf: shot.engine === 'raster' && drawn.count === 1, samples: drawn, draw };
  } finally {
    letGo();
    sampling.dispose();
  }
}
