import type { Size } from '@kiln/shared';

/** Pixels from the left and from the lowest row. */
export interface Tile extends Size {
  readonly x: number;
  readonly y: number;
}

/**
 * The next pixels of a picture that is drawn row by row: whole rows, or a part of one where a row alone is too much.
 *
 * @param at how many pixels are drawn.
 * @param most pixels of the tile, at least 1.
 */
export function tileAt({ widthPx, heightPx }: Size, at: number, most: number): Tile {
  const [x, y] = [at % widthPx, Math.floor(at / widthPx)];
  const rows = Math.min(Math.floor(most / widthPx), heightPx - y);
  if (x === 0 && rows > 0) return { x, y, widthPx, heightPx: rows };
  return { x, y, widthPx: Math.min(most, widthPx - x), heightPx: 1 };
}
