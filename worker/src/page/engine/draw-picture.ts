import { KilnError, type StageTime } from '@kiln/shared';
import type { GiveWay } from '../draw-queue.ts';
import type { Gpu } from '../gpu.ts';
import { PAGE_LIMITS } from '../limits.ts';
import type { PixelBuffers } from '../pixel-buffers.ts';
import { BYTES_PER_PX } from '../pixel-kind.ts';
import { unixMs } from '../unix-time.ts';
import { Accumulation } from './accumulation.ts';
import type { CameraPlacement } from './camera-placement.ts';
import type { Engine, Shot } from './engine.ts';
import type { Resolver } from './resolve.ts';
import type { TargetPool } from './target-pool.ts';

export interface Picture {
  /** The bytes of what the shot's `pixelKind` says. Of the room's buffers: the encoder gives it back. */
  readonly pixels: Uint8Array<ArrayBuffer>;
  readonly placement: CameraPlacement;
  /** From the first command to the GPU's last one. */
  readonly draw: StageTime;
  readonly readBackMs: number;
}

export interface DrawingRoom {
  readonly gpu: Gpu;
  readonly engine: Engine;
  readonly targets: TargetPool;
  readonly resolver: Resolver;
  readonly buffers: PixelBuffers;
}

/**
 * Draws one picture and reads it back. A picture of many samples gives way to more urgent ones between batches of them;
 * neither batches nor interruptions change a byte.
 *
 * @throws KilnError `render.failed`, `render.page_lost`.
 */
export async function drawPicture(room: DrawingRoom, shot: Shot, giveWay: GiveWay): Promise<Picture> {
  const { gpu, engine, targets, resolver, buffers } = room;
  const startedAtMs = unixMs();
  const accumulation = new Accumulation(gpu.renderer, shot.size, shot.samples);
  try {
    let placement: CameraPlacement | null = null;
    let batch = 1;
    for (let drawn = 0; drawn < shot.samples; ) {
      const count = Math.min(batch, shot.samples - drawn);
      const batchStart = performance.now();
      placement = engine.render(shot, { first: drawn, count }, accumulation);
      drawn += count;
      if (drawn === shot.samples) break;
      await gpu.finished();
      batch = batchFor((performance.now() - batchStart) / count);
      await giveWay();
    }
    if (!placement) throw new Error('a picture has at least one sample');
    const { pixelKind = 'srgb8', size } = shot;
    const { picture } = targets.get(shot);
    resolver.resolve(accumulation.finish(), accumulation.samples, shot, pixelKind, picture);
    await gpu.finished();
    gpu.throwShaderErrors();
    const durationMs = unixMs() - startedAtMs;
    const pixels = buffers.take(size.widthPx * size.heightPx * BYTES_PER_PX[pixelKind]);
    const values = pixelKind === 'srgb8' ? pixels : new Float32Array(pixels.buffer);
    gpu.renderer.readRenderTargetPixels(picture, 0, 0, size.widthPx, size.heightPx, values);
    // Then the buffer holds an older picture: a lost context answers every call with nothing.
    if (gpu.isLost) throw new KilnError('render.page_lost', 'The GPU context was lost while a picture was drawn.');
    const readBackMs = unixMs() - startedAtMs - durationMs;
    return { pixels, placement, draw: { startedAtMs, durationMs }, readBackMs };
  } finally {
    accumulation.dispose();
  }
}

/** Samples that take about as long as others may be kept waiting; at most a block, whose commands are all queued at once. */
const batchFor = (sampleMs: number) =>
  Math.min(PAGE_LIMITS.samplesPerBlock, Math.max(1, Math.floor(PAGE_LIMITS.sampleBatchMs / sampleMs)));
