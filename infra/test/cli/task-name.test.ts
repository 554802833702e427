import { expect, test } from 'vitest';
import { taskName } from '../../src/cli/task-name.ts';

const WHOLE = { film: null, frames: [7], kind: 'render', part: null } as const;
const PART = {
  region: { x: 0, y: 360, widthPx: 640, heightPx: 180 },
  samples: { first: 16, count: 16 },
};

test.each([
  ['7', WHOLE],
  ['1 … 3', { ...WHOLE, frames: [1, 2, 3] }],
  ['7: 640×180 at 0,360, samples 16 to 31', { ...WHOLE, part: PART }],
  ['7: all parts', { ...WHOLE, kind: 'assemble' as const }],
  ['film.mp4', { film: 'film.mp4', frames: [], kind: 'film' as const, part: null }],
])('a task is called %s', (name, task) => {
  expect(taskName({ ...task, frames: [...task.frames] })).toBe(name);
});
