import { describe, expect, it } from 'vitest';
import { checkPath, pathCamera } from '../src/camera-path.ts';
import { KilnError } from '../src/errors.ts';
import type { CameraPath, PathKey, Vector3 } from '../src/schemas/settings.ts';

const FPS = 24;

const key = (frame: number, position: Vector3, more: Partial<PathKey> = {}): PathKey => ({
  frame,
  position,
  target: [0, 0, 0],
  fovDeg: 40,
  ...more,
});
const smooth = (...path: PathKey[]): CameraPath => ({ path, interpolation: 'smooth' });
const linear = (...path: PathKey[]): CameraPath => ({ path, interpolation: 'linear' });
const at = (path: CameraPath, frame: number) => pathCamera(path, FPS, frame / FPS);

/** Four keys of a round, ten frames apart. */
const ROUND = [0, 1, 2, 3, 4].map((quarter) => {
  const angle = (quarter * Math.PI) / 2;
  return key(quarter * 10, [5 * Math.sin(angle), 1, 5 * Math.cos(angle)]);
});

describe('a camera path', () => {
  it('is at each key when the key says, by frame or by time, and stands still outside', () => {
    for (const path of [smooth(...ROUND), linear(...ROUND)]) {
      for (const { frame = 0, position } of ROUND) {
        expect(Math.hypot(...at(path, frame).position.map((value, i) => value - (position[i] ?? 0)))).toBeLessThan(
          1e-9,
        );
      }
      expect(at(path, -5).position).toEqual(ROUND[0]?.position);
      expect(at(path, 99).position).toEqual(ROUND[4]?.position);
    }
    const timed = linear({ ...key(0, [0, 0, 1]), timeSec: 0 }, { ...key(0, [0, 0, 3]), timeSec: 2 });
    expect(pathCamera(timed, 30, 1).position).toEqual([0, 0, 2]);
  });

  it('goes straight, or on a curve that keeps near the round', () => {
    const distance = (path: CameraPath, frame: number) => {
      const [x, , z] = at(path, frame).position;
      return Math.hypot(x, z);
    };
    expect(distance(linear(...ROUND), 15)).toBeCloseTo(5 * Math.SQRT1_2, 9);
    expect(distance(smooth(...ROUND), 15)).toBeGreaterThan(4.3);
    expect(distance(smooth(...ROUND), 15)).toBeLessThan(5);
  });

  it('goes on in the same direction through a key', () => {
    const path = smooth(...ROUND);
    const heading = (from: number, to: number) => {
      const [a, b] = [at(path, from).position, at(path, to).position];
      return Math.atan2(b[0] - a[0], a[2] - b[2]);
    };
    expect(heading(9.999, 10)).toBeCloseTo(heading(10, 10.001), 2);
    const straight = linear(...ROUND);
    const [a, b, c] = [9, 10, 11].map((frame) => at(straight, frame).position);
    expect(a && b && c && Math.abs(b[0] - a[0] - (c[0] - b[0]))).toBeGreaterThan(0.1);
  });

  it('neither loops nor turns back where keys lie unevenly', () => {
    const path = smooth(key(0, [0, 0, 9]), key(10, [10, 0, 9]), key(20, [10.1, 0, 9]), key(30, [20, 0, 9]));
    let before = -1;
    for (let frame = 0; frame <= 30; frame += 0.25) {
      const [x] = at(path, frame).position;
      expect(x).toBeGreaterThan(before);
      before = x;
    }
  });

  it('changes the lens by even factors, in the kind that the keys have', () => {
    const zoom = linear(
      key(0, [0, 0, 1], { fovDeg: undefined as never, focalLengthMm: 20 }),
      key(10, [0, 0, 1], { fovDeg: undefined as never, focalLengthMm: 80 }),
    );
    const camera = at(zoom, 5);
    expect('focalLengthMm' in camera && camera.focalLengthMm).toBeCloseTo(40, 9);
    expect(at(linear(key(0, [0, 0, 1]), key(10, [0, 0, 2])), 5)).toMatchObject({ fovDeg: expect.closeTo(40, 9) });
  });

  it('turns what is up evenly, also over a key that looks straight down', () => {
    const over = smooth(key(0, [0, 0, 5]), key(10, [0, 5, 0]), key(20, [0, 0, -5], { up: [0, -1, 0] }));
    const before = at(over, 9.9).up ?? [0, 0, 0];
    const after = at(over, 10.1).up ?? [0, 0, 0];
    expect(Math.hypot(...before.map((value, i) => value - (after[i] ?? 0)))).toBeLessThan(0.2);
    expect(at(over, 15).up?.[2]).toBeLessThan(-0.3);
  });

  it('looks somewhere where it passes through its own target', () => {
    const through = linear(key(0, [0, 0, 2]), key(10, [0, 0, -2]));
    const { position, target, up } = at(through, 5);
    expect(target).not.toEqual(position);
    expect([...target, ...(up ?? [])].every(Number.isFinite)).toBe(true);
  });

  it.each([
    [[key(5, [0, 0, 1]), key(5, [0, 0, 2])], '/camera/path/1/frame'],
    [[key(0, [0, 0, 1], { timeSec: 0 })], '/camera/path/0'],
    [[{ ...key(0, [0, 0, 1]), frame: undefined as never }], '/camera/path/0'],
    [[key(0, [0, 0, 0])], '/camera/path/0/target'],
    [[key(0, [0, 0, 1], { up: [0, 0, 2] })], '/camera/path/0/up'],
    [[key(0, [0, 0, 1], { heightM: 2 })], '/camera/path/0'],
    [[key(0, [0, 0, 1], { sensorHeightMm: 24 })], '/camera/path/0/sensorHeightMm'],
    [[key(0, [0, 0, 1]), key(1, [0, 0, 1], { fovDeg: undefined as never, heightM: 2 })], '/camera/path/1/heightM'],
  ] as [PathKey[], string][])('is refused with the key’s field %#', (path, field) => {
    try {
      checkPath(smooth(...path), FPS, '/camera');
    } catch (error) {
      expect(error instanceof KilnError && error.field).toBe(field);
      return;
    }
    throw new Error('the path was accepted');
  });
});
