/** One figure of a benchmark, as it is printed and kept. */
export interface Measure {
  /** `BENCH.detail`, stable across versions. */
  readonly name: string;
  readonly value: number;
  readonly unit: 'ratio' | 'ms' | 's' | 'frames/s' | 'samples/s' | 'jobs/s' | 'tasks/s' | 'MB' | 'kB' | 'px';
  /** What was promised, for people: `≥ 0.9`; empty where a figure is only reported. */
  readonly target: string;
}

/** What its command line says; a bench that has no use for something leaves it. */
export interface BenchOptions {
  /** Where pictures are kept that figures are of; null for none. */
  readonly keepDir: string | null;
  /** A scene's file in place of the bench's own; null for that. */
  readonly scenePath: string | null;
  /** What a hand did, as the viewer's recorder writes it, in place of what the bench has; null for that. */
  readonly posesPath: string | null;
}

export interface Bench {
  readonly name: string;
  /** What it measures, in one line. */
  readonly about: string;
  run(report: (measure: Measure) => void, options: BenchOptions): Promise<void>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Nearest-rank percentile; `p` from 0 to 100. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? Number.NaN;
}
