import type { FrameProgress } from '@kiln/shared';
import { expect, it } from 'vitest';
import { createFrameProgress } from '../../src/app/farm/frame-progress.ts';

const JOB = 'job_0123456789abcdefghjk';
const progress = (frameNumber: number, samplesDone: number): FrameProgress => ({
  jobId: JOB,
  layer: 'main',
  frameNumber,
  samplesDone,
  samplesTotal: 64,
  partsDone: 0,
  partsTotal: 1,
  leftMs: null,
});
const frame = (frameNumber: number) => ({ jobId: JOB, layer: 'main', frameNumber });

it('[EV9] keeps what was said last of each frame, and nothing of one that is there', () => {
  const keeper = createFrameProgress();
  const shown = () => keeper.of(JOB).value.map(({ frameNumber, samplesDone }) => [frameNumber, samplesDone]);
  keeper.take(progress(1, 8));
  keeper.take(progress(2, 4));
  keeper.take(progress(1, 16));
  expect(shown()).toEqual([
    [2, 4],
    [1, 16],
  ]);
  keeper.frameDone(frame(1));
  keeper.take(progress(1, 32));
  expect(shown()).toEqual([[2, 4]]);
  expect(keeper.of('job_another').value).toEqual([]);
  keeper.jobOver(JOB);
  keeper.take(progress(2, 32));
  expect(shown()).toEqual([]);
});
