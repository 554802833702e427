/** Scenes that bring the light from all around along. */
import sharp from 'sharp';
import { Mesh, MeshStandardMaterial, PlaneGeometry, Scene } from 'three';
import { GltfBuilder } from './glb.ts';
import { png } from './png.ts';

/**
 * A white card as three.js JSON.
 *
 * @param urls of the images of its textures, in order, as `toJSON()` would have written them.
 */
export function cardJson(change: (scene: Scene) => void, urls: readonly unknown[] = []): string {
  const scene = new Scene();
  scene.add(new Mesh(new PlaneGeometry(4, 4), new MeshStandardMaterial({ color: 'white', roughness: 1 })));
  change(scene);
  const json = JSON.parse(JSON.stringify(scene.toJSON()));
  if (urls.length === 0) return JSON.stringify(json);
  const images = urls.map((url, index) => ({ uuid: `image-${index}`, url }));
  const textures = json.textures.map((texture: object, index: number) => ({ ...texture, image: `image-${index}` }));
  return JSON.stringify({ ...json, images, textures });
}

/** A PNG of one colour. */
export const urlOf = async (color: string) => `data:image/png;base64,${(await png(8, 8, color)).toString('base64')}`;

/**
 * A white card with EXT_lights_image_based, facing +z.
 *
 * @param faces right, left, up, down, front, back.
 */
export function imageLitCard(faces: readonly Uint8Array[], light: Record<string, unknown> = {}): Uint8Array {
  const gltf = new GltfBuilder().uses('EXT_lights_image_based');
  gltf.node({ mesh: gltf.square(gltf.matte(1), 4) });
  gltf.rest.images = faces.map((face) => ({ bufferView: gltf.view(face), mimeType: 'image/png' }));
  const specularImages = [faces.map((_, index) => index)];
  const irradianceCoefficients = Array.from({ length: 9 }, () => [0, 0, 0]);
  const whole = { irradianceCoefficients, specularImageSize: 8, specularImages, ...light };
  gltf.rest.extensions = { EXT_lights_image_based: { lights: [whole] } };
  gltf.rest.scenes = [{ nodes: [0], extensions: { EXT_lights_image_based: { light: 0 } } }];
  return gltf.build();
}

/** Red light of 2 in its first rows, blue of 1 in the others, as RGBD. */
export function redAndBlue(): Promise<Buffer> {
  const rows = [...Array(32).fill([255, 0, 0, 128]), ...Array(32).fill([0, 0, 255, 255])];
  return sharp(Buffer.from(rows.flat()), { raw: { width: 8, height: 8, channels: 4 } })
    .png()
    .toBuffer();
}
