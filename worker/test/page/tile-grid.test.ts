import { expect, it } from 'vitest';
import { cutOut, TILE_PX, TileGrid } from '../../src/page/live/tile-grid.ts';

const SIZE = { widthPx: 3 * TILE_PX + 10, heightPx: 2 * TILE_PX };
const picture = () => new Uint8Array(SIZE.widthPx * SIZE.heightPx * 4).fill(100);

/** Changes a pixel of a picture by so much. */
function change(pixels: Uint8Array, x: number, y: number, by: number): Uint8Array {
  const at = (y * SIZE.widthPx + x) * 4;
  pixels.set(
    pixels.subarray(at, at + 4).map((value) => value + by),
    at,
  );
  return pixels;
}

const area = (regions: readonly { widthPx: number; heightPx: number }[]) =>
  regions.reduce((sum, { widthPx, heightPx }) => sum + widthPx * heightPx, 0);

it('sends all of a first picture at once, and nothing of the same again', () => {
  const grid = new TileGrid(SIZE);
  expect(grid.take(picture(), false)).toEqual([{ x: 0, y: 0, ...SIZE }]);
  expect(grid.take(picture(), false)).toEqual([]);
});

it('sends the tiles that changed to be seen, neighbours together', () => {
  const grid = new TileGrid(SIZE);
  grid.assume(picture());
  const better = picture();
  for (const [x, y] of [
    [0, 0],
    [1, 0],
    [TILE_PX, 5],
    [TILE_PX + 1, 5],
  ] as const)
    change(better, TILE_PX + x, y, 155);
  // One pixel of a tile that is off by a little is not seen.
  change(better, 0, 0, 10);
  expect(grid.take(better, false)).toEqual([{ x: TILE_PX, y: 0, widthPx: 2 * TILE_PX, heightPx: TILE_PX }]);
});

it('compares with what was sent of a tile, however small the steps are', () => {
  const grid = new TileGrid(SIZE);
  grid.assume(picture());
  const slow = picture();
  let sent = 0;
  for (let step = 0; step < 20; step += 1) {
    for (let x = 0; x < TILE_PX; x += 1) change(slow, x, 0, 3);
    sent += grid.take(slow, false).length;
  }
  expect(sent).toBeGreaterThan(0);
  expect(sent).toBeLessThan(20);
});

it('sends at last, in parts, whatever the viewer has not got without loss, and then only what differs at all', () => {
  const grid = new TileGrid(SIZE);
  grid.assume(picture());
  const last = grid.take(picture(), true);
  expect(area(last)).toBe(SIZE.widthPx * SIZE.heightPx);
  expect(Math.max(...last.map(({ widthPx, heightPx }) => widthPx * heightPx))).toBeLessThanOrEqual(4 * TILE_PX ** 2);
  expect(grid.take(picture(), true)).toEqual([]);
  expect(grid.take(change(picture(), SIZE.widthPx - 1, SIZE.heightPx - 1, 1), true)).toEqual([
    { x: 3 * TILE_PX, y: TILE_PX, widthPx: 10, heightPx: TILE_PX },
  ]);
});

it('cuts parts out of a picture', () => {
  const pixels = change(picture(), 7, 3, 50);
  const part = new Uint8Array(2 * 2 * 4);
  cutOut(pixels, SIZE, { x: 6, y: 3, widthPx: 2, heightPx: 2 }, part);
  expect([...part]).toEqual([100, 100, 100, 100, 150, 150, 150, 150, 100, 100, 100, 100, 100, 100, 100, 100]);
});
