/**
 * Rows of an OpenEXR as `encode/exr.ts` writes it, read as they come: four channels of half floats or floats. Nothing
 * else is known here; files come from this farm's own workers.
 */
import { DataUtils } from 'three';
import { inflate } from '../encode/deflate.ts';
import type { ByteStream } from './byte-stream.ts';

const MAGIC = 0x01312f76;
const CHUNK_ROWS = 16;
const CHANNELS = 4;
/** Place in RGBA of the channels in the order of the file: A, B, G, R. */
const PLACES = [3, 2, 1, 0] as const;
const HALF = 1;

interface Header {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly isHalf: boolean;
}

export class ExrRows {
  readonly #bytes: ByteStream;
  #header: Header | null = null;
  #row = 0;

  constructor(bytes: ByteStream) {
    this.#bytes = bytes;
  }

  /**
   * Reads the next rows, 16 or those that are left.
   *
   * @param into RGBA; row 0 of the rows goes to `lastRow`, the next above it.
   * @param stride floats from one row of `into` to the next.
   * @returns how many rows there were.
   */
  async next(into: Float32Array, lastRow: number, stride: number): Promise<number> {
    this.#header ??= await this.#readHeader();
    const { widthPx, heightPx, isHalf } = this.#header;
    const rows = Math.min(CHUNK_ROWS, heightPx - this.#row);
    const head = await this.#bytes.view(8);
    if (head.getInt32(0, true) !== this.#row) throw new Error(`expected row ${this.#row} of the sums`);
    const packed = await this.#bytes.take(head.getUint32(4, true));
    const sampleBytes = isHalf ? 2 : 4;
    const rawBytes = rows * widthPx * CHANNELS * sampleBytes;
    const raw = packed.length === rawBytes ? packed : joined(await inflate(packed));
    const values = isHalf ? halves(raw) : new Float32Array(raw.slice().buffer);
    for (let row = 0, from = 0; row < rows; row += 1) {
      const to = (lastRow - row) * stride;
      for (const place of PLACES) {
        for (let x = 0; x < widthPx; x += 1, from += 1) into[to + x * 4 + place] = values[from] ?? 0;
      }
    }
    this.#row += rows;
    return rows;
  }

  async #readHeader(): Promise<Header> {
    const start = await this.#bytes.view(8);
    if (start.getUint32(0, true) !== MAGIC) throw new Error('the sums are no OpenEXR');
    let isHalf = false;
    let [widthPx, heightPx] = [0, 0];
    for (;;) {
      const name = await this.#bytes.zeroEnded();
      if (name === '') break;
      await this.#bytes.zeroEnded();
      const value = await this.#bytes.take((await this.#bytes.view(4)).getUint32(0, true));
      const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
      // The first channel's name is one letter and its end.
      if (name === 'channels') isHalf = view.getInt32(2, true) === HALF;
      if (name === 'dataWindow') [widthPx, heightPx] = [view.getInt32(8, true) + 1, view.getInt32(12, true) + 1];
    }
    await this.#bytes.take(Math.ceil(heightPx / CHUNK_ROWS) * 8);
    return { widthPx, heightPx, isHalf };
  }
}

function halves(raw: Uint8Array): Float32Array {
  const words = new Uint16Array(raw.slice().buffer);
  return Float32Array.from(words, (word) => DataUtils.fromHalfFloat(word));
}

/** From differences, even bytes first, to the bytes as they were. */
function joined(differences: Uint8Array): Uint8Array {
  const out = new Uint8Array(differences.length);
  const half = Math.ceil(differences.length / 2);
  let byte = 0;
  for (let i = 0; i < differences.length; i += 1) {
    byte = i === 0 ? (differences[0] ?? 0) : (byte + (differences[i] ?? 0) - 128) & 0xff;
    out[i < half ? 2 * i : 2 * (i - half) + 1] = byte;
  }
  return out;
}
