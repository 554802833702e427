import { expect, it } from 'vitest';
import { tileAt } from '../../src/page/engine/pathtrace/tile-at.ts';

it.each([
  [1, 1],
  [7, 5],
  [32, 3],
])('draws every pixel of %d × %d once, in tiles of no more than what is asked for', (widthPx, heightPx) => {
  for (let wish = 1; wish <= widthPx * heightPx + 3; wish += 1) {
    const times = new Uint8Array(widthPx * heightPx);
    // Pieces are of different sizes.
    for (let at = 0, turn = 0; at < times.length; turn += 1) {
      const most = 1 + ((wish * (turn + 1)) % (wish + 2));
      const tile = tileAt({ widthPx, heightPx }, at, most);
      expect(tile.widthPx * tile.heightPx).toBeLessThanOrEqual(most);
      if (at % widthPx === 0 && most >= widthPx) expect(tile.widthPx).toBe(widthPx);
      for (let y = tile.y; y < tile.y + tile.heightPx; y += 1) {
        for (let x = tile.x; x < tile.x + tile.widthPx; x += 1) {
          const pixel = y * widthPx + x;
          times[pixel] = (times[pixel] ?? 0) + 1;
        }
      }
      at += tile.widthPx * tile.heightPx;
    }
    expect(times.every((count) => count === 1)).toBe(true);
  }
});
