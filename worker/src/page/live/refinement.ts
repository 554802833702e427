/**
 * A resting view on its way to what a job draws: samples are added in slices, between which others draw, and what was
 * summed stays. The sums are those of `drawPicture`, whatever the slices.
 */
import { isPowerOfTwo, type RenderSettings, SAMPLES_PER_BLOCK } from '@kiln/shared';
import type { Texture } from 'three';
import type { GiveWay } from '../draw-queue.ts';
import { mended } from '../encode/mended.ts';
import { type DrawingRoom, engineFor, restsOf } from '../engine/draw-picture.ts';
import { type RangeSums, readRanges } from '../engine/draw-sums.ts';
import type { SampleSink, Shot } from '../engine/engine.ts';
import { Sampling } from '../engine/sampling.ts';
import { beginningOf } from './frame-beginning.ts';
import { TileGrid } from './tile-grid.ts';

export interface Slice {
  /** Time of drawing after which others have their turn. */
  readonly sliceMs: number;
  /** Whether the viewer takes a picture now. */
  readonly mayShow: boolean;
  /** Whether the viewer has the picture of the first sample already, with loss. */
  readonly isFirstShown: boolean;
}

/** A better picture. */
export interface Step {
  /** Of the room's buffers, if nothing is drawn of it. */
  readonly pixels: Uint8Array<ArrayBuffer>;
  readonly isFinal: boolean;
  readonly readBackMs: number;
}

export class Refinement {
  readonly grid: TileGrid;
  readonly #sampling: Sampling;
  #samples = 0;
  /** Of the last picture that was worth showing. */
  #shown = 0;
  #isOver = false;

  /** @param shot of 8 bits; every later slice is of the same. */
  constructor(room: DrawingRoom, shot: Shot) {
    this.grid = new TileGrid(shot.size);
    this.#sampling = new Sampling(room.gpu.renderer, shot, () => 0, true);
  }

  get samples(): number {
    return this.#samples;
  }

  /** Of the last picture that was shown; 0: none was. */
  get shown(): number {
    return this.#isOver ? this.#samples : this.#shown;
  }

  /** The last picture is to be sent once more: not all viewers have it without loss. */
  reopen(): void {
    this.#isOver = false;
    this.#shown = this.#samples;
    this.grid.isLossy();
  }

  /** Nothing better comes. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** All samples are drawn, whether or not they were shown. */
  get isDrawn(): boolean {
    return this.#sampling.isComplete;
  }

  /**
   * Draws for a while, or until there is something better to show: after 1, 2, 4 … samples, and after the last.
   *
   * @returns null where nothing is to be shown.
   * @throws KilnError as `drawPicture`; whatever it throws, the refinement is of no more use.
   */
  async draw(room: DrawingRoom, shot: Shot, slice: Slice, giveWay: GiveWay): Promise<Step | null> {
    const { gpu, engines, targets } = room;
    const engine = await engineFor(engines, shot);
    const letGo = targets.hold(shot);
    const { rest, drawnMs } = restsOf(gpu, giveWay);
    const isTimeOver = () => drawnMs() >= slice.sliceMs;
    const sampling = this.#sampling;
    try {
      while (!sampling.isComplete) {
        await engine.render(this.#following(shot), new SliceSink(sampling, this.#add(slice), isTimeOver), rest);
        await gpu.finished();
        gpu.throwErrors();
        if (sampling.isComplete) break;
        if (this.#isWorthShowing(slice)) {
          const { pixels, readBackMs } = await this.#read(room, shot, sampling.soFar);
          if (!this.#isAssumed(slice)) {
            this.#shown = this.#samples;
            return { pixels, isFinal: false, readBackMs };
          }
          this.#assume(room, pixels);
        }
        if (isTimeOver()) return null;
      }
      if (!slice.mayShow) return null;
      const { pixels, readBackMs } = await sampling.withLight(async (light) => {
        const denoised = shot.denoise ? await room.denoiser.denoise(shot, light, rest) : null;
        const read = await this.#read(room, shot, denoised ? { sums: denoised.texture, samples: 1 } : light);
        denoised?.dispose();
        return read;
      });
      this.#isOver = true;
      return { pixels, isFinal: true, readBackMs };
    } finally {
      letGo();
    }
  }

  /**
   * Reads back what a frame of these settings may begin with, of as many sums as `maxBytes` hold.
   *
   * @returns ranges of samples that follow on one another from the first on.
   */
  read(room: DrawingRoom, settings: RenderSettings, maxBytes: number): RangeSums[] {
    const sampling = this.#sampling;
    const { widthPx, heightPx } = settings.size;
    const parts = beginningOf(settings, sampling).slice(0, Math.floor(maxBytes / (widthPx * heightPx * 16)));
    return readRanges(room, { shot: settings, settings, sampling }, parts);
  }

  /** Noise has ended the view before all its samples were drawn. */
  get isQuiet(): boolean {
    return this.isDrawn && this.#sampling.facts.endedBy === 'noise';
  }

  dispose(): void {
    this.#sampling.dispose();
  }

  /** What is left of the shot, from the block on whose first samples are summed. */
  #following(shot: Shot): Shot {
    const first = this.#samples - (this.#samples % SAMPLES_PER_BLOCK);
    const region = { x: 0, y: 0, ...shot.size };
    const part = { region, samples: { first, count: shot.samples - first } };
    return { ...shot, part, begun: this.#samples - first };
  }

  #add(slice: Slice): (count: number) => boolean {
    return (count) => {
      this.#samples += count;
      return this.#isWorthShowing(slice);
    };
  }

  #isWorthShowing(slice: Slice): boolean {
    if (this.#isAssumed(slice)) return true;
    return slice.mayShow && isPowerOfTwo(this.#samples) && this.#samples > this.#shown;
  }

  /** What is drawn now is what the viewer has. */
  #isAssumed({ isFirstShown }: Slice): boolean {
    return isFirstShown && this.#samples === 1 && this.#shown === 0;
  }

  #assume({ buffers }: DrawingRoom, pixels: Uint8Array<ArrayBuffer>): void {
    this.grid.assume(pixels);
    this.#shown = 1;
    buffers.give(pixels.buffer);
  }

  async #read(
    { gpu, targets, resolver, buffers }: DrawingRoom,
    shot: Shot,
    { sums, samples }: { readonly sums: Texture; readonly samples: number },
  ) {
    const startedAt = performance.now();
    const { picture } = targets.get(shot);
    const { widthPx, heightPx } = shot.size;
    resolver.resolve(sums, samples, shot, 'srgb8', picture);
    await gpu.finished();
    const pixels = buffers.take(widthPx * heightPx * 4);
    gpu.renderer.readRenderTargetPixels(picture, 0, 0, widthPx, heightPx, pixels);
    gpu.throwErrors();
    mended(pixels.buffer, 8, shot.background === 'transparent');
    return { pixels, readBackMs: performance.now() - startedAt };
  }
}

/** Ends an engine's work where a slice ends. */
class SliceSink implements SampleSink {
  readonly isWanted = false;
  readonly #sampling: Sampling;
  readonly #onAdded: (count: number) => boolean;
  readonly #isTimeOver: () => boolean;
  #isEnded = false;

  /** @param onAdded whether the slice ends there. */
  constructor(sampling: Sampling, onAdded: (count: number) => boolean, isTimeOver: () => boolean) {
    this.#sampling = sampling;
    this.#onAdded = onAdded;
    this.#isTimeOver = isTimeOver;
  }

  get isComplete(): boolean {
    return this.#isEnded;
  }

  add(sample: Texture): void {
    this.#sampling.add(sample);
    this.#added(1);
  }

  addBlock(sum: Texture, count: number): void {
    this.#sampling.addBlock(sum, count);
    this.#added(count);
  }

  tell(): void {}

  #added(count: number): void {
    const isShown = this.#onAdded(count);
    this.#isEnded ||= isShown || this.#sampling.isComplete || this.#isTimeOver();
  }
}
