/**
 * Animated WebP (RFC 9649, section 2.7): the canvas encodes each picture as a file of its own, whose chunks of pixels
 * become a frame of the animation.
 */
import { KilnError, type Size } from '@kiln/shared';
import type { FilmBytes } from './film-bytes.ts';
import type { FilmMaker, FilmMakerOrder, FilmPicture } from './film-maker.ts';

const QUALITY = 0.9;
const HAS_ANIMATION = 0x02;
const HAS_ALPHA = 0x10;
/** In a frame's flags: it replaces what was there, so that what is transparent stays so. */
const DO_NOT_BLEND = 0x02;

export class AnimatedWebpMaker implements FilmMaker {
  readonly size: Size;
  readonly #order: FilmMakerOrder;
  readonly #bytes: FilmBytes;
  readonly #canvas: OffscreenCanvas;
  #pictures = 0;

  /** @param canvas that holds each picture when it is added. */
  constructor(order: FilmMakerOrder, canvas: OffscreenCanvas, bytes: FilmBytes) {
    this.#order = order;
    this.size = order.size;
    this.#canvas = canvas;
    this.#bytes = bytes;
    const extended = new DataView(new ArrayBuffer(10));
    extended.setUint8(0, HAS_ANIMATION | HAS_ALPHA);
    setUint24(extended, 4, this.size.widthPx - 1);
    setUint24(extended, 7, this.size.heightPx - 1);
    // Background colour: none; loops: for ever.
    const animation = new DataView(new ArrayBuffer(6));
    bytes.append(riff(0));
    bytes.append(chunk('VP8X', [new Uint8Array(extended.buffer)]));
    bytes.append(chunk('ANIM', [new Uint8Array(animation.buffer)]));
  }

  async add(_picture: FilmPicture): Promise<void> {
    const blob = await this.#canvas.convertToBlob({ type: 'image/webp', quality: QUALITY });
    if (blob.type !== 'image/webp') throw new KilnError('render.failed', 'the browser encodes no WebP');
    const pixels = pixelChunks(new Uint8Array(await blob.arrayBuffer()));
    const frame = new DataView(new ArrayBuffer(16));
    setUint24(frame, 6, this.size.widthPx - 1);
    setUint24(frame, 9, this.size.heightPx - 1);
    setUint24(frame, 12, this.#endMs(this.#pictures + 1) - this.#endMs(this.#pictures));
    frame.setUint8(15, DO_NOT_BLEND);
    this.#pictures += 1;
    this.#bytes.append(chunk('ANMF', [new Uint8Array(frame.buffer), ...pixels]));
  }

  async end() {
    this.#bytes.write(0, riff(this.#bytes.end - 8));
    return { audioCodec: null };
  }

  /** Whole milliseconds that add up to the film's length. */
  #endMs(pictures: number): number {
    const { numerator, denominator } = this.#order.rate;
    return Math.round((pictures * denominator * 1_000) / numerator);
  }
}

/** @param sizeBytes of what comes after these eight bytes */
function riff(sizeBytes: number): Uint8Array {
  const head = new Uint8Array(12);
  head.set(ascii('RIFF'));
  new DataView(head.buffer).setUint32(4, sizeBytes, true);
  head.set(ascii('WEBP'), 8);
  return head;
}

/** Name, u32 length (little-endian), contents, and a zero where the length is odd. */
function chunk(name: string, contents: readonly Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, { length: bytes }) => sum + bytes, 0);
  const bytes = new Uint8Array(8 + length + (length % 2));
  bytes.set(ascii(name));
  new DataView(bytes.buffer).setUint32(4, length, true);
  let at = 8;
  for (const part of contents) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Chunks of a WebP file that hold its pixels and its alpha, whole, in order. */
function pixelChunks(file: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let at = 12; at + 8 <= file.length; ) {
    const length = view.getUint32(at + 4, true);
    const end = at + 8 + length + (length % 2);
    const name = String.fromCharCode(...file.subarray(at, at + 4));
    if (['ALPH', 'VP8 ', 'VP8L'].includes(name)) found.push(file.subarray(at, end));
    at = end;
  }
  return found;
}

const ascii = (text: string) => new TextEncoder().encode(text);

function setUint24(view: DataView, at: number, value: number): void {
  view.setUint16(at, value & 0xffff, true);
  view.setUint8(at + 2, value >> 16);
}
