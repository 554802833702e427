/** Pixels of the PNGs that live pictures come in (third edition): 8 bits a channel, RGB or RGBA, not interlaced. */
import { deflateSync, inflateSync } from 'node:zlib';
import { KilnError, PNG_CHUNK_BYTES, PNG_SIGNATURE, pngChunk } from '@kiln/shared';

export interface Pixels {
  readonly widthPx: number;
  readonly heightPx: number;
  /** RGBA, straight alpha, the upper row first. */
  readonly data: Uint8Array;
}

const CHANNELS: Readonly<Record<number, number>> = { 2: 3, 6: 4 };

/** @throws KilnError `protocol.violation` where it is none of these, or of another size. */
export function pngPixels(png: Uint8Array, widthPx: number, heightPx: number): Pixels {
  const broken = (what: string, cause?: unknown) =>
    new KilnError('protocol.violation', `[LV30] a picture of ${widthPx} × ${heightPx} as PNG ${what}`, { cause });
  if (PNG_SIGNATURE.some((byte, at) => png[at] !== byte)) throw broken('is none');
  const bytes = Buffer.from(png.buffer, png.byteOffset, png.byteLength);
  let channels = 0;
  const packed: Buffer[] = [];
  for (let at = PNG_SIGNATURE.length; at + PNG_CHUNK_BYTES <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const type = bytes.toString('latin1', at + 4, at + 8);
    const data = bytes.subarray(at + 8, at + 8 + length);
    if (type === 'IHDR' && data.length === 13) {
      if (data.readUInt32BE(0) !== widthPx || data.readUInt32BE(4) !== heightPx) throw broken('is of another size');
      if (data[8] === 8 && data[12] === 0) channels = CHANNELS[data[9] ?? 0] ?? 0;
    } else if (type === 'IDAT') packed.push(data);
    at += PNG_CHUNK_BYTES + length;
  }
  if (channels === 0) throw broken('is of a kind that is not read here');
  const rowBytes = widthPx * channels;
  const sizeBytes = heightPx * (1 + rowBytes);
  let rows: Buffer;
  try {
    rows = inflateSync(Buffer.concat(packed), { maxOutputLength: sizeBytes });
  } catch (cause) {
    throw broken('does not inflate', cause);
  }
  if (rows.length !== sizeBytes) throw broken('ends too early');
  const plain = new Uint8Array(heightPx * rowBytes);
  for (let y = 0; y < heightPx; y++) {
    const row = rows.subarray(y * (1 + rowBytes) + 1, (y + 1) * (1 + rowBytes));
    const filter = rows[y * (1 + rowBytes)] ?? 0;
    if (filter > 4) throw broken('has a filter that there is not');
    unfilter(plain, y * rowBytes, row, filter, channels);
  }
  return { widthPx, heightPx, data: channels === 4 ? plain : withAlpha(plain) };
}

/** Section 9.2, into `plain` from `start` on. */
function unfilter(plain: Uint8Array, start: number, row: Uint8Array, filter: number, channels: number): void {
  const rowBytes = row.length;
  for (let x = 0; x < rowBytes; x++) {
    const left = x < channels ? 0 : (plain[start + x - channels] ?? 0);
    const above = start === 0 ? 0 : (plain[start + x - rowBytes] ?? 0);
    const aboveLeft = start === 0 || x < channels ? 0 : (plain[start + x - rowBytes - channels] ?? 0);
    const promise = [0, left, above, (left + above) >> 1, paeth(left, above, aboveLeft)][filter] ?? 0;
    plain[start + x] = (row[x] ?? 0) + promise;
  }
}

function paeth(left: number, above: number, aboveLeft: number): number {
  const guess = left + above - aboveLeft;
  const [toLeft, toAbove, toAboveLeft] = [left, above, aboveLeft].map((one) => Math.abs(guess - one));
  if (toLeft === undefined || toAbove === undefined || toAboveLeft === undefined) return 0;
  if (toLeft <= toAbove && toLeft <= toAboveLeft) return left;
  return toAbove <= toAboveLeft ? above : aboveLeft;
}

function withAlpha(rgb: Uint8Array): Uint8Array {
  const rgba = new Uint8Array((rgb.length / 3) * 4).fill(255);
  for (let i = 0; i < rgb.length; i++) rgba[Math.floor(i / 3) * 4 + (i % 3)] = rgb[i] ?? 0;
  return rgba;
}

/** Rows are filtered by what is left of them. */
export function pngOf({ widthPx, heightPx, data }: Pixels): Uint8Array {
  let isOpaque = true;
  for (let i = 3; i < data.length && isOpaque; i += 4) isOpaque = data[i] === 255;
  const channels = isOpaque ? 3 : 4;
  const rows = Buffer.alloc(heightPx * (1 + widthPx * channels));
  let at = 0;
  for (let y = 0; y < heightPx; y++) {
    rows[at++] = 1;
    for (let x = 0; x < widthPx; x++) {
      const from = (y * widthPx + x) * 4;
      for (let c = 0; c < channels; c++) rows[at++] = (data[from + c] ?? 0) - (x === 0 ? 0 : (data[from - 4 + c] ?? 0));
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(widthPx, 0);
  header.writeUInt32BE(heightPx, 4);
  header.set([8, isOpaque ? 2 : 6], 8);
  return Buffer.concat([
    PNG_SIGNATURE,
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(rows)),
    pngChunk('IEND', new Uint8Array(0)),
  ]);
}
