import { type ImportFinding, readPointer } from '@kiln/shared';
import { CUBE_EXTENSION, PANORAMA_EXTENSION } from '../scene/environment-def.ts';
import { type Gltf, pointerOf } from '../scene/gltf-json.ts';
import { refuse } from './refuse.ts';

/** What three's loader understands (r187), and extensions that say nothing about the picture. */
const SUPPORTED = new Set([
  CUBE_EXTENSION,
  PANORAMA_EXTENSION,
  'EXT_materials_bump',
  'EXT_mesh_gpu_instancing',
  'EXT_meshopt_compression',
  'EXT_texture_avif',
  'EXT_texture_webp',
  'KHR_animation_pointer',
  'KHR_draco_mesh_compression',
  'KHR_lights_punctual',
  'KHR_materials_anisotropy',
  'KHR_materials_clearcoat',
  'KHR_materials_diffuse_roughness',
  'KHR_materials_dispersion',
  'KHR_materials_emissive_strength',
  'KHR_materials_ior',
  'KHR_materials_iridescence',
  'KHR_materials_sheen',
  'KHR_materials_specular',
  'KHR_materials_transmission',
  'KHR_materials_unlit',
  'KHR_materials_variants',
  'KHR_materials_volume',
  'KHR_mesh_quantization',
  'KHR_meshopt_compression',
  'KHR_node_visibility',
  'KHR_texture_basisu',
  'KHR_texture_transform',
  'KHR_xmp_json_ld',
]);

/**
 * @returns warnings about extensions that the scene can do without, but looks different without.
 * @throws KilnError `scene.unsupported_extension` for one that it cannot do without.
 */
export function checkExtensions({
  extensionsRequired = [],
  extensionsUsed = [],
  animations = [],
}: Gltf): ImportFinding[] {
  for (const [index, name] of extensionsRequired.entries()) {
    if (SUPPORTED.has(name)) continue;
    const advice = 'export the scene without it.';
    throw refuse(
      'scene.unsupported_extension',
      `The scene requires ${name}, which is not supported: ${advice}`,
      `/extensionsRequired/${index}`,
    );
  }
  return [
    ...[...extensionsUsed.entries()]
      .filter(([, name]) => !SUPPORTED.has(name))
      .map(([index, name]) => ({
        severity: 'warning' as const,
        code: 'UNSUPPORTED_EXTENSION',
        message: `${name} is not supported: the scene is drawn without it.`,
        pointer: `/extensionsUsed/${index}`,
      })),
    ...stillProperties(animations),
  ];
}

/** Properties that a clip of KHR_animation_pointer would move, and that do not move here. */
function stillProperties(animations: NonNullable<Gltf['animations']>): ImportFinding[] {
  return animations.flatMap(({ channels }, animation) =>
    channels.flatMap(({ target }, channel): ImportFinding[] => {
      const pointer = pointerOf(target);
      if (pointer === null || readPointer(pointer) !== null) return [];
      const message = `The clip moves ${pointer}, which is not supported: it stays as it is.`;
      const place = `/animations/${animation}/channels/${channel}`;
      return [{ severity: 'warning', code: 'UNSUPPORTED_ANIMATION', message, pointer: place }];
    }),
  );
}
