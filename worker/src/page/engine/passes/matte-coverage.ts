/** How much of each pixel things cover: Cryptomatte's ranked pairs of id and coverage. */
import { subPixelOffset } from '../jitter.ts';

/** Layers of a matte, `CryptoObject00` to `02`, of two ranks each. */
const MATTE_LAYERS = 3;
const RANKS = MATTE_LAYERS * 2;

/**
 * Counts in how many samples of each pixel an id stands. A pixel has room for six ids; where more come, those after the
 * first six are left out, and its coverage is less than whole. The layers are RGBA: id, count, id, count.
 */
export class CoverageTable {
  readonly layers: readonly Float32Array[];

  /** @param newLayer room for RGBA of all pixels; what is in it is overwritten. */
  constructor(newLayer: () => Float32Array) {
    this.layers = Array.from({ length: MATTE_LAYERS }, () => newLayer().fill(0));
  }

  /** @param ids of each pixel; 0 where nothing stands. */
  add(ids: Float32Array): void {
    const [first] = this.layers;
    if (!first) return;
    for (let pixel = 0, i = 0; pixel < ids.length; pixel += 1, i += 4) {
      const id = ids[pixel] ?? 0;
      if (id === 0) continue;
      // Mostly it is the same in all samples.
      if (first[i] === id) first[i + 1] = (first[i + 1] ?? 0) + 1;
      else this.#count(i, id);
    }
  }

  #count(pixel: number, id: number): void {
    for (const layer of this.layers) {
      for (const at of [pixel, pixel + 2]) {
        const count = layer[at + 1] ?? 0;
        if (count > 0 && layer[at] !== id) continue;
        layer[at] = id;
        layer[at + 1] = count + 1;
        return;
      }
    }
  }

  /** Makes counts shares of `samples`, the largest first; of equal ones the one that came first. Call it once. */
  finish(samples: number): void {
    const [first, second, third] = this.layers;
    if (!first || !second || !third) return;
    const pairs = new Float32Array(RANKS * 2);
    for (let i = 0; i < first.length; i += 4) {
      // One id alone, or none.
      if (first[i + 3] === 0) {
        first[i + 1] = (first[i + 1] ?? 0) / samples;
        continue;
      }
      for (const [rank, layer] of this.layers.entries()) pairs.set(layer.subarray(i, i + 4), rank * 4);
      sortPairs(pairs);
      for (let at = 1; at < pairs.length; at += 2) pairs[at] = (pairs[at] ?? 0) / samples;
      for (const [rank, layer] of this.layers.entries()) layer.set(pairs.subarray(rank * 4, rank * 4 + 4), i);
    }
  }
}

/** By count, downwards; a sort by insertion keeps the order of equal ones. */
function sortPairs(pairs: Float32Array): void {
  for (let next = 2; next < pairs.length; next += 2) {
    const [id = 0, count = 0] = pairs.subarray(next, next + 2);
    let to = next;
    for (; to > 0 && (pairs[to - 1] ?? 0) < count; to -= 2) pairs.copyWithin(to, to - 2, to);
    pairs[to] = id;
    pairs[to + 1] = count;
  }
}

/** Where multisampling looks within a pixel, of Direct3D's standard pattern, which WebGL and WebGPU mostly have. */
const MULTISAMPLES = [
  [-1 / 8, -3 / 8],
  [3 / 8, -1 / 8],
  [-3 / 8, 1 / 8],
  [1 / 8, 3 / 8],
] as const;

/** Samples of mattes: enough for smooth edges, and not four times as many as a picture of very many has. */
const FEWEST_SAMPLES = 16;
const MOST_SAMPLES = 64;

/** Samples of a matte beside a picture of so many: a power of two. */
export const matteSamples = (pictureSamples: number): number =>
  Math.min(MOST_SAMPLES, Math.max(FEWEST_SAMPLES, MULTISAMPLES.length * powerOfTwo(pictureSamples)));

/**
 * Of the samples of a matte those that differ from all before them where nothing is blended: the others see the same
 * again, as often each.
 */
export const distinctMatteSamples = (pictureSamples: number): number =>
  Math.min(matteSamples(pictureSamples), MULTISAMPLES.length * powerOfTwo(pictureSamples));

const powerOfTwo = (count: number) => 2 ** Math.ceil(Math.log2(count));

interface MatteView {
  /** The picture's sample whose lens and moment it has. */
  readonly sample: number;
  /** Where it looks, from the middle of its pixel, pixels. */
  readonly offset: { readonly x: number; readonly y: number };
}

/**
 * What sample `index` of a matte sees: what one of the four multisamples sees of one of the picture's samples, so that
 * coverage and alpha are the same. Of more samples than a quarter of its own a matte sees one multisample each, chosen by
 * the multiples of √2: against all of them an edge's coverage is off by 0.013 in the mean and 0.09 at most (simulated).
 */
export function matteView(index: number, pictureSamples: number): MatteView {
  const isWhole = pictureSamples * MULTISAMPLES.length <= MOST_SAMPLES;
  const sample = isWhole ? Math.floor(index / MULTISAMPLES.length) % powerOfTwo(pictureSamples) : index;
  const multisample = isWhole
    ? index % MULTISAMPLES.length
    : Math.floor(((index * Math.SQRT2) % 1) * MULTISAMPLES.length);
  const { x, y } = subPixelOffset(sample);
  const [dx, dy] = MULTISAMPLES[multisample] ?? [0, 0];
  return { sample, offset: { x: x + dx, y: y + dy } };
}

/**
 * How opaque a blended surface has to be in sample `index` of `samples` to be there, so that in all of them it is there as
 * often as it is opaque. Each thing has an order of its own: of one half opaque before another, a quarter of that is seen.
 *
 * @param seed of the thing, 32 bits.
 * @param samples a power of two.
 */
export function opaqueFrom(index: number, samples: number, seed: number): number {
  // An odd factor visits every number once.
  const place = (Math.imul(index, (seed << 1) | 1) + (seed >>> 8) + Math.imul(index * index, seed & 0x7ffe)) >>> 0;
  return ((place % samples) + 0.5) / samples;
}
