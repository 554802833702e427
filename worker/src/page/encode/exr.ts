/**
 * OpenEXR, scan lines, ZIP compression: the file of linear light. Laid out as openexr.com/en/latest/OpenEXRFileLayout.html
 * says, numbers little-endian:
 *
 * | part | bytes |
 * | --- | --- |
 * | magic, version and flags | `76 2f 31 01`, `02 00 00 00`; flag 0x400 where a name is longer than 31 bytes |
 * | attributes | each: name ended by 0, type ended by 0, u32 size, value; one more 0 after the last |
 * | offsets | u64 for each chunk, from the file's start |
 * | chunks | each: i32 first row, u32 size, data of 16 rows, or of those that are left |
 *
 * A chunk's data: row by row, channel by channel in the order of their names, all its samples. Of these bytes the even
 * ones come first, then the odd ones; each but the first becomes its difference to the one before, plus 128; then zlib.
 * A chunk that this does not make smaller stays as it is.
 */
import type { Size } from '@kiln/shared';
import { ByteWriter } from './byte-writer.ts';
import { deflate } from './deflate.ts';
import { halfBits } from './half-float.ts';

export type ExrPixelType = 'uint' | 'half' | 'float';

export interface ExrChannel {
  /** `R`, or with its layer: `depth.Z`. */
  readonly name: string;
  readonly type: ExrPixelType;
}

/** Samples of one channel, row by row: number `i` is `values[offset + i * stride]`. */
export interface ExrSamples {
  readonly values: Float32Array | Uint32Array;
  readonly offset: number;
  readonly stride: number;
}

/** Text, or a whole number. */
export type ExrAttributes = Readonly<Record<string, string | number>>;

const CHUNK_ROWS = 16;
/** As the file format numbers them. */
const PIXEL_TYPE = { uint: 0, half: 1, float: 2 } as const satisfies Record<ExrPixelType, number>;
const SAMPLE_BYTES = { uint: 4, half: 2, float: 4 } as const satisfies Record<ExrPixelType, number>;
const ZIP_OF_16_ROWS = 3;
/** Rec. ITU-R BT.709: red, green, blue, and the white point D65, each x, y. */
const CHROMATICITIES = [0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329];
const SHORT_NAME = 31;
const LONG_NAMES = 0x400;

export class ExrWriter {
  readonly #size: Size;
  /** In the order of the file; `index` is the place in what is added. */
  readonly #channels: readonly { readonly index: number; readonly type: ExrPixelType; readonly name: string }[];
  readonly #attributes: ExrAttributes;
  /** Not given yet, and the bytes of all. */
  #chunks: Uint8Array<ArrayBuffer>[] = [];
  readonly #chunkBytes: number[] = [];
  /** Of one chunk; used again for each. */
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #differences: Uint8Array<ArrayBuffer>;
  #rows = 0;

  /** @param channels in any order; their names differ. */
  constructor(size: Size, channels: readonly ExrChannel[], attributes: ExrAttributes = {}) {
    this.#size = size;
    this.#channels = channels
      .map((channel, index) => ({ ...channel, index }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    this.#attributes = attributes;
    this.#bytes = new Uint8Array(Math.min(CHUNK_ROWS, size.heightPx) * this.#rowBytes);
    this.#differences = new Uint8Array(this.#bytes.length);
  }

  get #rowBytes(): number {
    return this.#size.widthPx * this.#channels.reduce((sum, { type }) => sum + SAMPLE_BYTES[type], 0);
  }

  /**
   * Adds the next rows, from the top.
   *
   * @param rowCount a multiple of 16, unless these are the last.
   * @param samples of each channel, in the order of the constructor.
   */
  async add(rowCount: number, samples: readonly ExrSamples[]): Promise<void> {
    const last = this.#rows + rowCount === this.#size.heightPx;
    if (rowCount % CHUNK_ROWS !== 0 && !last) throw new Error(`${rowCount} rows are no whole chunks`);
    for (let row = 0; row < rowCount; row += CHUNK_ROWS) {
      const rows = Math.min(CHUNK_ROWS, rowCount - row);
      const split = this.#split(row, rows, samples);
      const packed = await deflate(differences(split, this.#differences));
      const data = packed.length < split.length ? packed : joined(split);
      this.#chunks.push(
        new ByteWriter()
          .i32(this.#rows + row)
          .u32(data.length)
          .take(),
        data,
      );
      this.#chunkBytes.push(8 + data.length);
    }
    this.#rows += rowCount;
  }

  get headBytes(): number {
    return this.#header().length + Math.ceil(this.#size.heightPx / CHUNK_ROWS) * 8;
  }

  /** What the file begins with, known when every row is in. */
  head(): Uint8Array<ArrayBuffer> {
    if (this.#rows !== this.#size.heightPx) throw new Error(`${this.#rows} of ${this.#size.heightPx} rows are there`);
    const head = this.#header();
    let offset = this.headBytes;
    for (const sizeBytes of this.#chunkBytes) {
      head.u64(offset);
      offset += sizeBytes;
    }
    return head.take();
  }

  /** What of the file is ready behind its head, each part given once, in order. */
  drain(): Uint8Array<ArrayBuffer>[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }

  /** The parts of the file, in order, where none was drained. */
  finish(): Uint8Array<ArrayBuffer>[] {
    return [this.head(), ...this.drain()];
  }

  #header(): ByteWriter {
    const { widthPx, heightPx } = this.#size;
    const window = new ByteWriter()
      .i32(0)
      .i32(0)
      .i32(widthPx - 1)
      .i32(heightPx - 1)
      .take();
    const channels = new ByteWriter();
    for (const { name, type } of this.#channels) {
      // Type, whether it is perceptually linear (of no meaning here) and three reserved bytes, sampling in x and y.
      channels.zeroEnded(name).i32(PIXEL_TYPE[type]).u32(0).i32(1).i32(1);
    }
    const chromaticities = new ByteWriter();
    for (const value of CHROMATICITIES) chromaticities.f32(value);
    const names = [...this.#channels.map(({ name }) => name), ...Object.keys(this.#attributes)];
    const flags = names.some((name) => new TextEncoder().encode(name).length > SHORT_NAME) ? LONG_NAMES : 0;

    const head = new ByteWriter().u32(0x01312f76).u32(2 | flags);
    const attribute = (name: string, type: string, value: Uint8Array) =>
      head.zeroEnded(name).zeroEnded(type).u32(value.length).bytes(value);
    attribute('channels', 'chlist', channels.u8(0).take());
    attribute('chromaticities', 'chromaticities', chromaticities.take());
    attribute('compression', 'compression', Uint8Array.of(ZIP_OF_16_ROWS));
    attribute('dataWindow', 'box2i', window);
    attribute('displayWindow', 'box2i', window);
    attribute('lineOrder', 'lineOrder', Uint8Array.of(0));
    attribute('pixelAspectRatio', 'float', new ByteWriter().f32(1).take());
    attribute('screenWindowCenter', 'v2f', new ByteWriter().f32(0).f32(0).take());
    attribute('screenWindowWidth', 'float', new ByteWriter().f32(1).take());
    for (const [name, value] of Object.entries(this.#attributes)) {
      if (typeof value === 'string') attribute(name, 'string', new TextEncoder().encode(value));
      else attribute(name, 'int', new ByteWriter().i32(value).take());
    }
    return head.u8(0);
  }

  /** The samples of a chunk, the even bytes before the odd ones. */
  #split(firstRow: number, rows: number, samples: readonly ExrSamples[]): Uint8Array<ArrayBuffer> {
    const { widthPx } = this.#size;
    const half = (rows * this.#rowBytes) / 2;
    const split = this.#bytes.subarray(0, half * 2);
    const float = new Float32Array(1);
    const bits = new Uint32Array(float.buffer);
    let at = 0;
    for (let row = firstRow; row < firstRow + rows; row += 1) {
      for (const { index, type } of this.#channels) {
        const channel = samples[index];
        if (!channel) throw new Error(`the samples of channel ${index} are missing`);
        const { values, offset, stride } = channel;
        let from = offset + row * widthPx * stride;
        for (let x = 0; x < widthPx; x += 1, from += stride) {
          const value = values[from] ?? 0;
          if (type === 'half') {
            const word = halfBits(value);
            split[at] = word;
            split[half + at] = word >>> 8;
            at += 1;
            continue;
          }
          if (type === 'float') float[0] = value;
          else bits[0] = value;
          const word = bits[0] ?? 0;
          split[at] = word;
          split[half + at] = word >>> 8;
          split[at + 1] = word >>> 16;
          split[half + at + 1] = word >>> 24;
          at += 2;
        }
      }
    }
    return split;
  }
}

/** @param room for them. */
function differences(bytes: Uint8Array, room: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const out = room.subarray(0, bytes.length);
  let before = 0;
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i] ?? 0;
    out[i] = i === 0 ? byte : byte - before + 128;
    before = byte;
  }
  return out;
}

/** Even and odd bytes in their places again. */
function joined(split: Uint8Array): Uint8Array<ArrayBuffer> {
  const half = split.length / 2;
  const out = new Uint8Array(split.length);
  for (let i = 0; i < half; i += 1) {
    out[2 * i] = split[i] ?? 0;
    out[2 * i + 1] = split[half + i] ?? 0;
  }
  return out;
}
