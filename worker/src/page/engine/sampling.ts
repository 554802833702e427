import { isPowerOfTwo, LIMITS, SAMPLES_PER_BLOCK, type Sampling as SamplingFacts } from '@kiln/shared';
import { type Texture, Vector2, type WebGLRenderer } from 'three';
import { Accumulation, floatTarget, type SumsPart } from './accumulation.ts';
import type { SampledLight } from './denoise/denoiser.ts';
import { partOf, type SampleSink, type Shot, scissorTo } from './engine.ts';
import { HalfSums } from './half-sums.ts';
import { NoiseGauge } from './noise-gauge.ts';

/** The samples of one picture, or of its part: their sums, and when there are enough of them. */
export class Sampling implements SampleSink {
  readonly #accumulation: Accumulation;
  readonly #gauge: NoiseGauge | null;
  readonly #half: HalfSums | null;
  readonly #shot: Shot;
  readonly #expected: number;
  /** Whether no sample of the picture follows on the expected ones. */
  readonly #isLast: boolean;
  readonly #drawnMs: () => number;
  #endedBy: SamplingFacts['endedBy'] | null = null;
  #noise: number | null = null;
  /** After how many samples it was looked at. */
  #lookedAt = 0;
  #tookMs = 0;
  /** Of the next sample. */
  #begun = 0;

  /**
   * @param drawnMs how long the picture has been drawn, without what was drawn in between.
   * @param isKept others draw before it is finished.
   */
  constructor(renderer: WebGLRenderer, shot: Shot, drawnMs: () => number, isKept = false) {
    const { size, denoise, noiseThreshold } = shot;
    const { first, count } = partOf(shot).samples;
    // A sample that is not copied may be drawn over while a long filter gives way.
    const copied = denoise || isKept ? Math.max(2, count) : count;
    this.#accumulation = new Accumulation(renderer, copied, () => scissorTo(floatTarget(size), shot));
    this.#expected = count;
    this.#isLast = first + count === shot.samples;
    // Later ranges are compared with what is stored of those before.
    this.#gauge = noiseThreshold > 0 && first === 0 ? new NoiseGauge(renderer, size) : null;
    this.#half = (denoise && first === 0) || this.#gauge ? new HalfSums(renderer, size) : null;
    this.#shot = shot;
    this.#drawnMs = drawnMs;
  }

  /** From 0 to 1; noise or time may end it before. */
  get fraction(): number {
    return (this.#accumulation.samples + this.#begun) / this.#expected;
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

  /** Takes the sums of the first samples of the part, at its pixels, before any other. */
  begin(sums: Texture, count: number): void {
    const { region } = partOf(this.#shot);
    this.#accumulation.begin(sums, count, new Vector2(region.x, this.#shot.size.heightPx - region.y - region.heightPx));
  }

  get isWanted(): boolean {
    return this.#shot.isWanted?.() === true && this.#mayEndAt(this.#accumulation.samples);
  }

  /** As it was looked at last; null before. */
  get noise(): number | null {
    return this.#noise;
  }

  /** After how many of the part's samples the noise was looked at last, where it was. */
  get lookedAt(): number {
    return this.#lookedAt;
  }

  tell(fraction: number): void {
    this.#begun = fraction;
  }

  add(sample: Texture): void {
    this.#keepHalf();
    this.#accumulation.add(sample);
    this.#begun = 0;
    const { noiseThreshold, timeLimitMs, drawnBeforeMs = 0 } = this.#shot;
    const drawn = this.#accumulation.samples;
    if (this.#isLast && drawn === this.#expected) this.#endedBy = 'samples';
    else if (this.#noiseAfter(drawn) < noiseThreshold) this.#endedBy = 'noise';
    else if (timeLimitMs > 0 && drawnBeforeMs + this.#drawnMs() >= timeLimitMs) this.#endedBy = 'time';
    else if (drawn === this.#expected || this.#isCheckpoint(drawn) || this.isWanted) this.#endedBy = 'samples';
    if (this.#endedBy !== null) this.#tookMs = this.#drawnMs();
  }

  /** How long a complete one was drawn. */
  get tookMs(): number {
    return this.#tookMs;
  }

  addBlock(sum: Texture, count: number): void {
    this.#accumulation.addBlock(sum, count);
    const drawn = this.#accumulation.samples;
    if (drawn === this.#expected || this.#isCheckpoint(drawn) || this.isWanted) this.#endedBy = 'samples';
    if (this.#endedBy !== null) this.#tookMs = this.#drawnMs();
  }

  /** The sums. Call it once, when it is complete. */
  finish(): SampledLight {
    return { sums: this.#accumulation.finish(), samples: this.#accumulation.samples, half: this.half };
  }

  /** The same while the parts of the sums stay: of one that is kept, any time. */
  withLight<T>(use: (light: SampledLight) => Promise<T>): Promise<T> {
    const { samples } = this.#accumulation;
    return this.#accumulation.withAll((sums) => use({ sums, samples, half: this.half }));
  }

  /** Those that what is summed so far is made of, in order, until more is added. */
  get parts(): readonly SumsPart[] {
    return this.#accumulation.parts;
  }

  /** Whether what is summed so far may be stored, and more be drawn of it elsewhere. */
  get isStorable(): boolean {
    return this.isComplete || this.#mayEndAt(this.#accumulation.samples);
  }

  /** The sums of 1, 2, 4 … samples, while more follow. */
  get soFar(): Pick<SampledLight, 'sums' | 'samples'> {
    return { sums: this.#accumulation.sums, samples: this.#accumulation.samples };
  }

  /** The sums of the first half of them; null where nobody needs them, or it is one sample. */
  get half(): HalfSums | null {
    return this.#half && this.#half.samples > 0 ? this.#half : null;
  }

  /** The same in targets that can be read, until it is disposed of: one, but of a part that was ended in its midst. */
  finishParts(): readonly SumsPart[] {
    const count = this.#accumulation.samples;
    if (count < this.#expected && this.#endedBy === 'samples') return this.#accumulation.parts;
    return [{ target: this.#accumulation.finishTarget(), count }];
  }

  dispose(): void {
    this.#accumulation.dispose();
    this.#gauge?.dispose();
    this.#half?.dispose();
  }

  /** Not before a sample follows: the last ones are compared with those before them. */
  #keepHalf(): void {
    const drawn = this.#accumulation.samples;
    if (this.#half && isPowerOfTwo(drawn)) this.#half.keep(this.#accumulation.sums, drawn);
  }

  /** After 16 samples, 32, 64 …: what was drawn so far is one sum of the tree. */
  #isCheckpoint(drawn: number): boolean {
    const { checkpointMs = 0 } = this.#shot;
    if (checkpointMs === 0 || drawn % SAMPLES_PER_BLOCK !== 0 || !isPowerOfTwo(drawn)) return false;
    return this.#drawnMs() >= checkpointMs;
  }

  /** What is compared with fewer samples, or stored with those, ends where they are known. */
  #mayEndAt(drawn: number): boolean {
    const { denoise, noiseThreshold, timeLimitMs } = this.#shot;
    if (!this.#half || (denoise && noiseThreshold === 0 && timeLimitMs === 0)) return true;
    if (denoise) return drawn % SAMPLES_PER_BLOCK === 0 && isPowerOfTwo(drawn);
    return drawn <= LIMITS.noiseMinSamples / 2 || drawn >= SAMPLES_PER_BLOCK;
  }

  /** Looked at when there are twice as many samples as the time before: a picture's bytes do not depend on its pieces. */
  #noiseAfter(drawn: number): number {
    if (!this.#gauge || !this.#half || !isPowerOfTwo(drawn) || drawn < LIMITS.noiseMinSamples)
      return Number.POSITIVE_INFINITY;
    const white = 2 ** -this.#shot.exposureEv;
    this.#lookedAt = drawn;
    this.#noise = this.#gauge.compare(this.#accumulation.sums, this.#half.sums, drawn, white);
    return this.#noise;
  }
}
