/** What every live view of a bench shows, in pages and in Node. */
export const BENCH_LOOK = {
  samples: 1,
  clip: null,
  fps: 24,
  toneMapping: 'neutral',
  exposureEv: 0,
  background: 'neutral',
} as const;
