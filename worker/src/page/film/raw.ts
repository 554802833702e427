import type { Size } from '@kiln/shared';
import type { FilmBytes } from './film-bytes.ts';
import type { FilmMaker, FilmMakerOrder, FilmPicture } from './film-maker.ts';

/** Pixels as they are, RGBA of 8 bits, one picture after the other: for an encoder outside, which then reads no files. */
export class RawMaker implements FilmMaker {
  readonly size: Size;
  readonly #bytes: FilmBytes;

  constructor({ size }: FilmMakerOrder, bytes: FilmBytes) {
    this.size = size;
    this.#bytes = bytes;
  }

  async add({ rgba }: FilmPicture): Promise<void> {
    this.#bytes.append(new Uint8Array(rgba.buffer, rgba.byteOffset, rgba.byteLength));
  }

  async end() {
    return { audioCodec: null };
  }
}
