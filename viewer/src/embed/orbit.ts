/** Cameras as `<model-viewer>` writes them: an orbit around a target, in lengths and angles with units. */
import type { ExplicitCamera } from '@kiln/shared';

/** Radians and metres; `phiRad` 0 is straight above. Null: as the scene's first camera has it. */
export interface Orbit {
  readonly thetaRad: number | null;
  readonly phiRad: number | null;
  readonly radiusM: Length | null;
}

/** Metres, or a share of the distance of the scene's first camera. */
type Length = { readonly metres: number } | { readonly share: number };

type Triple = readonly [number, number, number];

const ANGLES: Readonly<Record<string, number>> = { deg: Math.PI / 180, rad: 1 };
const LENGTHS: Readonly<Record<string, number>> = { m: 1, cm: 0.01, mm: 0.001 };
/** Straight from above or below there is no up. */
const POLE_RAD = 1e-3;

/** `45deg 75deg 2.5m`, each of them `auto` if it likes. Null where it cannot be read. */
export function parseOrbit(text: string): Orbit | null {
  const parts = words(text, 3);
  if (!parts) return null;
  const [theta, phi, radius] = parts;
  const [thetaRad, phiRad, radiusM] = [angle(theta), angle(phi), length(radius)];
  if (thetaRad === undefined || phiRad === undefined || radiusM === undefined) return null;
  return { thetaRad, phiRad, radiusM };
}

/** `0m 1.2m 0m`, each of them `auto` if it likes. Null where it cannot be read. */
export function parseTarget(text: string): readonly [number | null, number | null, number | null] | null {
  const parts = words(text, 3)?.map((part) => {
    const value = length(part);
    return value === undefined || (value && 'share' in value) ? undefined : (value?.metres ?? null);
  });
  const [x, y, z] = parts ?? [];
  return x === undefined || y === undefined || z === undefined ? null : [x, y, z];
}

/** `30deg`; null: `auto`. Undefined where it cannot be read. */
export function parseFieldOfView(text: string): number | null | undefined {
  const value = angle(text.trim());
  if (value === undefined || value === null) return value;
  const deg = (value * 180) / Math.PI;
  return deg > 0 && deg < 180 ? deg : undefined;
}

/** @param first the camera that the scene begins with. */
export function cameraOf(
  orbit: Orbit | null,
  target: readonly (number | null)[] | null,
  fovDeg: number | null,
  first: ExplicitCamera,
): ExplicitCamera {
  const own = orbitOf(first);
  const around: Triple = [
    target?.[0] ?? first.target[0],
    target?.[1] ?? first.target[1],
    target?.[2] ?? first.target[2],
  ];
  const theta = orbit?.thetaRad ?? own.thetaRad;
  const phi = Math.min(Math.PI - POLE_RAD, Math.max(POLE_RAD, orbit?.phiRad ?? own.phiRad));
  const radius = metresOf(orbit?.radiusM ?? null, own.radiusM);
  return {
    position: [
      around[0] + radius * Math.sin(phi) * Math.sin(theta),
      around[1] + radius * Math.cos(phi),
      around[2] + radius * Math.sin(phi) * Math.cos(theta),
    ],
    target: [...around],
    fovDeg: fovDeg ?? first.fovDeg,
  };
}

export function orbitOf({ position, target }: Pick<ExplicitCamera, 'position' | 'target'>): {
  readonly thetaRad: number;
  readonly phiRad: number;
  readonly radiusM: number;
} {
  const [x, y, z] = [position[0] - target[0], position[1] - target[1], position[2] - target[2]];
  const radiusM = Math.hypot(x, y, z);
  return { thetaRad: Math.atan2(x, z), phiRad: Math.acos(Math.min(1, Math.max(-1, y / (radiusM || 1)))), radiusM };
}

function metresOf(length: Length | null, firstM: number): number {
  if (length === null) return firstM;
  return 'share' in length ? length.share * firstM : length.metres;
}

function words(text: string, count: number): readonly [string, string, string] | null {
  const [a, b, c, ...rest] = text.trim().split(/\s+/);
  if (a === 'auto' && b === undefined) return ['auto', 'auto', 'auto'];
  return a === undefined || b === undefined || c === undefined || rest.length > count - 3 ? null : [a, b, c];
}

const NUMBER = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)([a-z]+|%)$/i;

/** Radians; null: `auto`; undefined: it is none. */
function angle(text: string): number | null | undefined {
  if (text === 'auto') return null;
  const [, value, unit = ''] = NUMBER.exec(text) ?? [];
  const factor = ANGLES[unit];
  return value === undefined || factor === undefined ? undefined : Number(value) * factor;
}

function length(text: string): Length | null | undefined {
  if (text === 'auto') return null;
  const [, value, unit = ''] = NUMBER.exec(text) ?? [];
  if (value === undefined) return undefined;
  if (unit === '%') return { share: Number(value) / 100 };
  const factor = LENGTHS[unit];
  return factor === undefined ? undefined : { metres: Number(value) * factor };
}
