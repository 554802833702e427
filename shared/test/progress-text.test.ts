import { expect, it } from 'vitest';
import { progressText } from '../src/progress-text.ts';

const at = { jobId: 'job_0123456789abcdefghjk', layer: 'main', frameNumber: 3, samplesDone: 48, samplesTotal: 256 };

it('says how far a frame is, in rough times', () => {
  const text = (leftMs: number | null, partsTotal = 1) => progressText({ ...at, partsDone: 1, partsTotal, leftMs });
  expect(text(null)).toBe('frame 3: 48 of 256 samples');
  expect(text(120_000)).toBe('frame 3: 48 of 256 samples, about 2 min left');
  expect(text(100, 4)).toBe('frame 3: 48 of 256 samples, 1 of 4 parts, about 1 s left');
  expect(text(89_000)).toContain('89 s');
  expect(text(7_200_000)).toContain('about 2 h left');
});
