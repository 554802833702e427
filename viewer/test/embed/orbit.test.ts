import { describe, expect, it } from 'vitest';
import { cameraOf, orbitOf, parseFieldOfView, parseOrbit, parseTarget } from '../../src/embed/orbit.ts';

const FIRST = { position: [0, 1, 4], target: [0, 1, 0], fovDeg: 40 } as const;
const first = { position: [...FIRST.position], target: [...FIRST.target], fovDeg: FIRST.fovDeg } as Parameters<
  typeof cameraOf
>[3];

describe('an orbit', () => {
  it('is read with its units', () => {
    expect(parseOrbit('90deg 45deg 250cm')).toEqual({
      thetaRad: Math.PI / 2,
      phiRad: Math.PI / 4,
      radiusM: { metres: 2.5 },
    });
    expect(parseOrbit(' auto  1.5rad 105% ')).toEqual({ thetaRad: null, phiRad: 1.5, radiusM: { share: 1.05 } });
    expect(parseOrbit('auto')).toEqual({ thetaRad: null, phiRad: null, radiusM: null });
  });

  it('is none without units, with others, or with another number of parts', () => {
    for (const text of [
      '',
      '90 45 2',
      '90deg 45deg 2deg',
      '90deg 45deg',
      '1deg 2deg 3m 4m',
      'deg deg m',
      '1degdeg 2deg 3m',
    ]) {
      expect(parseOrbit(text)).toBeNull();
    }
  });

  it('puts the camera around its target: 0 in front, 90 to the right, from above', () => {
    const at = (orbit: string) =>
      cameraOf(parseOrbit(orbit), [0, 0, 0], null, first).position.map((x) => Math.round(x * 1e3) / 1e3);
    expect(at('0deg 90deg 2m')).toEqual([0, 0, 2]);
    expect(at('90deg 90deg 2m')).toEqual([2, 0, 0]);
    expect(at('0deg 0deg 2m')[1]).toBeCloseTo(2, 3);
    expect(at('0deg 90deg 50%')).toEqual([0, 0, 2]);
  });

  it('leaves to the first camera what is not said', () => {
    expect(cameraOf(null, null, null, first)).toEqual({ ...first, position: expect.anything() });
    const { position } = cameraOf(null, null, null, first);
    expect(position.map((x) => Math.round(x * 1e6) / 1e6)).toEqual([0, 1, 4]);
  });

  it('is what the camera that it puts there has', () => {
    const { thetaRad, phiRad, radiusM } = orbitOf(cameraOf(parseOrbit('30deg 60deg 3m'), [1, 2, 3], null, first));
    expect([thetaRad, phiRad, radiusM].map((x) => Math.round(x * 1e6) / 1e6)).toEqual([0.523599, 1.047198, 3]);
  });
});

describe('a target and a field of view', () => {
  it('are read with their units', () => {
    expect(parseTarget('1m 20cm -3mm')).toEqual([1, 0.2, -0.003]);
    expect(parseTarget('auto 1m auto')).toEqual([null, 1, null]);
    expect(parseTarget('1 2 3')).toBeNull();
    expect(parseTarget('10% 0m 0m')).toBeNull();
    expect(parseFieldOfView('30deg')).toBeCloseTo(30);
    expect(parseFieldOfView('auto')).toBeNull();
    expect(parseFieldOfView('180deg')).toBeUndefined();
    expect(parseFieldOfView('30')).toBeUndefined();
  });
});
