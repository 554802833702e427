import type { Pose } from '@kiln/shared';
import { expect, it } from 'vitest';
import { PoseFollower } from '../../src/live/pose-follower.ts';

const at = (x: number, fovDeg = 40): Pose => ({ position: [x, 0, 0], quaternion: [0, 0, 0, 1], fovDeg });

it('has nowhere to be without a goal, and is at the first one at once', () => {
  const follower = new PoseFollower();
  expect(follower.advance(0.016, false)).toBeNull();
  follower.goal = at(5);
  expect(follower.advance(0.016, false)).toEqual(at(5));
});

it('goes to the next one without a jump, ends there exactly, and rests', () => {
  const follower = new PoseFollower();
  follower.goal = at(0);
  follower.advance(0.016, false);
  const goal = at(1, 50);
  follower.goal = goal;
  const way = Array.from({ length: 60 }, () => follower.advance(0.016, false)?.position[0] ?? Number.NaN);
  expect(way[0]).toBeGreaterThan(0.1);
  expect(way[0]).toBeLessThan(0.5);
  expect(way).toEqual([...way].sort((a, b) => a - b));
  expect(follower.advance(0.016, false)).toBe(goal);
});

it('turns the short way, and stays a unit quaternion', () => {
  const follower = new PoseFollower();
  follower.goal = at(0);
  follower.advance(0.016, false);
  const s = Math.SQRT1_2;
  follower.goal = { ...at(0), quaternion: [0, -s, 0, -s] };
  const { quaternion = [0, 0, 0, 0] } = follower.advance(0.03, false) ?? {};
  expect(Math.hypot(...quaternion)).toBeCloseTo(1, 9);
  expect(2 * Math.acos(Math.abs(quaternion[3] ?? 0))).toBeLessThan(Math.PI / 2);
});

it('jumps where people asked for less motion', () => {
  const follower = new PoseFollower();
  follower.goal = at(0);
  follower.advance(0.016, true);
  follower.goal = at(1);
  expect(follower.advance(0.016, true)).toEqual(at(1));
});
