import type { StageMicros } from '@kiln/shared';
import type { LiveOutcome } from '../page/contract.ts';

type Times = Pick<LiveOutcome, 'drawMs' | 'readBackMs' | 'encodeMs' | 'drawEndMs'>;

/** What a picture took until now, as its header says it. @param waitedMs until it was begun. */
export const stagesOf = (
  { drawMs, readBackMs, encodeMs, drawEndMs }: Times,
  waitedMs: number,
  nowUnixMs: number,
): StageMicros => ({
  inputWait: waitedMs * 1_000,
  draw: drawMs * 1_000,
  readBack: readBackMs * 1_000,
  encode: encodeMs * 1_000,
  workerQueue: (nowUnixMs - drawEndMs - readBackMs - encodeMs) * 1_000,
  relay: 0,
});
