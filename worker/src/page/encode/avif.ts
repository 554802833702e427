/**
 * AVIF of 8 bits by libavif and libaom as WebAssembly (`@jsquash/avif`). Milliseconds, bytes and PSNR of the sample scene
 * at 640 × 360 and 1,920 × 1,080, quality 70:
 *
 * | way | 640 × 360 | 1,920 × 1,080 |
 * | --- | --- | --- |
 * | this, speed 6, 4:4:4 | 1170, 7,751, 45.2 dB | 1084, 20,664, 49.4 dB |
 * | this, speed 8, 4:4:4 (what is done here) | 137, 7,269, 44.3 dB | 472, 23,311, 47.8 dB |
 * | this, speed 10, 4:4:4 | 50, 11,302, 43.3 dB | 266, 36,548, 47.0 dB |
 * | sharp in Node, effort 2, after 18 and 160 ms for the raw pixels | 107, 8,209, 44.8 dB | 340, 28,396, 49.9 dB |
 * | the browser's AV1 video encoder, quantizer 30, and a container of our own | 21, 14,511 | 103, 48,222 |
 *
 * The last is fast, but its files are twice as large, and colours would be written in a quarter of the resolution or
 * not be read everywhere.
 */
import startEncoder, { type AvifEncoder } from '@jsquash/avif/codec/enc/avif_enc.js';
import type { Size } from '@kiln/shared';
import { BUILT_IN_ROUTE } from '../contract.ts';
import { PAGE_LIMITS } from '../limits.ts';

const OPTIONS = {
  qualityAlpha: -1,
  denoiseLevel: 0,
  tileColsLog2: 0,
  tileRowsLog2: 0,
  speed: 8,
  subsample: 3,
  chromaDeltaQ: false,
  sharpness: 0,
  tune: 0,
  enableSharpYUV: false,
  bitDepth: 8,
  lossless: false,
} as const;

/** ISO/IEC 23091-2: primaries of BT.709 and the transfer curve of sRGB. The encoder leaves both unsaid. */
const BT709 = 1;
const SRGB = 13;
/** Of the box that XMP stands in (ISO 16684-3, ISO base media files). */
const XMP_UUID = 'be7acfcb97a942e89c71999491e3afac';

let encoder: AvifEncoder | null = null;

/**
 * @param pixels RGBA, sRGB, straight alpha.
 * @param quality 1 to 100.
 * @param xmp null for none.
 * @returns the parts of the file.
 */
export async function avifParts(
  pixels: Uint8ClampedArray<ArrayBuffer>,
  { widthPx, heightPx }: Size,
  quality: number,
  xmp: Uint8Array | null,
): Promise<Uint8Array<ArrayBuffer>[]> {
  encoder ??= await startEncoder({
    noInitialRun: true,
    // `location` of a worker made of a blob is the blob's; its origin is the page's.
    locateFile: (fileName) => `${location.origin}${BUILT_IN_ROUTE}/avif/${fileName}`,
  });
  const bytes = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.length);
  const avif = encodeOnce(encoder, bytes, { widthPx, heightPx }, quality);
  // Its memory grows with the largest picture, and never shrinks.
  if (encoder.HEAPU8.length > PAGE_LIMITS.avifHeapBytes) encoder = null;
  if (!avif) throw new Error(`AVIF of ${widthPx} × ${heightPx} could not be encoded`);
  tagAsSrgb(avif);
  return xmp ? [avif, xmpBox(xmp)] : [avif];
}

/** An encoder that has aborted, for want of memory say, answers nothing right any more: the next picture gets a new one. */
function encodeOnce(by: AvifEncoder, bytes: Uint8Array, { widthPx, heightPx }: Size, quality: number) {
  try {
    return by.encode(bytes, widthPx, heightPx, { ...OPTIONS, quality });
  } catch (error) {
    encoder = null;
    throw error;
  }
}

/** Fills in the colour box: `colr`, `nclx`, u16 primaries, u16 transfer, u16 matrix, full range; big-endian. */
function tagAsSrgb(avif: Uint8Array): void {
  const name = [...'colrnclx'].map((letter) => letter.charCodeAt(0));
  const at = avif.findIndex((_, start) => name.every((code, i) => avif[start + i] === code));
  if (at < 0) throw new Error('the AVIF has no colour box');
  avif.set([0, BT709, 0, SRGB], at + name.length);
}

/** u32 size, `uuid`, its 16 bytes, the packet; big-endian. */
function xmpBox(xmp: Uint8Array): Uint8Array<ArrayBuffer> {
  const box = new Uint8Array(24 + xmp.length);
  new DataView(box.buffer).setUint32(0, box.length);
  box.set(new TextEncoder().encode('uuid'), 4);
  box.set(XMP_UUID.match(/../g)?.map((hex) => Number.parseInt(hex, 16)) ?? [], 8);
  box.set(xmp, 24);
  return box;
}
