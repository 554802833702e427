/** Reads every channel of an OpenEXR of scan lines and ZIP compression: three's loader takes R, G, B and A only. */
import { inflateSync } from 'node:zlib';
import { DataUtils } from 'three';

export interface ExrFile {
  /** `uint`, `half` or `float`, by channel, in the order of the file. */
  readonly types: ReadonlyMap<string, string>;
  /** Those of text, by name. */
  readonly texts: ReadonlyMap<string, string>;
  /** Of a pixel, counted from the upper left. */
  value(channel: string, x: number, y: number): number;
}

const TYPES = ['uint', 'half', 'float'];
const CHUNK_ROWS = 16;

export function readExrFile(file: Uint8Array): ExrFile {
  const bytes = Buffer.from(file);
  let at = 8;
  const text = () => {
    const end = bytes.indexOf(0, at);
    const value = bytes.toString('latin1', at, end);
    at = end + 1;
    return value;
  };
  const types = new Map<string, string>();
  const texts = new Map<string, string>();
  let [width, height] = [0, 0];
  for (let name = text(); name !== ''; name = text()) {
    const type = text();
    const end = at + 4 + bytes.readUInt32LE(at);
    at += 4;
    if (name === 'channels') {
      for (let channel = text(); channel !== ''; channel = text()) {
        types.set(channel, TYPES[bytes.readInt32LE(at)] ?? '');
        at += 16;
      }
    }
    if (type === 'string') texts.set(name, bytes.toString('utf8', at, end));
    if (name === 'dataWindow') [width, height] = [bytes.readInt32LE(at + 8) + 1, bytes.readInt32LE(at + 12) + 1];
    at = end;
  }
  const sizeOf = (type: string) => (type === 'half' ? 2 : 4);
  const rowBytes = [...types.values()].reduce((sum, type) => sum + sizeOf(type) * width, 0);
  const rows: Buffer[] = [];
  for (let chunk = 0; chunk * CHUNK_ROWS < height; chunk += 1) {
    const start = Number(bytes.readBigUInt64LE(at + chunk * 8));
    const packed = bytes.subarray(start + 8, start + 8 + bytes.readUInt32LE(start + 4));
    const count = Math.min(CHUNK_ROWS, height - chunk * CHUNK_ROWS);
    const plain = packed.length < count * rowBytes ? unpacked(packed) : packed;
    for (let row = 0; row < count; row += 1) rows.push(plain.subarray(row * rowBytes, (row + 1) * rowBytes));
  }
  return {
    types,
    texts,
    value(channel, x, y) {
      let offset = 0;
      for (const [name, type] of types) {
        if (name === channel) return sample(rows[y] ?? Buffer.alloc(0), type, offset + x * sizeOf(type));
        offset += sizeOf(type) * width;
      }
      throw new Error(`no channel ${channel} among ${[...types.keys()].join(', ')}`);
    },
  };
}

function sample(row: Buffer, type: string, offset: number): number {
  if (type === 'half') return DataUtils.fromHalfFloat(row.readUInt16LE(offset));
  return type === 'float' ? row.readFloatLE(offset) : row.readUInt32LE(offset);
}

function unpacked(packed: Uint8Array): Buffer {
  const bytes = inflateSync(packed);
  for (let i = 1; i < bytes.length; i += 1) bytes[i] = (bytes[i - 1] ?? 0) + (bytes[i] ?? 0) - 128;
  const half = Math.ceil(bytes.length / 2);
  return Buffer.from(bytes.map((_, i) => bytes[i % 2 === 0 ? i / 2 : half + (i - 1) / 2] ?? 0));
}
