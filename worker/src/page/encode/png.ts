/**
 * PNG (specification, third edition) of 8 and 16 bits, tagged as sRGB. A canvas makes neither 16 bits nor straight alpha:
 * it keeps premultiplied colours, which loses those of nearly transparent pixels. Of 8 opaque bits it makes a PNG three
 * times faster than this, which `taggedPng` completes.
 */
import { PNG_CHUNK_BYTES, PNG_SIGNATURE, pngChunk, type Size } from '@kiln/shared';
import { joinedBytes } from './byte-writer.ts';
import { Deflater } from './deflate.ts';

/** Keywords and texts, ASCII. */
export type PngTexts = Readonly<Record<string, string>>;

const HEADER_BYTES = 13;
/** Of compressed pixels in one chunk. */
const PIECE_BYTES = 1_048_576;
/** Section 11.3: sRGB with perceptual intent, and texts; they stand before the pixels. */
const tags = (texts: PngTexts, isColour = true): Uint8Array<ArrayBuffer>[] => [
  ...(isColour ? [pngChunk('sRGB', Uint8Array.of(0))] : []),
  ...Object.entries(texts).map(([keyword, text]) => pngChunk('tEXt', new TextEncoder().encode(`${keyword}\0${text}`))),
];

/** @returns the parts of `png`, tagged. It must have no tags yet. */
export function taggedPng(png: Uint8Array<ArrayBuffer>, texts: PngTexts): Uint8Array<ArrayBuffer>[] {
  const afterHeader = PNG_SIGNATURE.length + PNG_CHUNK_BYTES + HEADER_BYTES;
  return [png.subarray(0, afterHeader), ...tags(texts), png.subarray(afterHeader)];
}

/** Numbers: in one channel where they are grey. */
export interface PngData {
  readonly isGrey: boolean;
}

/** Section 11.2.1: by the number of channels. */
const COLOUR_TYPE: Readonly<Record<number, number>> = { 1: 0, 3: 2, 4: 6 };

export class PngWriter {
  readonly #size: Size;
  readonly #bits: 8 | 16;
  readonly #hasAlpha: boolean;
  readonly #texts: PngTexts;
  readonly #data: PngData | null;
  readonly #deflater = new Deflater(PIECE_BYTES);
  /** The row before, unfiltered. */
  #above: Uint8Array;

  /** @param data of what are numbers and no colours. */
  constructor(size: Size, bits: 8 | 16, hasAlpha: boolean, texts: PngTexts = {}, data: PngData | null = null) {
    this.#data = data;
    this.#size = size;
    this.#bits = bits;
    this.#hasAlpha = hasAlpha;
    this.#texts = texts;
    this.#above = new Uint8Array(this.#rowBytes);
  }

  get #channels(): number {
    if (this.#data?.isGrey) return 1;
    return this.#hasAlpha ? 4 : 3;
  }

  get #rowBytes(): number {
    return (this.#size.widthPx * this.#channels * this.#bits) / 8;
  }

  /**
   * Adds the next rows, from the top.
   *
   * @param pixels RGBA, sRGB, straight alpha: bytes for 8 bits, from 0 to 1 for 16.
   */
  async add(pixels: Uint8ClampedArray | Float32Array): Promise<void> {
    const { widthPx } = this.#size;
    const rows = pixels.length / 4 / widthPx;
    const rowBytes = this.#rowBytes;
    const out = new Uint8Array((rowBytes + 1) * rows);
    for (let row = 0; row < rows; row += 1) {
      const line = this.#line(pixels, row * widthPx * 4);
      const to = row * (rowBytes + 1);
      // Filter type 2, the difference to the row above, which suits renders and is fast. Above the first there is zero.
      out[to] = 2;
      for (let i = 0; i < rowBytes; i += 1) out[to + 1 + i] = (line[i] ?? 0) - (this.#above[i] ?? 0);
      this.#above = line;
    }
    await this.#deflater.write(out);
  }

  get headBytes(): number {
    return this.head().length;
  }

  /** What the file begins with. */
  head(): Uint8Array<ArrayBuffer> {
    const header = new Uint8Array(HEADER_BYTES);
    const view = new DataView(header.buffer);
    view.setUint32(0, this.#size.widthPx);
    view.setUint32(4, this.#size.heightPx);
    // Bits, kind of colour, deflate, adaptive filters, not interlaced.
    header.set([this.#bits, COLOUR_TYPE[this.#channels] ?? 0, 0, 0, 0], 8);
    return joinedBytes([PNG_SIGNATURE, pngChunk('IHDR', header), ...tags(this.#texts, this.#data === null)]);
  }

  /** What of the file is ready behind its head, each part given once, in order. */
  drain(): Uint8Array<ArrayBuffer>[] {
    return this.#deflater.drain().map((piece) => pngChunk('IDAT', piece));
  }

  /** The rest of the file. Call it once, when every row is in. */
  async end(): Promise<Uint8Array<ArrayBuffer>[]> {
    const pieces = await this.#deflater.finish();
    return [...pieces.map((piece) => pngChunk('IDAT', piece)), pngChunk('IEND', new Uint8Array())];
  }

  /** The parts of the file, in order, where none was drained. */
  async finish(): Promise<Uint8Array<ArrayBuffer>[]> {
    return [this.head(), ...(await this.end())];
  }

  #line(pixels: Uint8ClampedArray | Float32Array, from: number): Uint8Array {
    const line = new Uint8Array(this.#rowBytes);
    const channels = this.#channels;
    let to = 0;
    for (let x = 0; x < this.#size.widthPx; x += 1) {
      for (let channel = 0; channel < channels; channel += 1) {
        const value = pixels[from + x * 4 + channel] ?? 0;
        if (this.#bits === 8) {
          line[to] = value;
          to += 1;
          continue;
        }
        const level = Math.round(value * 65_535);
        line[to] = level >>> 8;
        line[to + 1] = level;
        to += 2;
      }
    }
    return line;
  }
}
