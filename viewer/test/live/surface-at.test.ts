import { depthSizeOf, type Pose, quantiseDepth } from '@kiln/shared';
import { describe, expect, it } from 'vitest';
import { surfaceAt } from '../../src/live/surface-at.ts';
import { halved, trace } from '../fake-farm/traced-scene.ts';

const SIZE = { widthPx: 320, heightPx: 180 };
/** Level, towards a sphere of radius 1 around (0, 1, 0). */
const POSE: Pose = { position: [0, 1, 6], quaternion: [0, 0, 0, 1], fovDeg: 38 };

function seen() {
  const { reciprocals } = trace(POSE, SIZE, 0, 0);
  const quantised = quantiseDepth(halved(reciprocals, SIZE));
  const { widthPx: width, heightPx: height } = depthSizeOf(SIZE);
  return { depth: { data: quantised.codes, width, height }, range: quantised.range, pose: POSE, aspect: 16 / 9 };
}

describe('what a picture shows at a place', () => {
  it('is the surface there, with its normal', () => {
    const surface = surfaceAt(seen(), 0.5, 0.5);
    const [x = 9, y = 9, z = 9] = surface?.position ?? [];
    expect(Math.hypot(x, y - 1, z - 1)).toBeLessThan(0.08);
    expect(surface?.normal[2]).toBeGreaterThan(0.9);
  });

  it('is the floor below, whose normal is up', () => {
    const surface = surfaceAt(seen(), 0.08, 0.95);
    expect(Math.abs(surface?.position[1] ?? 9)).toBeLessThan(0.08);
    expect(surface?.normal[1]).toBeGreaterThan(0.9);
  });

  it('is nothing in the sky, and beside the picture', () => {
    expect(surfaceAt(seen(), 0.02, 0.02)).toBeNull();
    for (const [x, y] of [
      [-0.1, 0.5],
      [1, 0.5],
      [0.5, 1],
      [Number.NaN, 0],
    ] as const) {
      expect(surfaceAt(seen(), x, y)).toBeNull();
    }
  });
});
