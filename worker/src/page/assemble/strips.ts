/** The sums of one block of a frame, a strip of rows at a time: added on the GPU, and resolved as a whole frame is. */
import { SAMPLES_PER_BLOCK, type SampleRange, sampleBlocks } from '@kiln/shared';
import { DataTexture, FloatType, NearestFilter, RGBAFormat, type WebGLRenderTarget } from 'three';
import { floatTarget } from '../engine/accumulation.ts';
import type { DrawingRoom } from '../engine/draw-picture.ts';
import { pictureTarget } from '../engine/resolve.ts';
import { SumTree } from '../engine/sum-tree.ts';
import type { PixelKind } from '../pixel-kind.ts';
import type { ExrRows } from './exr-rows.ts';

/** Rows that are added at once: whole chunks of OpenEXR. */
export const STRIP_ROWS = 64;

const CHUNK_ROWS = 16;

export interface RangeRows {
  readonly samples: SampleRange;
  readonly rows: ExrRows;
}

export interface Look {
  readonly samples: number;
  readonly pixelKind: PixelKind;
  readonly shown: Parameters<DrawingRoom['resolver']['resolve']>[2];
}

export class Strips {
  readonly #room: DrawingRoom;
  readonly #tree: SumTree;
  readonly #look: Look;
  readonly #widthPx: number;
  readonly #values: Float32Array<ArrayBuffer>;
  readonly #texture: DataTexture;
  readonly #picture: WebGLRenderTarget;

  /** @param widthPx of the widest block. */
  constructor(room: DrawingRoom, widthPx: number, look: Look) {
    const size = { widthPx, heightPx: STRIP_ROWS };
    this.#room = room;
    this.#look = look;
    this.#widthPx = widthPx;
    this.#tree = new SumTree(room.gpu.renderer, () => floatTarget(size));
    this.#values = new Float32Array(widthPx * STRIP_ROWS * 4);
    this.#texture = new DataTexture(this.#values, widthPx, STRIP_ROWS, RGBAFormat, FloatType);
    this.#texture.minFilter = this.#texture.magFilter = NearestFilter;
    this.#picture = pictureTarget(size, look.pixelKind);
  }

  /**
   * Makes the next rows of a block.
   *
   * @param ranges in the order of their samples.
   * @param count rows that are left of it, or fewer.
   * @param into the rows, top row first, `widthPx` wide.
   */
  async next(
    ranges: readonly RangeRows[],
    count: number,
    widthPx: number,
    into: Uint8Array | Float32Array,
  ): Promise<void> {
    const { gpu, resolver } = this.#room;
    for (const { rows, samples } of ranges) {
      // Rows of a texture count from the bottom.
      for (let row = 0; row < count; row += CHUNK_ROWS) {
        await rows.next(this.#values, STRIP_ROWS - 1 - row, this.#widthPx * 4);
      }
      this.#texture.needsUpdate = true;
      const target = this.#tree.take();
      this.#tree.copy(target, this.#texture);
      this.#tree.push(target, {
        firstBlock: samples.first / SAMPLES_PER_BLOCK,
        blocks: sampleBlocks(samples.count),
      });
    }
    const { samples, shown, pixelKind } = this.#look;
    resolver.resolve(this.#tree.finish().texture, samples, shown, pixelKind, this.#picture);
    gpu.renderer.readRenderTargetPixels(this.#picture, 0, 0, widthPx, count, into);
    gpu.throwErrors();
  }

  dispose(): void {
    this.#tree.dispose();
    this.#texture.dispose();
    this.#picture.dispose();
  }
}
