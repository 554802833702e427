import type { Pose } from '@kiln/shared';
import { MathUtils, PerspectiveCamera, Quaternion, Vector3 } from 'three';
import { expect, it } from 'vitest';
import { nearerPose } from '../../src/live/warp/nearer-pose.ts';

const TARGET = new Vector3(1, 0.5, -2);

function around(degrees: number, distance = 4): Pose {
  const camera = new PerspectiveCamera();
  const angle = MathUtils.degToRad(degrees);
  camera.position.copy(TARGET).add(new Vector3(Math.sin(angle) * distance, 1, Math.cos(angle) * distance));
  camera.lookAt(TARGET);
  return { position: camera.position.toArray(), quaternion: camera.quaternion.toArray(), fovDeg: 40 };
}

const turned = (a: Pose, b: Pose) =>
  MathUtils.radToDeg(new Quaternion(...a.quaternion).angleTo(new Quaternion(...b.quaternion)));
const distanceOf = ({ position }: Pose) => new Vector3(...position).distanceTo(TARGET);

it('is the pose itself where the picture can be shown from there', () => {
  const to = around(11);
  expect(nearerPose(around(0), to)).toBe(to);
});

it.each([60, 120, 175])('stays around what both look at, as far away, on the way to %i°', (degrees) => {
  const shown = nearerPose(around(0), around(degrees));
  expect(turned(around(0), shown)).toBeLessThan(24);
  expect(distanceOf(shown)).toBeCloseTo(distanceOf(around(0)), 1);
});

it('goes on with the hand, however far that is', () => {
  const angles = [10, 12, 16, 24, 48, 96].map((degrees) => turned(around(0), nearerPose(around(0), around(degrees))));
  expect(angles).toEqual([...angles].sort((a, b) => a - b));
  expect(angles[2]).toBeGreaterThan(14);
  expect(angles.at(-1)).toBeGreaterThan(22);
});

it('comes nearer as the way does', () => {
  const [from, to] = [around(0, 4), around(90, 2)];
  const share = turned(from, nearerPose(from, to)) / turned(from, to);
  const between = MathUtils.lerp(distanceOf(around(0, 4)), distanceOf(around(90, 2)), share);
  expect(distanceOf(nearerPose(from, to))).toBeCloseTo(between, 1);
});

it('goes along a line where both look at nothing in common', () => {
  const back = new Quaternion().setFromAxisAngle(new Vector3(0, 1, 0), Math.PI / 2);
  const from: Pose = { position: [0, 0, 0], quaternion: [0, 0, 0, 1], fovDeg: 40 };
  const to: Pose = { position: [3, 0, 0], quaternion: [back.x, -back.y, back.z, back.w], fovDeg: 50 };
  const shown = nearerPose(from, to);
  const share = turned(from, shown) / 90;
  expect(share).toBeGreaterThan(0.2);
  for (const [i, value] of [3 * share, 0, 0].entries()) expect(shown.position[i]).toBeCloseTo(value, 6);
  expect(shown.fovDeg).toBe(50);
});
