import { PAGE_LIMITS } from './limits.ts';

/**
 * Buffers of pictures' pixels, used again: the browser's collector sees a megabyte of new ones per frame late, and the
 * page's memory swings by dozens of megabytes. At most as many are kept as pictures can be under way.
 */
export class PixelBuffers {
  /** The last given at the end. */
  readonly #free: ArrayBuffer[] = [];

  /** A buffer of exactly so many bytes; what is in it is anything. */
  take(sizeBytes: number): Uint8Array<ArrayBuffer> {
    const at = this.#free.findLastIndex((buffer) => buffer.byteLength === sizeBytes);
    const [buffer] = at < 0 ? [] : this.#free.splice(at, 1);
    return new Uint8Array(buffer ?? new ArrayBuffer(sizeBytes));
  }

  /** Gives a buffer back, whose pixels nobody needs any more. */
  give(buffer: ArrayBuffer): void {
    this.#free.push(buffer);
    let bytes = this.#free.reduce((sum, { byteLength }) => sum + byteLength, 0);
    while (this.#free.length > PAGE_LIMITS.pixelBuffers || bytes > PAGE_LIMITS.pixelBufferBytes)
      bytes -= this.#free.shift()?.byteLength ?? bytes;
  }
}
