import { LIMITS, type Sampling as SamplingFacts } from '@kiln/shared';
import type { Texture, WebGLRenderer } from 'three';
import { Accumulation } from './accumulation.ts';
import type { SampleSink, Shot } from './engine.ts';
import { NoiseGauge } from './noise-gauge.ts';

/** The samples of one picture: their sums, and when there are enough of them. */
export class Sampling implements SampleSink {
  readonly #accumulation: Accumulation;
  readonly #gauge: NoiseGauge | null;
  readonly #shot: Shot;
  readonly #drawnMs: () => number;
  #endedBy: SamplingFacts['endedBy'] | null = null;
  #noise: number | null = null;

  /** @param drawnMs how long the picture has been drawn, without what was drawn in between. */
  constructor(renderer: WebGLRenderer, shot: Shot, drawnMs: () => number) {
    this.#accumulation = new Accumulation(renderer, shot.size, shot.samples);
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
    const { samples, noiseThreshold, timeLimitMs } = this.#shot;
    const drawn = this.#accumulation.samples;
    if (drawn === samples) this.#endedBy = 'samples';
    else if (this.#noiseAfter(drawn) < noiseThreshold) this.#endedBy = 'noise';
    else if (timeLimitMs > 0 && this.#drawnMs() >= timeLimitMs) this.#endedBy = 'time';
  }

  addBlock(sum: Texture, count: number): void {
    this.#accumulation.addBlock(sum, count);
    if (this.#accumulation.samples === this.#shot.samples) this.#endedBy = 'samples';
  }

  /** The sums. Call it once, when it is complete. */
  finish(): Texture {
    return this.#accumulation.finish();
  }

  dispose(): void {
    this.#accumulation.dispose();
    this.#gauge?.dispose();
  }

  /** Looked at when there are twice as many samples as the time before: a picture's bytes do not depend on its pieces. */
  #noiseAfter(drawn: number): number {
    const isPowerOfTwo = (drawn & (drawn - 1)) === 0;
    if (this.#gauge === null || !isPowerOfTwo || drawn < LIMITS.noiseMinSamples / 2) return Number.POSITIVE_INFINITY;
    const sums = this.#accumulation.sums;
    if (drawn >= LIMITS.noiseMinSamples) this.#noise = this.#gauge.compare(sums, drawn, 2 ** -this.#shot.exposureEv);
    this.#gauge.keep(sums);
    return this.#noise ?? Number.POSITIVE_INFINITY;
  }
}
