/** Bytes per second over the last seconds. */
import { VIEWER_LIMITS } from '../limits.ts';

export interface TransferSpeed {
  /** @param bytes sent since the beginning. */
  sample(bytes: number, nowMs: number): void;
  /** Null until two samples lie apart. */
  bytesPerSec(): number | null;
  /** Forgets, so that a pause is not taken for slowness. */
  reset(): void;
}

export function createTransferSpeed(): TransferSpeed {
  let samples: { bytes: number; atMs: number }[] = [];
  return {
    sample(bytes, nowMs) {
      const last = samples.at(-1);
      if (last && nowMs - last.atMs < VIEWER_LIMITS.speedSampleMs) return;
      samples.push({ bytes, atMs: nowMs });
      samples = samples.filter(({ atMs }) => nowMs - atMs <= VIEWER_LIMITS.speedSpanMs);
    },
    bytesPerSec() {
      const [first] = samples;
      const last = samples.at(-1);
      if (!first || !last || last.atMs === first.atMs) return null;
      return ((last.bytes - first.bytes) / (last.atMs - first.atMs)) * 1_000;
    },
    reset() {
      samples = [];
    },
  };
}
