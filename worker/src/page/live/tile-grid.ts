/** What of a live picture a viewer has, tile by tile, and what of a better one is worth sending. */
import type { Region, Size } from '@kiln/shared';

/**
 * Edge of a tile. Measured at 1,280 × 720 (`npm run bench -- live.tiles`), a step of a view that gets better by rasterisation, one of
 * path tracing, and one of a view of which one object turns; kilobytes, and milliseconds to encode, decode and upload:
 *
 * | edge | raster | traced | a part |
 * | --- | --- | --- | --- |
 * | 64 | 146, 384 | 495, 381 | 22, 31 |
 * | 96 | 139, 145 | 489, 251 | 22, 15 |
 * | 128 | 136, 108 | 489, 115 | 24, 12 |
 * | 192 | 130, 41 | 486, 109 | 26, 13 |
 * | 256 | 129, 31 | 487, 67 | 31, 15 |
 *
 * Beyond 192 a part of a picture costs more, and a part without loss keeps the next picture waiting for longer.
 */
export const TILE_PX = 192;

/** A lossless file holds so many tiles across and down at most, so that none keeps the next picture waiting for long. */
const EXACT_TILES = 2;

const CHANNELS = 4;

/** Mean squared difference of a tile's bytes below which nobody sees that it got better: 48 dB. */
const SEEN_DIFFERENCE = 1;

export class TileGrid {
  readonly #size: Size;
  readonly #tilePx: number;
  readonly #columns: number;
  readonly #rows: number;
  /** As it was before it was encoded; null while the viewer has nothing. */
  #sent: Uint8Array | null = null;
  /** Tiles that the viewer has as they were drawn. */
  readonly #exact: boolean[];

  constructor(size: Size, tilePx: number = TILE_PX) {
    this.#size = size;
    this.#tilePx = tilePx;
    this.#columns = Math.ceil(size.widthPx / tilePx);
    this.#rows = Math.ceil(size.heightPx / tilePx);
    this.#exact = new Array<boolean>(this.#columns * this.#rows).fill(false);
  }

  /** The viewer has this picture, encoded with loss. */
  assume(pixels: Uint8Array): void {
    this.#sent = pixels.slice();
    this.#exact.fill(false);
  }

  /** What the viewer has, before it was encoded: not to be kept, since it changes. Null while it has nothing. */
  get sent(): Uint8Array | null {
    return this.#sent;
  }

  /** Whether the viewer has the last picture, whole and as it was drawn. */
  get isExact(): boolean {
    return this.#exact.every(Boolean);
  }

  /** Some viewer has it with loss. */
  isLossy(): void {
    this.#exact.fill(false);
  }

  /**
   * What is to be sent of a better picture, and counts as sent from then on.
   *
   * @param pixels RGBA, top row first.
   * @param isExact it is the last one and is sent without loss: then all that the viewer has not got as it is.
   */
  take(pixels: Uint8Array, isExact: boolean): Region[] {
    const sent = this.#sent;
    this.#sent ??= new Uint8Array(pixels.length);
    const wanted = this.#exact.map((hasExact, tile) => {
      if (!sent || (isExact && !hasExact)) return true;
      const difference = this.#difference(tile, pixels, sent);
      return isExact ? difference > 0 : difference >= SEEN_DIFFERENCE;
    });
    for (const [tile, isWanted] of wanted.entries()) {
      if (!isWanted) continue;
      this.#copy(tile, pixels);
      this.#exact[tile] = isExact;
    }
    return this.#rectangles(wanted, isExact ? EXACT_TILES : Number.POSITIVE_INFINITY);
  }

  #regionOf(column: number, row: number, columns = 1, rows = 1): Region {
    const [x, y] = [column * this.#tilePx, row * this.#tilePx];
    return {
      x,
      y,
      widthPx: Math.min(this.#size.widthPx - x, columns * this.#tilePx),
      heightPx: Math.min(this.#size.heightPx - y, rows * this.#tilePx),
    };
  }

  #tile(tile: number): Region {
    return this.#regionOf(tile % this.#columns, Math.floor(tile / this.#columns));
  }

  #difference(tile: number, pixels: Uint8Array, sent: Uint8Array): number {
    const { x, y, widthPx, heightPx } = this.#tile(tile);
    let sum = 0;
    for (let row = y; row < y + heightPx; row += 1) {
      const from = (row * this.#size.widthPx + x) * CHANNELS;
      for (let at = from; at < from + widthPx * CHANNELS; at += 1) {
        const apart = (pixels[at] ?? 0) - (sent[at] ?? 0);
        sum += apart * apart;
      }
    }
    return sum / (widthPx * heightPx * CHANNELS);
  }

  #copy(tile: number, pixels: Uint8Array): void {
    const { x, y, widthPx, heightPx } = this.#tile(tile);
    for (let row = y; row < y + heightPx; row += 1) {
      const from = (row * this.#size.widthPx + x) * CHANNELS;
      this.#sent?.set(pixels.subarray(from, from + widthPx * CHANNELS), from);
    }
  }

  /** Neighbours together, first across and then down. */
  #rectangles(wanted: readonly boolean[], most: number): Region[] {
    const left = [...wanted];
    const at = (column: number, row: number) => row * this.#columns + column;
    const regions: Region[] = [];
    for (const [tile, isLeft] of wanted.entries()) {
      if (!isLeft || !left[tile]) continue;
      const [column, row] = [tile % this.#columns, Math.floor(tile / this.#columns)];
      let [columns, rows] = [1, 1];
      while (columns < most && column + columns < this.#columns && left[at(column + columns, row)]) columns += 1;
      const isRowLeft = (below: number) =>
        Array.from({ length: columns }, (_, i) => left[at(column + i, below)]).every(Boolean);
      while (rows < most && row + rows < this.#rows && isRowLeft(row + rows)) rows += 1;
      for (let down = 0; down < rows; down += 1) {
        for (let across = 0; across < columns; across += 1) left[at(column + across, row + down)] = false;
      }
      regions.push(this.#regionOf(column, row, columns, rows));
    }
    return regions;
  }
}

/** The pixels of a part of a picture, in `part`. */
export function cutOut(pixels: Uint8Array, { widthPx }: Size, region: Region, part: Uint8Array): void {
  const rowBytes = region.widthPx * CHANNELS;
  for (let row = 0; row < region.heightPx; row += 1) {
    const from = ((region.y + row) * widthPx + region.x) * CHANNELS;
    part.set(pixels.subarray(from, from + rowBytes), row * rowBytes);
  }
}
