/** [LV30] A picture at rest with all that was put over it, as a file. */
import type { Picture } from '@kiln/shared';
import { type Pixels, pngOf, pngPixels } from './png-pixels.ts';

export class PatchedPicture {
  #whole: Picture | null = null;
  #pixels: Pixels | null = null;

  /** A whole picture, or a part of the one before. */
  take(picture: Picture): void {
    if (!picture.header.better) {
      this.#whole = picture;
      this.#pixels = null;
      return;
    }
    const pixels = this.#decoded();
    const { tile, widthPx, heightPx } = picture.header;
    // Of a picture that was missed: a whole one follows.
    if (!pixels || pixels.widthPx !== widthPx || pixels.heightPx !== heightPx) return;
    const part = pngPixels(picture.colour, tile.widthPx, tile.heightPx);
    for (let y = 0; y < tile.heightPx; y++) {
      const row = part.data.subarray(y * tile.widthPx * 4, (y + 1) * tile.widthPx * 4);
      pixels.data.set(row, ((tile.y + y) * widthPx + tile.x) * 4);
    }
  }

  /** As PNG; null before the first picture. */
  png(): Uint8Array | null {
    const pixels = this.#decoded();
    return pixels && pngOf(pixels);
  }

  /** Moving pictures come and go: one is decoded when something is put over it. */
  #decoded(): Pixels | null {
    if (!this.#whole) return null;
    const { header, colour } = this.#whole;
    this.#pixels ??= pngPixels(colour, header.widthPx, header.heightPx);
    return this.#pixels;
  }
}
