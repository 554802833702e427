import { Unzlib } from 'three/addons/libs/fflate.module.js';
import { refuse } from '../import/refuse.ts';
import { PAGE_LIMITS } from '../limits.ts';

/** What a binary FBX says of its space, and whatever else three's loader reads and does not tell. */
export interface FbxFacts {
  /** 0 is x, 1 y, 2 z; null where the file does not say. */
  readonly upAxis: number | null;
  readonly generator: string | null;
}

const MAGIC = 'Kaydara FBX Binary';
const FIRST_RECORD = 27;
const ELEMENT_BYTES: Readonly<Record<string, number>> = { f: 4, d: 8, l: 8, i: 4, b: 1, c: 1 };
const SCALAR_BYTES: Readonly<Record<string, number>> = { Y: 2, C: 1, I: 4, F: 4, D: 8, L: 8 };
/** Smaller arrays unpack to 64 MiB at most, one at a time: deflate makes at most 1,032 bytes of one. */
const CHECKED_ARRAY_BYTES = 65_536;

export const isBinaryFbx = (bytes: Uint8Array): boolean =>
  new TextDecoder('windows-1252').decode(bytes.subarray(0, MAGIC.length)) === MAGIC;

/**
 * Walks over the records of a binary FBX before three's loader does, which believes every length in it.
 *
 * | offset | size | meaning |
 * | --- | --- | --- |
 * | 0 | 27 | magic, then u32 version at 23 |
 * | 27 | | records: end offset, number of properties, bytes of properties (u32; u64 from version 7500), u8 length of the name, name, properties, records within |
 *
 * A record of zeros ends those within another. Properties: u8 type and value; arrays: u32 length, u32 encoding (1: zlib),
 * u32 bytes, data.
 *
 * @throws KilnError `scene.invalid`, `scene.over_limit`.
 */
export function readFbxRecords(bytes: Uint8Array<ArrayBuffer>, path: string): FbxFacts {
  try {
    return new Records(bytes, path).read();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw refuse('scene.invalid', `${path} is a damaged FBX file: it ends within a record. Export it again.`, path);
  }
}

class Records {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #path: string;
  #at = FIRST_RECORD;
  #unpackedBytes = 0;
  #upAxis: number | null = null;
  #generator: string | null = null;

  constructor(bytes: Uint8Array<ArrayBuffer>, path: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#path = path;
  }

  read(): FbxFacts {
    const isLong = this.#view.getUint32(23, true) >= 7_500;
    const open: number[] = [];
    for (;;) {
      while (open.length > 0 && this.#at >= (open.at(-1) ?? 0)) open.pop();
      const [end, properties] = [this.#length(isLong), this.#length(isLong)];
      this.#length(isLong);
      const name = this.#text(this.#byte());
      if (end === 0) {
        if (open.length === 0) return { upAxis: this.#upAxis, generator: this.#generator };
        continue;
      }
      if (end > this.#bytes.length || end < this.#at) throw new RangeError('a record ends outside the file');
      const values: (string | number | null)[] = [];
      for (let i = 0; i < properties; i += 1) values.push(this.#property());
      this.#note(name, values);
      open.push(end);
    }
  }

  #note(name: string, values: readonly (string | number | null)[]): void {
    const value = values.at(-1);
    if (name === 'Creator' && typeof value === 'string') this.#generator ??= value;
    if (name === 'P' && values[0] === 'UpAxis' && typeof value === 'number') this.#upAxis ??= value;
  }

  /** Numbers of 32 bits and texts; null for all else, which is passed over. */
  #property(): string | number | null {
    const type = String.fromCharCode(this.#byte());
    if (type === 'S' || type === 'R') {
      const length = this.#uint32();
      return type === 'S' ? this.#text(length) : this.#skip(length);
    }
    const scalar = SCALAR_BYTES[type];
    if (scalar !== undefined) {
      const value = type === 'I' ? this.#view.getInt32(this.#at, true) : null;
      this.#skip(scalar);
      return value;
    }
    const element = ELEMENT_BYTES[type];
    if (element === undefined) {
      const message = `${this.#path} is a damaged FBX file: a property at byte ${this.#at - 1} has no known type. Export it again.`;
      throw refuse('scene.invalid', message, this.#path);
    }
    const [length, encoding, packed] = [this.#uint32(), this.#uint32(), this.#uint32()];
    this.#count(length * element);
    const start = this.#at;
    this.#skip(encoding === 0 ? length * element : packed);
    if (encoding !== 0 && packed > CHECKED_ARRAY_BYTES) this.#checkPacked(start, packed, length * element);
    return null;
  }

  #count(bytes: number): void {
    this.#unpackedBytes += bytes;
    if (this.#unpackedBytes <= PAGE_LIMITS.unpackedBytes) return;
    const limit = PAGE_LIMITS.unpackedBytes.toLocaleString('en');
    throw refuse(
      'scene.over_limit',
      `The arrays in ${this.#path} take more than ${limit} bytes: divide it.`,
      this.#path,
    );
  }

  /** An array unpacks to what it says and no more. */
  #checkPacked(start: number, packed: number, unpacked: number): void {
    let bytes = 0;
    const unzlib = new Unzlib((chunk) => {
      bytes += chunk.length;
      if (bytes <= unpacked) return;
      const message = `An array at byte ${start} of ${this.#path} unpacks to more than it says. Export it again.`;
      throw refuse('scene.invalid', message, this.#path);
    });
    for (let at = start; at < start + packed; at += CHECKED_ARRAY_BYTES) {
      const end = Math.min(start + packed, at + CHECKED_ARRAY_BYTES);
      unzlib.push(this.#bytes.subarray(at, end), end === start + packed);
    }
  }

  #byte(): number {
    this.#at += 1;
    return this.#view.getUint8(this.#at - 1);
  }

  #uint32(): number {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, true);
  }

  #length(isLong: boolean): number {
    if (!isLong) return this.#uint32();
    this.#at += 8;
    return Number(this.#view.getBigUint64(this.#at - 8, true));
  }

  #text(length: number): string {
    const start = this.#at;
    this.#skip(length);
    // Names are short; a long text is a thumbnail or a script.
    return new TextDecoder().decode(this.#bytes.subarray(start, start + Math.min(length, 200)));
  }

  #skip(length: number): null {
    this.#at += length;
    if (this.#at > this.#bytes.length) throw new RangeError('a value ends outside the file');
    return null;
  }
}
