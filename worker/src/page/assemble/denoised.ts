/** A frame of the sums that others have drawn, without its noise: whole, for the filter looks far around each pixel. */
import type { RenderSettings, StageTime } from '@kiln/shared';
import type { GiveWay } from '../draw-queue.ts';
import { type DrawingRoom, restsOf } from '../engine/draw-picture.ts';
import type { Shot } from '../engine/engine.ts';
import type { DataPlane } from '../engine/passes/planes.ts';
import { pictureTarget } from '../engine/resolve.ts';
import { BYTES_PER_PX } from '../pixel-kind.ts';
import { unixMs } from '../unix-time.ts';
import type { SumsSource } from './assemble-frame.ts';
import type { Look } from './strips.ts';
import { sumRanges } from './sum-ranges.ts';

export interface DenoisedPicture {
  /** As `drawPicture` gives them. Of the room's buffers: the encoder gives it back. */
  readonly pixels: Uint8Array<ArrayBuffer>;
  /** The picture before, where the shot asks for it. */
  readonly before: readonly DataPlane[];
  readonly draw: StageTime;
}

/** @throws KilnError or what was wrong with the sums. */
export async function denoisedFrame(
  { gpu, buffers, denoiser, resolver }: DrawingRoom,
  settings: RenderSettings,
  sources: readonly SumsSource[],
  { shot, look, giveWay }: { readonly shot: Shot; readonly look: Look; readonly giveWay: GiveWay },
): Promise<DenoisedPicture> {
  const startedAtMs = unixMs();
  const { renderer } = gpu;
  const { widthPx, heightPx } = settings.size;
  const { pixelKind, shown } = look;
  const light = await sumRanges(renderer, settings, sources);
  const picture = pictureTarget(settings.size, pixelKind);
  try {
    const denoised = await denoiser.denoise(shot, light, restsOf(gpu, giveWay).rest);
    resolver.resolve(denoised.texture, 1, shown, pixelKind, picture);
    denoised.dispose();
    await gpu.finished();
    gpu.throwErrors();
    const draw = { startedAtMs, durationMs: unixMs() - startedAtMs };
    const pixels = buffers.take(widthPx * heightPx * BYTES_PER_PX[pixelKind]);
    const values = pixelKind === 'srgb8' ? pixels : new Float32Array(pixels.buffer);
    renderer.readRenderTargetPixels(picture, 0, 0, widthPx, heightPx, values);
    const before = denoiser.before(shot, light, buffers);
    gpu.throwErrors();
    return { pixels, before, draw };
  } finally {
    picture.dispose();
    light.dispose();
  }
}
