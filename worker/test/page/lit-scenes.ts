/** Small lit scenes whose light can be reckoned, and how far two pictures are apart. */
import { GltfBuilder } from './glb.ts';
import type { Pixels } from './pixels.ts';

/** A diffuse ball of radius 0.5 around the origin. @param sun whether a directional light shines on it from the right. */
export function ball({ albedo, sun = false }: { readonly albedo: number; readonly sun?: boolean }): Uint8Array {
  const gltf = new GltfBuilder();
  gltf.node({ mesh: gltf.sphere(gltf.matte(albedo), 0.5) });
  // Turned by −45° about y: its light comes from the right of the camera.
  if (sun) gltf.directionalLight({ intensity: 2, rotation: [0, Math.sin(Math.PI / 8), 0, Math.cos(Math.PI / 8)] });
  return gltf.build();
}

/** Matte, facing +z, of albedo 0.5. */
export function greyCard(): Uint8Array {
  const gltf = new GltfBuilder();
  gltf.node({ mesh: gltf.square(gltf.matte(0.5), 4) });
  return gltf.build();
}

/** A room of 2 m, open to the camera, red at the left, green at the right, a lamp under its ceiling. */
export function boxRoom(): Uint8Array {
  const gltf = new GltfBuilder();
  const white = gltf.matte(0.8);
  const quarter = Math.SQRT1_2;
  const wall = (material: number, translation: number[], rotation: number[]) =>
    gltf.node({ mesh: gltf.square(material, 2), translation, rotation });
  wall(white, [0, 0, -1], [0, 0, 0, 1]);
  wall(white, [0, -1, 0], [-quarter, 0, 0, quarter]);
  wall(white, [0, 1, 0], [quarter, 0, 0, quarter]);
  wall(gltf.matte([0.8, 0.05, 0.05]), [-1, 0, 0], [0, quarter, 0, quarter]);
  wall(gltf.matte([0.05, 0.8, 0.05]), [1, 0, 0], [0, -quarter, 0, quarter]);
  gltf.pointLight({ intensity: 3, translation: [0, 0.6, 0] });
  return gltf.build();
}

/** Root mean square difference of R, G and B, in levels of 0 to 255. */
export function rootMeanSquare(a: Pixels, b: Pixels): number {
  let sum = 0;
  for (let i = 0; i < a.data.length; i += 1) {
    if (i % 4 !== 3) sum += ((a.data[i] ?? 0) - (b.data[i] ?? 0)) ** 2;
  }
  return Math.sqrt(sum / ((a.data.length / 4) * 3));
}
