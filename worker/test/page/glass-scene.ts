import { GltfBuilder } from './glb.ts';

/** Frosted glass before a ball that throws a shadow: what is seen through it is blurred across the picture. */
export function glassAndShadow(): Uint8Array {
  const gltf = new GltfBuilder();
  const quarter = Math.SQRT1_2;
  const glass = gltf.material({
    pbrMetallicRoughness: { baseColorFactor: [0.9, 0.95, 1, 1], metallicFactor: 0, roughnessFactor: 0.4 },
    extensions: {
      KHR_materials_transmission: { transmissionFactor: 1 },
      KHR_materials_volume: { thicknessFactor: 0.6 },
    },
  });
  gltf.uses('KHR_materials_transmission', 'KHR_materials_volume');
  gltf.node({ mesh: gltf.square(gltf.matte(0.8), 4), translation: [0, -0.5, 0], rotation: [-quarter, 0, 0, quarter] });
  gltf.node({ mesh: gltf.sphere(gltf.matte([0.8, 0.2, 0.1]), 0.5) });
  gltf.node({ mesh: gltf.sphere(glass, 0.4), translation: [0.3, 0, 0.9] });
  gltf.directionalLight({ intensity: 3, rotation: [-0.35, 0.35, 0, 0.87] });
  return gltf.build();
}
