import { LIMITS, SAMPLES_PER_BLOCK, type Sampling as SamplingFacts } from '@kiln/shared';
import type { Texture, WebGLRenderer, WebGLRenderTarget } from 'three';
import { Accumulation, floatTarget } from './accumulation.ts';
import { partOf, type SampleSink, type Shot, scissorTo } from './engine.ts';
import { NoiseGauge } from './noise-gauge.ts';

/** The samples of one picture, or of its part: their sums, and when there are enough of them. */
export class Sampling implements SampleSink {
  readonly #accumulation: Accumulation;
  readonly #gauge: NoiseGauge | null;
  readonly #shot: Shot;
  readonly #expected: number;
  readonly #drawnMs: () => number;
  #endedBy: SamplingFacts['endedBy'] | null = null;
  #noise: number | null = null;

  /** @param drawnMs how long the picture has been drawn, without what was drawn in between. */
  constructor(renderer: WebGLRenderer, shot: Shot, drawnMs: () => number) {
    const { samples } = partOf(shot);
    this.#accumulation = new Accumulation(renderer, samples.count, () => scissorTo(floatTarget(shot.size), shot));
    this.#expected = samples.count;
    this.#gauge = shot.noiseThreshold > 0 ? new NoiseGauge(renderer, shot.size) : null;
    this.#shot = shot;
    this.#drawnMs = drawnMs;
  }

  get isComplete(): boolean {
    return this.#endedBy !== null;
  }

  /** Of a complete one. */
  get facts(): SamplingFacts {
    if (this.#endedBy === null) throw new Error('the picture is still being drawn');
    const noise = this.#noise === null ? {} : { noise: this.#noise };
    return { samples: this.#accumulation.samples, endedBy: this.#endedBy, ...noise };
  }

  add(sample: Texture): void {
    this.#accumulation.add(sample);
    const { noiseThreshold, timeLimitMs } = this.#shot;
    const drawn = this.#accumulation.samples;
    if (drawn === this.#expected || this.#isCheckpoint(drawn)) this.#endedBy = 'samples';
    else if (this.#noiseAfter(drawn) < noiseThreshold) this.#endedBy = 'noise';
    else if (timeLimitMs > 0 && this.#drawnMs() >= timeLimitMs) this.#endedBy = 'time';
  }

  addBlock(sum: Texture, count: number): void {
    this.#accumulation.addBlock(sum, count);
    const drawn = this.#accumulation.samples;
    if (drawn === this.#expected || this.#isCheckpoint(drawn)) this.#endedBy = 'samples';
  }

  /** The sums. Call it once, when it is complete. */
  finish(): Texture {
    return this.#accumulation.finish();
  }

  /** The same in a target that can be read. */
  finishTarget(): WebGLRenderTarget {
    return this.#accumulation.finishTarget();
  }

  dispose(): void {
    this.#accumulation.dispose();
    this.#gauge?.dispose();
  }

  /** After 16 samples, 32, 64 …: what was drawn so far is one sum of the tree. */
  #isCheckpoint(drawn: number): boolean {
    const { checkpointMs = 0 } = this.#shot;
    if (checkpointMs === 0 || drawn % SAMPLES_PER_BLOCK !== 0 || !isPowerOfTwo(drawn)) return false;
    return this.#drawnMs() >= checkpointMs;
  }

  /** Looked at when there are twice as many samples as the time before: a picture's bytes do not depend on its pieces. */
  #noiseAfter(drawn: number): number {
    if (this.#gauge === null || !isPowerOfTwo(drawn) || drawn < LIMITS.noiseMinSamples / 2)
      return Number.POSITIVE_INFINITY;
    const sums = this.#accumulation.sums;
    if (drawn >= LIMITS.noiseMinSamples) this.#noise = this.#gauge.compare(sums, drawn, 2 ** -this.#shot.exposureEv);
    this.#gauge.keep(sums);
    return this.#noise ?? Number.POSITIVE_INFINITY;
  }
}

const isPowerOfTwo = (count: number): boolean => (count & (count - 1)) === 0;
