import {
  DirectionalLight,
  type Light,
  type Object3D,
  PointLight,
  Quaternion,
  type Sphere,
  SpotLight,
  Vector3,
} from 'three';
import type { Findings } from './findings.ts';
import { nameOf } from './name-of.ts';

type PunctualLight = DirectionalLight | PointLight | SpotLight;

const isLight = (object: Object3D): object is Light => 'isLight' in object && object.isLight === true;
const isPunctual = (light: Object3D): light is PunctualLight =>
  light instanceof DirectionalLight || light instanceof PointLight || light instanceof SpotLight;

const AHEAD = new Vector3(0, 0, -1);

export interface LightOptions {
  /** Of everything that is seen, in world space, metres. */
  readonly around: Sphere;
  readonly isUnitless: boolean;
}

/** Makes lights that glTF can carry of those below `root`, whose world matrices are up to date; others are taken out. */
export function makeLights(root: Object3D, { around, isUnitless }: LightOptions, findings: Findings): void {
  const lights: Light[] = [];
  root.traverse((object) => {
    if (isLight(object)) lights.push(object);
  });
  for (const light of lights.filter((one) => !isPunctual(one))) {
    const message = `glTF has no lights of the kind ${light.type}: ${nameOf(light)} is left out.`;
    findings.add('warning', 'LIGHT_LOST', message, light.name.slice(0, 100) || null);
    light.removeFromParent();
  }
  const punctual = lights.filter(isPunctual);
  for (const light of punctual) aim(light);
  if (!isUnitless) {
    for (const light of punctual.filter((one) => 'decay' in one && one.decay !== 2)) {
      const message = `The light ${nameOf(light)} fades otherwise than with the square of the distance, as glTF's do.`;
      findings.add('warning', 'LIGHT_DECAY_LOST', message, light.name.slice(0, 100) || null);
    }
    return;
  }
  if (punctual.length === 0) return;
  const brightest = Math.max(1, ...punctual.map(({ intensity }) => intensity));
  for (const light of punctual) light.intensity = physicalIntensity(light, light.intensity / brightest, around);
  findings.add(
    'information',
    'LIGHTS_REBALANCED',
    'Lights have no unit in this format: each got the strength that lights the middle of the scene as brightly as it says.',
  );
}

/**
 * Old renderers drew a white surface that faces a light of strength 1 white. A Lambert surface reflects 1/π of the light
 * that falls on it, so that takes an illuminance of π: π lux of a directional light, π·d² candela of a point at distance d.
 */
function physicalIntensity(light: PunctualLight, strength: number, { center, radius }: Sphere): number {
  if (light instanceof DirectionalLight) return Math.PI * strength;
  light.distance = 0;
  const distance = light.getWorldPosition(new Vector3()).distanceTo(center);
  return Math.PI * strength * Math.max(distance, radius / 2) ** 2;
}

/** glTF's lights look along their own −z, three's at a target somewhere. */
function aim(light: PunctualLight): void {
  if (light instanceof PointLight) return;
  const { target } = light;
  target.updateWorldMatrix(true, false);
  const toTarget = light.worldToLocal(target.getWorldPosition(new Vector3()));
  if (toTarget.lengthSq() > 0)
    light.quaternion.multiply(new Quaternion().setFromUnitVectors(AHEAD, toTarget.normalize()));
  light.add(target);
  target.position.copy(AHEAD);
  target.quaternion.identity();
  target.scale.set(1, 1, 1);
  target.name = '';
  light.updateWorldMatrix(true, false);
}
