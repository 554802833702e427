/** What of a scene the path tracer cannot draw. */
import { InstancedMesh, Line, type Material, Mesh, type Object3D, Points, Texture } from 'three';

/** Maps that the path tracer reads. Ambient occlusion is what it computes. */
const TRACED_MAPS = [
  'map',
  'alphaMap',
  'metalnessMap',
  'roughnessMap',
  'transmissionMap',
  'emissiveMap',
  'normalMap',
  'clearcoatMap',
  'clearcoatRoughnessMap',
  'clearcoatNormalMap',
  'sheenColorMap',
  'sheenRoughnessMap',
  'iridescenceMap',
  'iridescenceThicknessMap',
  'specularColorMap',
  'specularIntensityMap',
];

/** The textures of a material that the path tracer reads. */
export function tracedTextures(material: Material): Texture[] {
  const values = new Map<string, unknown>(Object.entries(material));
  return TRACED_MAPS.flatMap((key) => {
    const value = values.get(key);
    return value instanceof Texture ? [value] : [];
  });
}

/** The set of texture coordinates that a material's maps use. */
export const uvChannelOf = (material: Material): number => tracedTextures(material)[0]?.channel ?? 0;

/** glTF gives each mesh one material. */
export function materialOf({ material }: Mesh): Material {
  const [first] = [material].flat();
  if (!first) throw new Error('a mesh has no material');
  return first;
}

/**
 * Things of a scene that the path tracer cannot draw, in words, each once; none when it draws all of it.
 *
 * @param root only what is visible in it counts.
 */
export function untraceable(root: Object3D): string[] {
  const found = new Set<string>();
  root.traverseVisible((object) => {
    if (object instanceof Points) found.add('points');
    if (object instanceof Line) found.add('lines');
    if (object instanceof InstancedMesh && object.instanceColor) found.add('instances with colours of their own');
    if (!(object instanceof Mesh)) return;
    const material = materialOf(object);
    if (new Set(tracedTextures(material).map(({ channel }) => channel)).size > 1)
      found.add(`the material "${material.name}" with two sets of texture coordinates`);
  });
  return [...found];
}
