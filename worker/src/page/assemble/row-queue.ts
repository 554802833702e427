import type { Region, Size } from '@kiln/shared';
import { BYTES_PER_PX, type PixelKind } from '../pixel-kind.ts';
import { STRIP_ROWS } from './strips.ts';

/**
 * Takes the next rows of a picture.
 *
 * @param pixels of whole rows; to be used before the promise resolves.
 * @param firstRow from the top.
 */
export type TakeRows = (pixels: Uint8Array<ArrayBuffer>, firstRow: number, rows: number) => Promise<void>;

/**
 * Rows of a picture, put together of the strips of its blocks and handed on 64 at a time: chunks of files begin at such
 * rows, wherever blocks end.
 */
export class RowQueue {
  readonly #size: Size;
  readonly #take: TakeRows;
  readonly #rowBytes: number;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #values: Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
  /** Rows that are in the buffer, and the first of them. */
  #rows = 0;
  #firstRow = 0;

  constructor(size: Size, kind: PixelKind, take: TakeRows) {
    this.#size = size;
    this.#take = take;
    this.#rowBytes = size.widthPx * BYTES_PER_PX[kind];
    this.#bytes = new Uint8Array(this.#rowBytes * 2 * STRIP_ROWS);
    this.#values = kind === 'srgb8' ? this.#bytes : new Float32Array(this.#bytes.buffer);
  }

  /** Puts `count` rows of a block behind those that are committed. */
  put(strip: Uint8Array | Float32Array, count: number, { x, widthPx }: Region): void {
    const length = widthPx * 4;
    for (let row = 0; row < count; row += 1) {
      const to = ((this.#rows + row) * this.#size.widthPx + x) * 4;
      this.#values.set(strip.subarray(row * length, (row + 1) * length), to);
    }
  }

  /** The next `count` rows, at most 64, are there in their whole width. */
  async commit(count: number): Promise<void> {
    this.#rows += count;
    if (this.#rows >= STRIP_ROWS) await this.#handOn(STRIP_ROWS);
    if (this.#firstRow + this.#rows === this.#size.heightPx && this.#rows > 0) await this.#handOn(this.#rows);
  }

  async #handOn(rows: number): Promise<void> {
    const end = rows * this.#rowBytes;
    await this.#take(this.#bytes.subarray(0, end), this.#firstRow, rows);
    this.#bytes.copyWithin(0, end, this.#rows * this.#rowBytes);
    this.#firstRow += rows;
    this.#rows -= rows;
  }
}
