import type { Pose } from '@kiln/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { PosePacer } from '../../src/live/pose-pacer.ts';

const pose = (x: number): Pose => ({ position: [x, 0, 0], quaternion: [0, 0, 0, 1], fovDeg: 45 });

describe('PosePacer', () => {
  let pacer: PosePacer;
  beforeEach(() => {
    pacer = new PosePacer();
  });

  it('sends the first pose as one that rests, and nothing while it rests', () => {
    expect(pacer.frame(0, pose(0), false)).toEqual({ pose: pose(0), moving: false });
    for (let ms = 16; ms < 1_000; ms += 16) expect(pacer.frame(ms, pose(0), false)).toBeNull();
  });

  it('sends at most one message a display frame: the pose of that frame', () => {
    pacer.frame(0, pose(0), false);
    const sent = Array.from({ length: 10 }, (_, i) => pacer.frame(16 * (i + 1), pose(i + 1), true));
    expect(sent.map((message) => message?.pose.position[0])).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(sent.every((message) => message?.moving)).toBe(true);
  });

  it('says once that it has come to rest, 120 ms after the last change', () => {
    pacer.frame(0, pose(0), false);
    pacer.frame(16, pose(1), false);
    const later = [32, 80, 128, 135, 137, 152, 500].map((ms) => [ms, pacer.frame(ms, pose(1), false)] as const);
    expect(later.filter(([, message]) => message !== null)).toEqual([[137, { pose: pose(1), moving: false }]]);
  });

  it('moves for as long as the finger is down that moved it, and 120 ms after the last change at least', () => {
    pacer.frame(0, pose(0), false);
    expect(pacer.frame(16, pose(1), true)).toEqual({ pose: pose(1), moving: true });
    expect(pacer.frame(5_000, pose(1), true)).toBeNull();
    expect(pacer.frame(5_016, pose(1), false)).toEqual({ pose: pose(1), moving: false });
  });

  it('says nothing of a finger that only presses', () => {
    pacer.frame(0, pose(0), false);
    pacer.frame(16, pose(1), true);
    pacer.frame(500, pose(1), false);
    for (let ms = 516; ms < 2_000; ms += 16) expect(pacer.frame(ms, pose(1), ms < 1_500)).toBeNull();
  });

  it('moves for as long as a clip plays', () => {
    pacer.frame(0, pose(0), false);
    expect(pacer.frame(16, pose(0), false, true)).toEqual({ pose: pose(0), moving: true });
    expect(pacer.frame(32, pose(0), false, true)).toBeNull();
    expect(pacer.frame(48, pose(0), false)).toEqual({ pose: pose(0), moving: false });
  });

  it('sends the pose again to a server that is new', () => {
    pacer.frame(0, pose(3), false);
    pacer.resend();
    expect(pacer.frame(16, pose(3), false)).toEqual({ pose: pose(3), moving: false });
  });

  it('notices a field of view that changes alone', () => {
    pacer.frame(0, pose(0), false);
    expect(pacer.frame(16, { ...pose(0), fovDeg: 50 }, false)).toMatchObject({ moving: true });
  });
});
