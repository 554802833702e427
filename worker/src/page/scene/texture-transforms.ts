/** Where the textures of a material lie: KHR_texture_transform, in the infos that name them. */
import { type Gltf, member } from './gltf-json.ts';

const EXTENSION = 'KHR_texture_transform';

function transformsOf(material: unknown): object[] {
  const infos = ['normalTexture', 'occlusionTexture', 'emissiveTexture'].map((key) => member(material, key));
  const surface = member(material, 'pbrMetallicRoughness');
  const all = [...infos, ...['baseColorTexture', 'metallicRoughnessTexture'].map((key) => member(surface, key))];
  return all
    .map((info) => member(member(info, 'extensions'), EXTENSION))
    .filter((transform) => typeof transform === 'object' && transform !== null);
}

/** Whether a texture of the material has a place that can be changed. */
export const hasTransforms = (material: unknown): boolean => transformsOf(material).length > 0;

/** Makes three give each placed texture to its material alone: it shares those whose extension says nothing. */
export function ownTransforms({ materials = [] }: Gltf): void {
  for (const transform of materials.flatMap(transformsOf)) {
    if (!('offset' in transform)) Object.assign(transform, { offset: [0, 0] });
  }
}
