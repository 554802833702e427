import { expect, test } from 'vitest';
import { taskFrames } from '../../src/jobs/task-frames.ts';

test('a task has its slice of the layer’s frames, in the order in which they were named', () => {
  const layer = { frames: '10-1x3,20', frame_count: 5, chunk: 2, division: null };
  expect([0, 1, 2].map((index) => taskFrames(layer, { kind: 'render', index }))).toEqual([[10, 7], [4, 1], [20]]);
});

test('a task of a million frames is found at once', () => {
  const layer = { frames: '1-1000000', frame_count: 1_000_000, chunk: 1, division: null };
  expect(taskFrames(layer, { kind: 'render', index: 999_999 })).toEqual([1_000_000]);
});

test('of a divided layer each frame has as many tasks as parts, and one that makes it of them', () => {
  const division = { tiles: { columns: 2, rows: 1 }, sampleRanges: 2 };
  const layer = { frames: '10,20', frame_count: 2, chunk: 1, division };
  const parts = [0, 3, 4, 7].map((index) => taskFrames(layer, { kind: 'render', index }));
  expect(parts).toEqual([[10], [10], [20], [20]]);
  expect(taskFrames(layer, { kind: 'assemble', index: 1 })).toEqual([20]);
});
