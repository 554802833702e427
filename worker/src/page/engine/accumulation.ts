import { SAMPLES_PER_BLOCK, type Size } from '@kiln/shared';
import { FloatType, NearestFilter, type Texture, type Vector2, type WebGLRenderer, WebGLRenderTarget } from 'three';
import { SumTree } from './sum-tree.ts';

/** 32-bit floats, without depth. */
export const floatTarget = ({ widthPx, heightPx }: Size) =>
  new WebGLRenderTarget(widthPx, heightPx, {
    type: FloatType,
    minFilter: NearestFilter,
    magFilter: NearestFilter,
    depthBuffer: false,
  });

/** Sums of some samples, until the accumulation is disposed of. */
export interface SumsPart {
  readonly target: WebGLRenderTarget;
  readonly count: number;
}

/**
 * Sums of linear RGB and alpha per pixel in 32-bit floats, and the number of samples. Blocks of 16 samples are summed
 * apart and added as a tree (`SumTree`), so that ranges of whole blocks rendered apart merge to the same bytes. A sum of
 * one sample is that sample, and is not copied.
 */
export class Accumulation {
  readonly #tree: SumTree;
  readonly #expected: number;
  #samples = 0;
  #only: Texture | null = null;
  #block: WebGLRenderTarget | null = null;

  /**
   * @param expected samples that will be added in all; 1 saves the copy into float targets.
   * @param newTarget for sums.
   */
  constructor(renderer: WebGLRenderer, expected: number, newTarget: () => WebGLRenderTarget) {
    this.#tree = new SumTree(renderer, newTarget);
    this.#expected = expected;
  }

  get samples(): number {
    return this.#samples;
  }

  /**
   * Goes on from the sum of the first samples of a block, added in order elsewhere. Before any is added.
   *
   * @param corner pixel, from the lower left one, where its pixels begin.
   */
  begin(sum: Texture, count: number, corner: Vector2): void {
    this.#samples = count;
    this.#block = this.#tree.take();
    this.#tree.copy(this.#block, sum, corner);
  }

  add(sample: Texture): void {
    this.#samples += 1;
    if (this.#expected === 1) {
      this.#only = sample;
      return;
    }
    this.#block ??= this.#tree.take();
    this.#tree.add(this.#block, sample);
    if (this.#samples % SAMPLES_PER_BLOCK === 0) this.#closeBlock();
  }

  /** The sums so far: within the first block, and of 16 samples, 32, 64 … */
  get sums(): Texture {
    return (this.#block ?? this.#tree.only).texture;
  }

  addBlock(sum: Texture, count: number): void {
    this.#samples += count;
    this.#block = this.#tree.take();
    this.#tree.copy(this.#block, sum);
    if (this.#samples % SAMPLES_PER_BLOCK === 0) this.#closeBlock();
    sum.dispose();
  }

  /** The sums of the tree so far, and that of the last block's first samples: of as many samples each, in order. */
  get parts(): readonly SumsPart[] {
    const whole = this.#tree.sums.map(({ target, blocks }) => ({ target, count: blocks * SAMPLES_PER_BLOCK }));
    if (!this.#block) return whole;
    return [...whole, { target: this.#block, count: this.#samples % SAMPLES_PER_BLOCK }];
  }

  /**
   * Gives `use` the sums of all so far, made beside the parts, which stay: the additions are those of `finish`, and what is
   * added to what changes no byte. Its target is gone afterwards.
   */
  async withAll<T>(use: (sums: Texture) => Promise<T>): Promise<T> {
    const [last, ...before] = this.parts.toReversed();
    if (!last) throw new Error('nothing was added');
    const all = before.length === 0 ? null : this.#tree.take();
    if (all) this.#tree.copy(all, last.target.texture);
    for (const { target } of before) if (all) this.#tree.add(all, target.texture);
    try {
      return await use((all ?? last.target).texture);
    } finally {
      if (all) this.#tree.give(all);
      this.#tree.trim();
    }
  }

  /** The sums. Call it once, when every sample is in. */
  finish(): Texture {
    return this.#only ?? this.finishTarget().texture;
  }

  /** The same in a target that can be read. */
  finishTarget(): WebGLRenderTarget {
    if (!this.#only) {
      this.#closeBlock();
      return this.#tree.finish();
    }
    const target = this.#tree.take();
    this.#tree.copy(target, this.#only);
    return target;
  }

  dispose(): void {
    this.#tree.dispose();
    this.#block = this.#only = null;
  }

  #closeBlock(): void {
    if (!this.#block) return;
    const firstBlock = Math.ceil(this.#samples / SAMPLES_PER_BLOCK) - 1;
    this.#tree.push(this.#block, { firstBlock, blocks: 1 });
    this.#block = null;
  }
}
