import type { Size } from '@kiln/shared';
import { applyPalette, GIFEncoder, quantize } from 'gifenc';
import type { FilmBytes } from './film-bytes.ts';
import type { FilmMaker, FilmMakerOrder, FilmPicture } from './film-maker.ts';

const COLOURS = 256;

/** GIF: each picture with the 256 colours that suit it, without dithering. It loops for ever. */
export class GifMaker implements FilmMaker {
  readonly size: Size;
  readonly #order: FilmMakerOrder;
  readonly #bytes: FilmBytes;
  /** By hand, so that what is written can be taken after each picture. */
  readonly #encoder = GIFEncoder({ auto: false });
  #pictures = 0;

  constructor(order: FilmMakerOrder, bytes: FilmBytes) {
    this.#order = order;
    this.size = order.size;
    this.#bytes = bytes;
    this.#encoder.writeHeader();
  }

  async add({ rgba }: FilmPicture): Promise<void> {
    const palette = quantize(rgba, COLOURS);
    const delay = 10 * (this.#endCs(this.#pictures + 1) - this.#endCs(this.#pictures));
    const options = { palette, delay, first: this.#pictures === 0, repeat: 0 };
    this.#pictures += 1;
    this.#encoder.writeFrame(applyPalette(rgba, palette), this.size.widthPx, this.size.heightPx, options);
    this.#hand();
  }

  async end() {
    this.#encoder.finish();
    this.#hand();
    return { audioCodec: null };
  }

  #hand(): void {
    this.#bytes.append(this.#encoder.bytes());
    this.#encoder.reset();
  }

  /** Whole hundredths of a second that add up to the film's length. */
  #endCs(pictures: number): number {
    const { numerator, denominator } = this.#order.rate;
    return Math.round((pictures * denominator * 100) / numerator);
  }
}
