import { DirectionalLight, type Sphere, type SpotLight, Vector3 } from 'three';

/** A level plane that catches shadows. */
export interface Ground {
  /** On it, below or above the middle of the scene. */
  readonly middle: Vector3;
  /** Metres around `middle` within which shadows lie. */
  readonly reach: number;
}

/** Where it lies: at a height, or below everything. */
export interface GroundChoice {
  readonly heightM: number | 'auto';
}

/** How far shadows are followed, in radii of the scene: those of a light 6° high, and longer ones as far. */
const FARTHEST_RADII = 20;

/** Metres around the middle of the scene within which a light throws its shadow on the ground; 0 where it throws none. */
export function shadowReach(light: DirectionalLight | SpotLight, sphere: Sphere, heightM: number): number {
  const { center, radius } = sphere;
  const top = center.y + radius;
  if (top <= heightM) return 0;
  const farthest = FARTHEST_RADII * radius;
  const from = positionOf(light);
  if (light instanceof DirectionalLight) {
    const { x, y, z } = directionOf(light);
    if (y >= 0) return 0;
    return Math.min(farthest, (Math.abs(center.y - heightM) * Math.hypot(x, z) + radius) / -y);
  }
  if (from.y <= heightM) return 0;
  if (from.y <= top) return farthest;
  const growth = (from.y - heightM) / (from.y - top);
  const aside = Math.hypot(from.x - center.x, from.z - center.z);
  return Math.min(farthest, radius * growth + aside * (growth - 1));
}

/** Metres from the scene to what its shadow falls on, along the light. */
export function fallTo(ground: Ground, light: DirectionalLight, { center, radius }: Sphere): number {
  const { y } = directionOf(light);
  const height = center.y + radius - ground.middle.y;
  if (y >= 0 || height <= 0) return 0;
  return Math.min(2 * FARTHEST_RADII * radius, height / -y);
}

const positionOf = (light: DirectionalLight | SpotLight) => new Vector3().setFromMatrixPosition(light.matrixWorld);

const directionOf = (light: DirectionalLight) =>
  new Vector3().setFromMatrixPosition(light.target.matrixWorld).sub(positionOf(light)).normalize();
