import type { Pose } from '@kiln/shared';
import { beforeEach, expect, it } from 'vitest';
import { VIEWER_LIMITS } from '../../src/limits.ts';
import { PosePredictor } from '../../src/live/pose-predictor.ts';

/** Nothing is near. */
const FAR_M = 100;

/** Around the origin, looking at it, by 30°/s. */
function orbit(ms: number, distance = 4): Pose {
  const angle = ((ms / 1_000) * 30 * Math.PI) / 180;
  return {
    position: [Math.sin(angle) * distance, 1, Math.cos(angle) * distance],
    quaternion: [0, Math.sin(angle / 2), 0, Math.cos(angle / 2)],
    fovDeg: 40,
  };
}

const expectNear = (pose: Pose, wanted: Pose, digits = 5) => {
  for (const [i, value] of pose.position.entries()) expect(value).toBeCloseTo(wanted.position[i] ?? Number.NaN, digits);
  for (const [i, value] of pose.quaternion.entries())
    expect(value).toBeCloseTo(wanted.quaternion[i] ?? Number.NaN, digits);
};

let predictor: PosePredictor;
beforeEach(() => {
  predictor = new PosePredictor();
});

/** Display frames until then. @returns what is predicted at the last. */
function follow(until: number, leadMs: number, poseAt: (ms: number) => Pose = orbit, from = 0): Pose {
  let ahead = poseAt(from);
  for (let ms = from; ms <= until; ms += 16) ahead = predictor.ahead(poseAt(ms), ms, leadMs, FAR_M);
  return ahead;
}

it('says where a camera that turns around something will be', () => {
  expectNear(follow(480, 160), orbit(480 + 160));
  // Between two moments it is taken to go straight on.
  expectNear(follow(960, 130, orbit, 496), orbit(960 + 130), 2);
});

it('takes no long display frame between short ones for a jump', () => {
  let ms = 0;
  const next = (frameMs: number) => {
    ms += frameMs;
    return predictor.ahead(orbit(ms), ms, 160, FAR_M);
  };
  for (let i = 0; i < 20; i += 1) next(8);
  expectNear(next(70), orbit(ms + 160), 2);
  expectNear(next(8), orbit(ms + 160), 2);
});

it('says where one that goes straight on will be', () => {
  const walk = (ms: number): Pose => ({ position: [0, 0, -ms / 500], quaternion: [0, 0, 0, 1], fovDeg: 40 });
  expectNear(follow(480, 100, walk), walk(580));
});

it('is the pose itself where nothing moves, and soon after it came to rest', () => {
  const stopped = (ms: number) => orbit(Math.min(ms, 480));
  follow(480, 200);
  const rests = follow(496 + VIEWER_LIMITS.predictFromMs * 2, 200, stopped, 496);
  expect(rests).toEqual(orbit(480));
  expect(predictor.ahead(orbit(480), 5_000, 200, FAR_M)).toEqual(orbit(480));
});

it('looks no further ahead than pictures can be turned back', () => {
  const { mostLeadMs, mostLeadRad } = VIEWER_LIMITS;
  expectNear(follow(480, 10_000), orbit(480 + mostLeadMs), 2);
  predictor.forget();
  const spin = (ms: number) => orbit(ms * 8);
  const [, y, , w] = follow(480, 10_000, spin).quaternion;
  const turned = 2 * Math.atan2(y, w) - (480 * 8 * 30 * Math.PI) / 180_000;
  expect(Math.abs(Math.atan2(Math.sin(turned), Math.cos(turned)))).toBeCloseTo(mostLeadRad, 5);
});

it('knows nothing of a camera that was put elsewhere', () => {
  follow(480, 200);
  predictor.forget();
  expect(predictor.ahead(orbit(5_000), 496, 200, FAR_M)).toEqual(orbit(5_000));
});

it('does not take a camera that is put elsewhere for one that moves there', () => {
  const jumping = (ms: number) => orbit(ms, ms < 240 ? 4 : 40);
  for (let ms = 0; ms <= 480; ms += 16) {
    const [x, , z] = predictor.ahead(jumping(ms), ms, 200, FAR_M).position;
    expect(Math.hypot(x, z)).toBeLessThan(40.5);
  }
  predictor.forget();
  const placed = (ms: number) => orbit(ms < 240 ? 0 : 3_000);
  for (let ms = 0; ms <= 480; ms += 16) expect(predictor.ahead(placed(ms), ms, 200, FAR_M)).toEqual(placed(ms));
});

it('does not go through what stands there', () => {
  const dolly = (ms: number): Pose => ({ position: [0, 0, 4 - ms / 250], quaternion: [0, 0, 0, 1], fovDeg: 40 });
  for (let ms = 0; ms < 800; ms += 16) {
    const [, , z] = predictor.ahead(dolly(ms), ms, 10_000, 0.3).position;
    expect((dolly(ms).position[2] ?? 0) - z).toBeLessThan(0.3 + 1e-9);
  }
});
