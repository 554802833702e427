import type { Sampling } from './schemas/frame-stages.ts';

const ENDED = { samples: '', noise: ', enough', time: ', then time was up' } as const;

/** What was drawn of a frame, for people: `64 samples, enough (noise 4.1 %)`. */
export function samplingText({ samples, endedBy, noise }: Sampling): string {
  const error = noise === undefined ? '' : ` (noise ${(noise * 100).toFixed(1)} %)`;
  return `${samples} ${samples === 1 ? 'sample' : 'samples'}${ENDED[endedBy]}${error}`;
}
