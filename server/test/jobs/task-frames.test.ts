import { expect, test } from 'vitest';
import { taskFrames } from '../../src/jobs/task-frames.ts';

test('a task has its slice of the layer’s frames, in the order in which they were named', () => {
  const layer = { frames: '10-1x3,20', frame_count: 5, chunk: 2 };
  expect([0, 1, 2].map((index) => taskFrames(layer, index))).toEqual([[10, 7], [4, 1], [20]]);
});

test('a task of a million frames is found at once', () => {
  const layer = { frames: '1-1000000', frame_count: 1_000_000, chunk: 1 };
  expect(taskFrames(layer, 999_999)).toEqual([1_000_000]);
});
