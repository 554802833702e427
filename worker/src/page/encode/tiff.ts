/**
 * TIFF 6.0, little-endian, deflated strips: 8 and 16 bits as a display shows it, or 32-bit floats of linear light. The
 * writers on npm (`utif`, `geotiff`) neither compress nor tag, and know no floats or no 16 bits.
 *
 * | part | bytes |
 * | --- | --- |
 * | header | `II`, u16 42, u32 offset of the directory, which follows |
 * | directory | u16 count; each entry: u16 tag, u16 type, u32 count, u32 value or its offset; u32 0 |
 * | values | those that are longer than four bytes |
 * | strips | rows, each of them predicted, as one zlib stream (compression 8) |
 */
import type { Size } from '@kiln/shared';
import { ByteWriter } from './byte-writer.ts';
import { deflate } from './deflate.ts';

export type TiffDepth = 8 | 16 | 'float';

export interface TiffTags {
  /** ASCII. */
  readonly description: string;
  readonly software: string;
  readonly iccProfile: Uint8Array;
}

const ROWS_PER_STRIP = 64;
const SAMPLE_BYTES = { 8: 1, 16: 2, float: 4 } as const satisfies Record<TiffDepth, number>;

/** Types of values and their bytes (TIFF 6.0, section 2). */
const ASCII = { code: 2, size: 1 } as const;
const SHORT = { code: 3, size: 2 } as const;
const LONG = { code: 4, size: 4 } as const;
const UNDEFINED = { code: 7, size: 1 } as const;

interface Entry {
  readonly tag: number;
  readonly type: { readonly code: number; readonly size: number };
  readonly value: Uint8Array;
}

export class TiffWriter {
  readonly #size: Size;
  readonly #depth: TiffDepth;
  readonly #hasAlpha: boolean;
  readonly #tags: TiffTags;
  /** Not given yet, and the bytes of all. */
  #strips: Uint8Array<ArrayBuffer>[] = [];
  readonly #stripBytes: number[] = [];
  #rows = 0;

  constructor(size: Size, depth: TiffDepth, hasAlpha: boolean, tags: TiffTags) {
    this.#size = size;
    this.#depth = depth;
    this.#hasAlpha = hasAlpha;
    this.#tags = tags;
  }

  get #channels(): number {
    return this.#hasAlpha ? 4 : 3;
  }

  /**
   * Adds the next rows, from the top: a multiple of 64, unless they are the last.
   *
   * @param pixels RGBA: bytes for 8 bits, from 0 to 1 for 16, any for floats.
   */
  async add(pixels: Uint8ClampedArray | Float32Array): Promise<void> {
    const rowLength = this.#size.widthPx * 4;
    const rows = pixels.length / rowLength;
    const last = this.#rows + rows === this.#size.heightPx;
    if (rows % ROWS_PER_STRIP !== 0 && !last) throw new Error(`${rows} rows are no whole strips`);
    for (let row = 0; row < rows; row += ROWS_PER_STRIP) {
      const strip = pixels.subarray(row * rowLength, Math.min(rows, row + ROWS_PER_STRIP) * rowLength);
      const packed = await deflate(this.#predicted(strip));
      this.#strips.push(packed);
      this.#stripBytes.push(packed.length);
    }
    this.#rows += rows;
  }

  /** How long it is depends on the number of strips, not on what is in it. */
  get headBytes(): number {
    const none = Array.from({ length: Math.ceil(this.#size.heightPx / ROWS_PER_STRIP) }, () => 0);
    return this.#head(none, none).length;
  }

  /** What the file begins with, known when every row is in. */
  head(): Uint8Array<ArrayBuffer> {
    if (this.#rows !== this.#size.heightPx) throw new Error(`${this.#rows} of ${this.#size.heightPx} rows are there`);
    let at = this.headBytes;
    const offsets = this.#stripBytes.map((sizeBytes) => {
      at += sizeBytes;
      return at - sizeBytes;
    });
    return this.#head(offsets, this.#stripBytes);
  }

  /** What of the file is ready behind its head, each part given once, in order. */
  drain(): Uint8Array<ArrayBuffer>[] {
    const strips = this.#strips;
    this.#strips = [];
    return strips;
  }

  /** The parts of the file, in order, where none was drained. */
  finish(): Uint8Array<ArrayBuffer>[] {
    return [this.head(), ...this.drain()];
  }

  #head(stripOffsets: readonly number[], stripBytes: readonly number[]): Uint8Array<ArrayBuffer> {
    const entries = this.#entries(stripOffsets, stripBytes);
    const directoryBytes = 2 + entries.length * 12 + 4;
    const head = new ByteWriter().u16(0x4949).u16(42).u32(8).u16(entries.length);
    const values = new ByteWriter();
    for (const { tag, type, value } of entries) {
      head
        .u16(tag)
        .u16(type.code)
        .u32(value.length / type.size);
      if (value.length <= 4) {
        const short = new Uint8Array(4);
        short.set(value);
        head.bytes(short);
        continue;
      }
      head.u32(8 + directoryBytes + values.length);
      values.bytes(value);
      // Values begin at even offsets.
      if (value.length % 2 === 1) values.u8(0);
    }
    return head.u32(0).bytes(values.take()).take();
  }

  #entries(stripOffsets: readonly number[], stripBytes: readonly number[]): Entry[] {
    const { widthPx, heightPx } = this.#size;
    const channels = this.#channels;
    const isFloat = this.#depth === 'float';
    const bits = SAMPLE_BYTES[this.#depth] * 8;
    return [
      longs(256, widthPx),
      longs(257, heightPx),
      shorts(258, ...Array.from({ length: channels }, () => bits)),
      // Deflate.
      shorts(259, 8),
      // RGB.
      shorts(262, 2),
      ascii(270, this.#tags.description),
      longs(273, ...stripOffsets),
      shorts(277, channels),
      longs(278, ROWS_PER_STRIP),
      longs(279, ...stripBytes),
      // Channels beside each other.
      shorts(284, 1),
      ascii(305, this.#tags.software),
      // Predictor: floating point, or horizontal.
      shorts(317, isFloat ? 3 : 2),
      // Associated or straight alpha.
      ...(this.#hasAlpha ? [shorts(338, isFloat ? 1 : 2)] : []),
      // Floats, or unsigned integers.
      shorts(339, ...Array.from({ length: channels }, () => (isFloat ? 3 : 1))),
      { tag: 34_675, type: UNDEFINED, value: this.#tags.iccProfile },
    ];
  }

  #predicted(pixels: Uint8ClampedArray | Float32Array): Uint8Array<ArrayBuffer> {
    const rowLength = this.#size.widthPx * 4;
    const rowBytes = this.#size.widthPx * this.#channels * SAMPLE_BYTES[this.#depth];
    const out = new Uint8Array((pixels.length / rowLength) * rowBytes);
    const row = new DataView(out.buffer);
    for (let from = 0, to = 0; from < pixels.length; from += rowLength, to += rowBytes) {
      const line = pixels.subarray(from, from + rowLength);
      if (this.#depth === 'float') this.#predictFloats(line, out.subarray(to, to + rowBytes));
      else this.#predictIntegers(line, row, to);
    }
    return out;
  }

  /** Each sample becomes its difference to that of the pixel before. */
  #predictIntegers(line: Uint8ClampedArray | Float32Array, out: DataView, to: number): void {
    const channels = this.#channels;
    for (let channel = 0; channel < channels; channel += 1) {
      let before = 0;
      for (let x = 0; x < this.#size.widthPx; x += 1) {
        const value = line[x * 4 + channel] ?? 0;
        const at = x * channels + channel;
        if (this.#depth === 8) {
          out.setUint8(to + at, value - before);
          before = value;
        } else {
          const level = Math.round(value * 65_535);
          out.setUint16(to + at * 2, level - before, true);
          before = level;
        }
      }
    }
  }

  /** TIFF technical note 3: the highest bytes of all samples, then the next …; of these the differences, a pixel apart. */
  #predictFloats(line: Uint8ClampedArray | Float32Array, out: Uint8Array): void {
    const channels = this.#channels;
    const samples = this.#size.widthPx * channels;
    const float = new DataView(new ArrayBuffer(4));
    for (let x = 0; x < this.#size.widthPx; x += 1) {
      for (let channel = 0; channel < channels; channel += 1) {
        float.setFloat32(0, line[x * 4 + channel] ?? 0);
        for (let byte = 0; byte < 4; byte += 1) out[byte * samples + x * channels + channel] = float.getUint8(byte);
      }
    }
    for (let i = out.length - 1; i >= channels; i -= 1) out[i] = (out[i] ?? 0) - (out[i - channels] ?? 0);
  }
}

function shorts(tag: number, ...values: number[]): Entry {
  const value = new ByteWriter();
  for (const number of values) value.u16(number);
  return { tag, type: SHORT, value: value.take() };
}

function longs(tag: number, ...values: number[]): Entry {
  const value = new ByteWriter();
  for (const number of values) value.u32(number);
  return { tag, type: LONG, value: value.take() };
}

const ascii = (tag: number, text: string): Entry => ({
  tag,
  type: ASCII,
  value: new ByteWriter().zeroEnded(text).take(),
});
