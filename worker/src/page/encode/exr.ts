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
import { type Deflated, deflateBeside } from './deflate-beside.ts';
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
/** What a byte like the one before is. */
const DIFFERENCE_ZERO = 128;
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
  /** For the bytes of a chunk each; used again. */
  readonly #rooms: ArrayBuffer[] = [];
  #rows = 0;

  /** @param channels in any order; their names differ. */
  constructor(size: Size, channels: readonly ExrChannel[], attributes: ExrAttributes = {}) {
    this.#size = size;
    this.#channels = channels
      .map((channel, index) => ({ ...channel, index }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    this.#attributes = attributes;
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
    const chunks: Promise<Uint8Array<ArrayBuffer>>[] = [];
    for (let row = 0; row < rowCount; row += CHUNK_ROWS) {
      const rows = Math.min(CHUNK_ROWS, rowCount - row);
      const room = this.#rooms.pop() ?? new ArrayBuffer(Math.min(CHUNK_ROWS, this.#size.heightPx) * this.#rowBytes);
      const plain = new Uint8Array(room, 0, rows * this.#rowBytes);
      this.#fill(plain, row, rows, samples);
      const { done } = await deflateBeside(room, plain.length);
      chunks.push(done.then((deflated) => this.#smaller(deflated, rows * this.#rowBytes)));
    }
    for (const [index, data] of (await Promise.all(chunks)).entries()) {
      const firstRow = this.#rows + index * CHUNK_ROWS;
      this.#chunks.push(new ByteWriter().i32(firstRow).u32(data.length).take(), data);
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

  /** What a chunk is in the file: packed, or where that does not make it smaller, as it was. */
  #smaller({ packed, room }: Deflated, sizeBytes: number): Uint8Array<ArrayBuffer> {
    const data = packed.length < sizeBytes ? packed : joined(new Uint8Array(room, 0, sizeBytes));
    this.#rooms.push(room);
    return data;
  }

  /** Writes the samples of a chunk, the even bytes before the odd ones, each as its difference to the one before. */
  #fill(out: Uint8Array, firstRow: number, rows: number, samples: readonly ExrSamples[]): void {
    const { widthPx } = this.#size;
    const half = out.length / 2;
    // Of even and of odd bytes.
    let [even, odd] = [DIFFERENCE_ZERO, DIFFERENCE_ZERO];
    let at = 0;
    for (let row = firstRow; row < firstRow + rows; row += 1) {
      for (const { index, type } of this.#channels) {
        const channel = samples[index];
        if (!channel) throw new Error(`the samples of channel ${index} are missing`);
        const { values, offset, stride } = channel;
        let from = offset + row * widthPx * stride;
        if (type === 'half') {
          for (let x = 0; x < widthPx; x += 1, from += stride, at += 1) {
            const word = halfBits(values[from] ?? 0);
            out[at] = word - even;
            out[half + at] = (word >>> 8) - odd;
            even = word - DIFFERENCE_ZERO;
            odd = (word >>> 8) - DIFFERENCE_ZERO;
          }
          continue;
        }
        const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
        for (let x = 0; x < widthPx; x += 1, from += stride, at += 2) {
          const word = words[from] ?? 0;
          const first = word & 0xff;
          const second = (word >>> 8) & 0xff;
          const third = (word >>> 16) & 0xff;
          out[at] = first - even;
          out[at + 1] = third - first + DIFFERENCE_ZERO;
          out[half + at] = second - odd;
          out[half + at + 1] = (word >>> 24) - second + DIFFERENCE_ZERO;
          even = third - DIFFERENCE_ZERO;
          odd = (word >>> 24) - DIFFERENCE_ZERO;
        }
      }
    }
    // The first byte is itself, and the odd ones come behind the last even one.
    out[0] = (out[0] ?? 0) + DIFFERENCE_ZERO;
    out[half] = (out[half] ?? 0) + DIFFERENCE_ZERO - even;
  }
}

/** The bytes of a chunk in their places again. @param differences are written over. */
function joined(differences: Uint8Array): Uint8Array<ArrayBuffer> {
  for (let i = 1; i < differences.length; i += 1) {
    differences[i] = (differences[i - 1] ?? 0) + (differences[i] ?? 0) - DIFFERENCE_ZERO;
  }
  const half = differences.length / 2;
  const out = new Uint8Array(differences.length);
  for (let i = 0; i < half; i += 1) {
    out[2 * i] = differences[i] ?? 0;
    out[2 * i + 1] = differences[half + i] ?? 0;
  }
  return out;
}
