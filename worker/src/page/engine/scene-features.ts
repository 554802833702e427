/** What a scene has that not every engine draws, as the table of engines names it. */
import { type Backend, type Engine, type FeatureId, isRefused } from '@kiln/shared';
import { InstancedMesh, Line, type Material, Mesh, MeshPhysicalMaterial, type Object3D, Points } from 'three';
import { materialOf, tracedTextures } from './pathtrace/traceable.ts';

export interface SceneFeature {
  readonly feature: FeatureId;
  /** In words. */
  readonly what: string;
}

/**
 * Each once.
 *
 * @param root only what is visible in it counts.
 */
export function featuresOf(root: Object3D): SceneFeature[] {
  const found = new Map<string, FeatureId>();
  root.traverseVisible((object) => {
    if (object instanceof Points) found.set('points', 'points-and-lines');
    if (object instanceof Line) found.set('lines', 'points-and-lines');
    if (object instanceof InstancedMesh && object.instanceColor)
      found.set('instances with colours of their own', 'instance-colours');
    if (!(object instanceof Mesh)) return;
    const material = materialOf(object);
    if (new Set(tracedTextures(material).map(({ channel }) => channel)).size > 1)
      found.set(`the material "${material.name}" with two sets of texture coordinates`, 'two-texture-coordinates');
    if (isAnisotropic(material)) found.set('anisotropy', 'anisotropy');
    if (isDispersive(material)) found.set('dispersion', 'dispersion');
  });
  return [...found].map(([what, feature]) => ({ feature, what }));
}

/** What of a scene the engine cannot draw, in words; none when it draws all of it. */
export const undrawable = (root: Object3D, engine: Engine, backend: Backend): string[] =>
  featuresOf(root)
    .filter(({ feature }) => isRefused(feature, engine, backend))
    .map(({ what }) => what);

export const isAnisotropic = (material: Material): boolean =>
  material instanceof MeshPhysicalMaterial && material.anisotropy > 0;

const isDispersive = (material: Material): boolean =>
  material instanceof MeshPhysicalMaterial && material.dispersion > 0 && material.transmission > 0;
