import { expect, test } from 'vitest';
import { taskFrames, taskOfPlace } from '../../src/jobs/task-frames.ts';

const PLAIN = { test_frames: null, single_tasks: 0 };

test('a task has its slice of the layer’s frames, in the order in which they were named', () => {
  const layer = { frames: '10-1x3,20', frame_count: 5, chunk: 2, division: null, ...PLAIN };
  expect([0, 1, 2].map((index) => taskFrames(layer, { kind: 'render', index }))).toEqual([[10, 7], [4, 1], [20]]);
});

test('a task of a million frames is found at once', () => {
  const layer = { frames: '1-1000000', frame_count: 1_000_000, chunk: 1, division: null, ...PLAIN };
  expect(taskFrames(layer, { kind: 'render', index: 999_999 })).toEqual([1_000_000]);
});

test('of a divided layer each frame has as many tasks as parts, and one that makes it of them', () => {
  const division = { tiles: { columns: 2, rows: 1 }, sampleRanges: 2 };
  const layer = { frames: '10,20', frame_count: 2, chunk: 1, division, ...PLAIN };
  const parts = [0, 3, 4, 7].map((index) => taskFrames(layer, { kind: 'render', index }));
  expect(parts).toEqual([[10], [10], [20], [20]]);
  expect(taskFrames(layer, { kind: 'assemble', index: 1 })).toEqual([20]);
});

test('test frames are tasks of their own, before the others', () => {
  const layer = { frames: '1-10', frame_count: 10, chunk: 3, division: null, test_frames: [1, 10, 5], single_tasks: 3 };
  const frames = [0, 1, 2, 3, 4, 5].map((index) => taskFrames(layer, { kind: 'render', index }));
  expect(frames).toEqual([[1], [10], [5], [2, 3, 4], [6, 7, 8], [9]]);
  expect([0, 2, 3, 5, 6, 9].map((place) => taskOfPlace(layer, place))).toEqual([0, 2, 3, 3, 4, 5]);
});

test('what was released before the length of tasks is settled keeps its frames', () => {
  const open = { frames: '1-20', frame_count: 20, chunk: 1, division: null, test_frames: null, single_tasks: 0 };
  const settled = { ...open, chunk: 7, single_tasks: 4 };
  const frames = (layer: typeof open) => [0, 3].map((index) => taskFrames(layer, { kind: 'render', index }));
  expect(frames(settled)).toEqual(frames(open));
  expect(taskFrames(settled, { kind: 'render', index: 4 })).toEqual([5, 6, 7, 8, 9, 10, 11]);
  expect(taskFrames(settled, { kind: 'render', index: 6 })).toEqual([19, 20]);
});
