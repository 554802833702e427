/** A small picture of one that comes row by row and is nowhere whole. */
import { PREVIEW_MEDIA_TYPE, type Size } from '@kiln/shared';
import type { PixelKind } from '../pixel-kind.ts';
import type { Bytes, Floats } from './statistics.ts';

const QUALITY = 0.85;

/** Of levels that a display shows, from 0 to 1, to linear light: as fine as 8 bits of the small picture can tell. */
const LEVELS = 4_095;
const LINEAR = Float32Array.from({ length: LEVELS + 1 }, (_, level) => {
  const shown = level / LEVELS;
  return shown <= 0.04045 ? shown / 12.92 : ((shown + 0.055) / 1.055) ** 2.4;
});

/** @returns a size of the same shape with no edge longer than `edgePx`. */
export function previewSize({ widthPx, heightPx }: Size, edgePx: number): Size {
  const scale = Math.min(1, edgePx / Math.max(widthPx, heightPx));
  return { widthPx: Math.max(1, Math.round(widthPx * scale)), heightPx: Math.max(1, Math.round(heightPx * scale)) };
}

/** Means of linear light over boxes of pixels; what is brighter than white is white before. */
export class PreviewSums {
  readonly size: Size;
  readonly #frame: Size;
  readonly #kind: PixelKind;
  readonly #hasAlpha: boolean;
  /** RGB with alpha multiplied, and alpha. */
  readonly #sums: Float64Array;
  /** Pixels in each. */
  readonly #counts: Uint32Array;
  #row = 0;

  constructor(frame: Size, edgePx: number, kind: PixelKind, hasAlpha: boolean) {
    this.size = previewSize(frame, edgePx);
    this.#frame = frame;
    this.#kind = kind;
    this.#hasAlpha = hasAlpha;
    const pixels = this.size.widthPx * this.size.heightPx;
    this.#sums = new Float64Array(pixels * 4);
    this.#counts = new Uint32Array(pixels);
  }

  /** Takes the next rows, from the top; numbers all. */
  add(pixels: Bytes | Floats, rows: number): void {
    const { widthPx, heightPx } = this.#frame;
    const [perLevel, isLinear] = [this.#kind === 'srgb8' ? 1 / 255 : 1, this.#kind === 'linear'];
    for (let row = 0, from = 0; row < rows; row += 1, this.#row += 1) {
      const first = Math.floor((this.#row * this.size.heightPx) / heightPx) * this.size.widthPx;
      for (let x = 0; x < widthPx; x += 1, from += 4) {
        const pixel = first + Math.floor((x * this.size.widthPx) / widthPx);
        const alpha = this.#hasAlpha ? unit((pixels[from + 3] ?? 0) * perLevel) : 1;
        for (let channel = 0; channel < 3; channel += 1) {
          const value = unit((pixels[from + channel] ?? 0) * perLevel);
          const light = isLinear ? value : (LINEAR[Math.round(value * LEVELS)] ?? 0) * alpha;
          this.#sums[pixel * 4 + channel] = (this.#sums[pixel * 4 + channel] ?? 0) + light;
        }
        this.#sums[pixel * 4 + 3] = (this.#sums[pixel * 4 + 3] ?? 0) + alpha;
        this.#counts[pixel] = (this.#counts[pixel] ?? 0) + 1;
      }
    }
  }

  /** RGBA of 8 bits, sRGB, alpha straight. */
  picture(): Bytes {
    const shown = new Uint8ClampedArray(this.#sums.length);
    for (const [pixel, count] of this.#counts.entries()) {
      const alpha = this.#sums[pixel * 4 + 3] ?? 0;
      if (alpha === 0) continue;
      for (let channel = 0; channel < 3; channel += 1) {
        shown[pixel * 4 + channel] = 255 * toSrgb((this.#sums[pixel * 4 + channel] ?? 0) / alpha);
      }
      shown[pixel * 4 + 3] = (255 * alpha) / count;
    }
    return shown;
  }
}

/** From linear light to what a display shows, both from 0 to 1. */
const toSrgb = (light: number) => (light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055);

const unit = (value: number) => Math.min(1, Math.max(0, value));

/** As WebP. */
export async function previewFile(sums: PreviewSums): Promise<ArrayBuffer> {
  const { widthPx, heightPx } = sums.size;
  const canvas = new OffscreenCanvas(widthPx, heightPx);
  const context = canvas.getContext('2d');
  if (!context) throw new Error(`no canvas of ${widthPx} × ${heightPx}`);
  context.putImageData(new ImageData(sums.picture(), widthPx, heightPx), 0, 0);
  const blob = await canvas.convertToBlob({ type: PREVIEW_MEDIA_TYPE, quality: QUALITY });
  return blob.arrayBuffer();
}
