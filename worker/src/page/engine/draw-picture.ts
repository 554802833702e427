import {
  type Backend,
  type Engine as EngineName,
  KilnError,
  type Sampling as SamplingFacts,
  type StageTime,
} from '@kiln/shared';
import type { GiveWay } from '../draw-queue.ts';
import type { Gpu } from '../gpu.ts';
import type { PixelBuffers } from '../pixel-buffers.ts';
import { BYTES_PER_PX } from '../pixel-kind.ts';
import { unixMs } from '../unix-time.ts';
import type { CameraPlacement } from './camera-placement.ts';
import type { Denoiser } from './denoise/denoiser.ts';
import type { DepthMap, DepthMapper } from './depth-map.ts';
import type { Engine, Rest, Shot } from './engine.ts';
import type { DataPasses } from './passes/data-passes.ts';
import type { MatteManifests } from './passes/mattes.ts';
import type { DataPlane } from './passes/planes.ts';
import type { Resolver } from './resolve.ts';
import { Sampling } from './sampling.ts';
import type { TargetPool } from './target-pool.ts';

export interface Picture {
  /** The bytes of what the shot's `pixelKind` says. Of the room's buffers: the encoder gives it back. */
  readonly pixels: Uint8Array<ArrayBuffer>;
  /** Those of the shot; also of the room's buffers. */
  readonly planes: readonly DataPlane[];
  /** Null without planes. */
  readonly mattes: MatteManifests | null;
  /** Null where the shot asks for none, and of an orthographic camera. */
  readonly depth: DepthMap | null;
  readonly placement: CameraPlacement;
  /** From the first command to the GPU's last one. */
  readonly draw: StageTime;
  readonly sampling: SamplingFacts;
  readonly readBackMs: number;
}

export interface DrawingRoom {
  readonly gpu: Gpu;
  /** Made when they are first asked for. */
  readonly engines: Readonly<Record<EngineName, Readonly<Partial<Record<Backend, () => Promise<Engine>>>>>>;
  readonly targets: TargetPool;
  readonly resolver: Resolver;
  readonly denoiser: Denoiser;
  readonly passes: DataPasses;
  readonly depths: DepthMapper;
  readonly buffers: PixelBuffers;
}

/** A picture that is being drawn piece by piece. */
export interface Drawing {
  readonly sampling: Sampling;
  /** Waits for the GPU, and lets others draw. */
  readonly rest: Rest;
}

/** Hears which share of the samples is drawn, after each piece. */
export type OnDrawn = (fraction: number) => void;

export function beginDrawing(gpu: Gpu, shot: Shot, giveWay: GiveWay, onDrawn: OnDrawn = () => {}): Drawing {
  const { rest, drawnMs } = restsOf(gpu, giveWay, () => onDrawn(sampling.fraction));
  const sampling = new Sampling(gpu.renderer, shot, drawnMs);
  return { sampling, rest };
}

/** Rests between pieces that others draw in, and how long it was drawn without those. */
export function restsOf(
  gpu: Gpu,
  giveWay: GiveWay,
  onPiece: () => void = () => {},
): { readonly rest: Rest; readonly drawnMs: () => number } {
  let pieceStart = performance.now();
  let piecesMs = 0;
  const rest = async () => {
    await gpu.finished();
    const ms = performance.now() - pieceStart;
    piecesMs += ms;
    onPiece();
    await giveWay();
    pieceStart = performance.now();
    return ms;
  };
  return { rest, drawnMs: () => piecesMs + performance.now() - pieceStart };
}

/**
 * Draws one picture and reads it back. A long one gives way to more urgent ones; neither pieces nor interruptions change
 * a byte.
 *
 * @throws KilnError `render.failed`, `render.page_lost`, `job.unsupported`.
 */
export async function drawPicture(
  room: DrawingRoom,
  shot: Shot,
  giveWay: GiveWay,
  onDrawn?: OnDrawn,
): Promise<Picture> {
  const { gpu, engines, targets, resolver, denoiser, passes, depths, buffers } = room;
  const startedAtMs = unixMs();
  const engine = await engineFor(engines, shot);
  const letGo = targets.hold(shot);
  const { sampling, rest } = beginDrawing(gpu, shot, giveWay, onDrawn);
  try {
    const placement = await engine.render(shot, sampling, rest);
    const { pixelKind = 'srgb8', size } = shot;
    const { facts } = sampling;
    const light = sampling.finish();
    const denoised = shot.denoise ? await denoiser.denoise(shot, light, rest) : null;
    const { picture, sample } = targets.get(shot);
    const seen = placement.lens.kind === 'perspective' ? sample.depthTexture : null;
    if (seen) {
      const blended = passes.drawBlendedDepth(shot, placement);
      depths.reduce([seen, blended?.depthTexture ?? seen], size);
      blended?.dispose();
    }
    if (denoised) resolver.resolve(denoised.texture, 1, shot, pixelKind, picture);
    else resolver.resolve(light.sums, light.samples, shot, pixelKind, picture);
    denoised?.dispose();
    await gpu.finished();
    gpu.throwErrors();
    const durationMs = unixMs() - startedAtMs;
    const pixels = buffers.take(size.widthPx * size.heightPx * BYTES_PER_PX[pixelKind]);
    const values = pixelKind === 'srgb8' ? pixels : new Float32Array(pixels.buffer);
    gpu.renderer.readRenderTargetPixels(picture, 0, 0, size.widthPx, size.heightPx, values);
    const depth = seen ? depths.read(placement) : null;
    const planes = [...passes.draw(shot, placement), ...denoiser.before(shot, light, buffers)];
    planes.push(...(await passes.drawMattes(shot, rest)));
    gpu.throwErrors();
    // Then the buffer holds an older picture: a lost context answers every call with nothing.
    if (gpu.isLost) throw new KilnError('render.page_lost', 'The GPU context was lost while a picture was drawn.');
    const readBackMs = unixMs() - startedAtMs - durationMs;
    const mattes = planes.length > 0 ? passes.manifestsOf(shot.scene) : null;
    return { pixels, planes, mattes, depth, placement, draw: { startedAtMs, durationMs }, sampling: facts, readBackMs };
  } finally {
    letGo();
    sampling.dispose();
  }
}

export function engineFor(engines: DrawingRoom['engines'], { engine, backend = 'webgl' }: Shot): Promise<Engine> {
  const make = engines[engine][backend];
  if (!make) throw new KilnError('job.unsupported', `Kiln has no engine ${engine} for ${backend}.`);
  return make();
}
