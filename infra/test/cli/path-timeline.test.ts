import type { LiveView, PosePath } from '@kiln/shared';
import { expect, test } from 'vitest';
import { timelineOf } from '../../src/cli/live/path-timeline.ts';

const VIEW: LiveView = {
  ...{ samples: 1, clip: null, fps: 24, toneMapping: 'neutral', exposureEv: 0, background: 'neutral' },
  ...{ size: { widthPx: 64, heightPx: 36 }, frameNumber: 0 },
};
const camera = (atMs: number, x: number) => ({
  ...{
    atMs,
    position: [x, 0, 3] as [number, number, number],
    target: [0, 0, 0] as [number, number, number],
    fovDeg: 40,
  },
});
const told = (path: PosePath, fixed: Partial<LiveView> = {}) =>
  timelineOf(path, VIEW, fixed).inputs.map((input) =>
    input.kind === 'pose'
      ? [input.atMs, input.pose.position[0], input.moving]
      : [input.atMs, input.view.exposureEv, input.view.frameNumber],
  );

test('of poses each is said as it is, at its time, and moving but for the last', () => {
  const { view, inputs } = timelineOf(
    { poses: [camera(0, 1), { ...camera(50, 2), moving: false }, camera(90, 3)] },
    VIEW,
    {},
  );
  expect(view).toEqual(VIEW);
  expect(inputs).toEqual([
    { kind: 'pose', atMs: 0, pose: camera(0, 1), moving: true },
    { kind: 'pose', atMs: 50, pose: { ...camera(50, 2), moving: false }, moving: false },
    { kind: 'pose', atMs: 90, pose: camera(90, 3), moving: false },
  ]);
});

test('of a recorded session what is shown changes at its times, before the camera goes on', () => {
  const views = [
    { atMs: 0, view: { ...VIEW, exposureEv: 1 } },
    { atMs: 50, view: { ...VIEW, exposureEv: 2 } },
  ];
  const frames = [
    { atMs: 0, frameNumber: 4 },
    { atMs: 100, frameNumber: 4 },
    { atMs: 150, frameNumber: 5 },
  ];
  const path = { poses: [camera(0, 1), camera(50, 1)], views, frames };
  expect(timelineOf(path, VIEW, {}).view).toEqual({ ...VIEW, exposureEv: 1, frameNumber: 4 });
  expect(told(path)).toEqual([
    [0, 1, false],
    [50, 2, 4],
    [50, 1, false],
    [150, 2, 5],
  ]);
});

test('of a recorded session the camera goes straight from moment to moment, as often as displays take pictures', () => {
  const inputs = told({ poses: [camera(0, 0), camera(500, 0), camera(600, 6), camera(601, 6)], views: [], frames: [] });
  expect(inputs.slice(0, 3)).toEqual([
    [0, 0, false],
    [500, 0, true],
    [500 + 100 / 6, expect.closeTo(1), true],
  ]);
  expect(inputs.slice(-2)).toEqual([
    [600, 6, false],
    [601, 6, false],
  ]);
  expect(inputs).toHaveLength(9);
});

test('what is asked for goes before what was recorded', () => {
  const size = { widthPx: 320, heightPx: 180 };
  const views = [
    { atMs: 0, view: { ...VIEW, samples: 7, exposureEv: 1, depth: true, tiles: true } },
    { atMs: 50, view: { ...VIEW, samples: 8, exposureEv: 1 } },
  ];
  const { view, inputs } = timelineOf({ poses: [camera(0, 1)], views, frames: [{ atMs: 0, frameNumber: 3 }] }, VIEW, {
    ...{ size, depth: false, tiles: false, samples: 2, frameNumber: 9 },
  });
  expect(view).toEqual({ ...VIEW, exposureEv: 1, size, depth: false, tiles: false, samples: 2, frameNumber: 9 });
  expect(inputs).toHaveLength(1);
});

test('of a day of movement there are no more inputs than a path has poses', () => {
  const path = { poses: [camera(0, 0), camera(86_400_000, 1)], views: [] };
  expect(timelineOf(path, VIEW, {}).inputs.length).toBeLessThanOrEqual(100_001);
});
