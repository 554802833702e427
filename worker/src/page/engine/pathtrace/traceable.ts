/** What path tracing reads of materials. */
import { type Material, type Mesh, Texture } from 'three';

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
