import { describe, expect, it } from 'vitest';
import { PathPose, PosePath, poseOf } from '../../src/live/pose-path.ts';
import { matches } from '../../src/validate.ts';

type Triple = readonly [number, number, number];

/** The vector turned by the quaternion x, y, z, w. */
function turned([x, y, z]: Triple, [qx, qy, qz, qw]: readonly [number, number, number, number]): Triple {
  const t = [2 * (qy * z - qz * y), 2 * (qz * x - qx * z), 2 * (qx * y - qy * x)] as const;
  return [
    x + qw * t[0] + qy * t[2] - qz * t[1],
    y + qw * t[1] + qz * t[0] - qx * t[2],
    z + qw * t[2] + qx * t[1] - qy * t[0],
  ];
}

const TARGETS: readonly Triple[] = [
  [0, 0, -4],
  [0, 0, 4],
  [4, 0, 0],
  [-4, 0, 0.001],
  [1, 2, 3],
  [-1, -2, -3],
  [0, 5, 0],
  [0, -5, 0],
];

describe('a pose of a path', () => {
  it.each(TARGETS)('looks at its target, upright: %f %f %f', (...target) => {
    const position: Triple = [0.5, 1, -0.25];
    const at = target.map((value, axis) => value + (position[axis] ?? 0)) as [number, number, number];
    const { quaternion } = poseOf({ atMs: 0, position: [...position], target: at, fovDeg: 40 });
    expect(Math.hypot(...quaternion)).toBeCloseTo(1, 9);
    const length = Math.hypot(...target);
    const ahead = turned([0, 0, -1], quaternion);
    for (const axis of [0, 1, 2] as const) expect(ahead[axis]).toBeCloseTo(target[axis] / length, 6);
    // What is right stays level, and what is up is not below.
    expect(turned([1, 0, 0], quaternion)[1]).toBeCloseTo(0, 6);
    expect(turned([0, 1, 0], quaternion)[1]).toBeGreaterThanOrEqual(-1e-6);
  });

  it('keeps a turn that it says', () => {
    const pose = { position: [1, 2, 3] as [number, number, number], fovDeg: 40 };
    const quaternion: [number, number, number, number] = [0, 0.6, 0, 0.8];
    expect(poseOf({ atMs: 7, moving: true, ...pose, quaternion })).toEqual({ ...pose, quaternion });
  });

  it('has either a turn or a target, a time, and nothing else', () => {
    const target = { atMs: 0, position: [0, 0, 1], target: [0, 0, 0], fovDeg: 40 };
    expect(matches(PathPose, target)).toBe(true);
    for (const wrong of [
      { ...target, quaternion: [0, 0, 0, 1] },
      { ...target, atMs: -1 },
      { ...target, roll: 1 },
    ]) {
      expect(matches(PathPose, wrong)).toBe(false);
    }
    expect(matches(PosePath, { poses: [] })).toBe(false);
  });
});
