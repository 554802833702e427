import { describe, expect, it } from 'vitest';
import { pathCamera, readPath } from '../../src/camera-path.ts';
import { LIMITS } from '../../src/limits.ts';
import { LiveView } from '../../src/live/messages.ts';
import { PosePath, poseOf } from '../../src/live/pose-path.ts';
import { cameraAt, cameraPathOf, camerasOf, type TimedCamera, thinnedCameras } from '../../src/live/session-path.ts';
import { withDefaults } from '../../src/schema-defaults.ts';
import { matches } from '../../src/validate.ts';

/** Around the origin once in four seconds, coming nearer, as 60 poses a second. */
const orbit: TimedCamera[] = Array.from({ length: 241 }, (_, index) => {
  const turn = (index / 240) * 2 * Math.PI;
  const radius = 5 - index / 120;
  return {
    atMs: (index / 60) * 1_000,
    position: [radius * Math.sin(turn), 1, radius * Math.cos(turn)],
    target: [0, 0.5, 0],
    fovDeg: 40,
  };
});

const off = (a: Pick<TimedCamera, 'position'>, b: Pick<TimedCamera, 'position'>) =>
  Math.hypot(...a.position.map((value, axis) => value - (b.position[axis] ?? 0)));

describe('a recorded movement', () => {
  it('is kept in few moments, and is where it was at every other one', () => {
    const kept = thinnedCameras(orbit);
    expect(kept.length).toBeLessThan(100);
    for (const camera of orbit) {
      const there = cameraAt(kept, camera.atMs);
      if (!there) throw new Error('nowhere');
      expect(off(camera, there)).toBeLessThan(0.012);
    }
  });

  it('keeps when it stood and when it began to move', () => {
    const still: TimedCamera = { atMs: 0, position: [0, 0, 3], target: [0, 0, 0], fovDeg: 40 };
    const stands = [0, 100, 200, 300].map((atMs) => ({ ...still, atMs }));
    const goes = [400, 500, 600].map((atMs): TimedCamera => ({ ...still, atMs, position: [(atMs - 300) / 100, 0, 3] }));
    expect(thinnedCameras([...stands, ...goes]).map(({ atMs }) => atMs)).toEqual([0, 300, 600]);
  });

  it('stands still before its first moment and after its last', () => {
    expect(cameraAt(orbit, -1)).toBe(orbit[0]);
    expect(cameraAt(orbit, 1e6)).toBe(orbit.at(-1));
    expect(cameraAt([], 0)).toBeNull();
  });

  it('looks where a turn says', () => {
    const path: PosePath = { poses: [{ atMs: 5, position: [1, 2, 3], target: [4, 3, -2], fovDeg: 30 }] };
    const [turned] = path.poses.map((pose) => ({ atMs: 5, ...poseOf(pose) }));
    if (!turned) throw new Error('none');
    const [camera] = camerasOf({ poses: [turned] });
    const length = Math.hypot(3, 1, -5);
    for (const [axis, value] of [1 + 3 / length, 2 + 1 / length, 3 - 5 / length].entries()) {
      expect(camera?.target[axis]).toBeCloseTo(value, 9);
    }
  });
});

describe('a recorded session', () => {
  const poses = orbit.map((camera) => ({ ...camera, position: [...camera.position], target: [...camera.target] }));
  const view = withDefaults(LiveView, { size: { widthPx: 640, heightPx: 360 } }, 'the view');

  it('says what was shown, and which frame of a clip', () => {
    const more = { views: [{ atMs: 0, view }], frames: [{ atMs: 0, frameNumber: 0 }] };
    expect(matches(PosePath, { poses, ...more })).toBe(true);
    expect(matches(PosePath, { poses, views: [{ atMs: 0 }] })).toBe(false);
  });

  it('is a camera path for a job: the same way at the same times', () => {
    const path = readPath({ poses, views: [{ atMs: 0, view }] }, 24);
    expect(path.path.length).toBeLessThanOrEqual(LIMITS.pathKeys);
    for (const camera of orbit) expect(off(pathCamera(path, 24, camera.atMs / 1_000), camera)).toBeLessThan(0.02);
  });

  it('has as many keys as a job takes, however long it is', () => {
    const long = Array.from({ length: 20_000 }, (_, index): TimedCamera => {
      const turn = index / 7;
      return { atMs: index * 16, position: [Math.sin(turn), Math.cos(turn * 1.3), 3], target: [0, 0, 0], fovDeg: 40 };
    });
    const { path } = cameraPathOf({ poses: long });
    expect(path.length).toBeLessThanOrEqual(LIMITS.pathKeys);
    expect(path[0]?.timeSec).toBe(0);
    expect(path.at(-1)?.timeSec).toBe((19_999 * 16) / 1_000);
  });

  it('whose poses come at the same time has one key of them', () => {
    const [first, second] = poses;
    if (!first || !second) throw new Error('none');
    const path = readPath({ poses: [first, { ...second, atMs: 0 }, { ...second, atMs: 50 }] }, 24);
    expect(path.path.map(({ timeSec }) => timeSec)).toEqual([0, 0.05]);
  });

  it('that is broken is refused with the place', () => {
    expect(() => readPath({ poses: [{ atMs: 0, position: [0, 0, 0] }] }, 24)).toThrow(/recorded session|poses/);
  });
});
