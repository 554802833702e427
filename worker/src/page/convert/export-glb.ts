import type { AnimationClip, Scene, Texture } from 'three';
import { GLTFExporter } from 'three/addons/exporters/GLTFExporter.js';
import { readContainer } from '../scene/container.ts';
import { PANORAMA_EXTENSION } from '../scene/environment-def.ts';
import { member } from '../scene/gltf-json.ts';
import { glbOf } from './glb-of.ts';
import type { EncodedImage, SceneImages } from './scene-images.ts';

/**
 * The scene as GLB. three's exporter gets pictures of one pixel; their places are then taken by the images that the scene
 * came with, byte for byte.
 *
 * @param environment file of a panorama.
 */
export async function exportGlb(
  scene: Scene,
  clips: readonly AnimationClip[],
  images: SceneImages,
  environment: Uint8Array<ArrayBuffer> | null,
): Promise<Blob> {
  const originals = new Map<number, EncodedImage>();
  const exporter = new GLTFExporter().register((writer) => ({
    writeTexture: (texture: Texture, definition: Record<string, unknown>) => {
      const encoded = images.encodedOf(texture.image);
      const index = definition.source;
      if (!encoded || typeof index !== 'number') return;
      originals.set(index, encoded);
      if (encoded.mediaType !== 'image/webp') return;
      delete definition.source;
      definition.extensions = { EXT_texture_webp: { source: index } };
      writer.extensionsUsed.EXT_texture_webp = true;
      writer.extensionsRequired.EXT_texture_webp = true;
    },
  }));
  const exported = await exporter.parseAsync(scene, { binary: true, animations: [...clips] });
  if (!(exported instanceof ArrayBuffer)) throw new Error('the exporter made no GLB');
  const { json, bin } = readContainer(new Uint8Array(exported), 'scene.glb');
  const gltf: unknown = JSON.parse(json);
  const parts: Uint8Array<ArrayBuffer>[] = bin ? [bin] : [];
  let length = bin?.length ?? 0;
  /** @returns the place of the bytes in the buffer. */
  const add = (bytes: Uint8Array<ArrayBuffer>) => {
    const byteOffset = length;
    const padding = (4 - (bytes.length % 4)) % 4;
    parts.push(bytes, new Uint8Array(padding));
    length += bytes.length + padding;
    return { byteOffset, byteLength: bytes.length };
  };
  for (const [index, { name, bytes, mediaType }] of originals) {
    const image = elementOf(gltf, 'images', index);
    const view = elementOf(gltf, 'bufferViews', Number(member(image, 'bufferView')));
    Object.assign(image, { name, mimeType: mediaType });
    Object.assign(view, add(bytes));
  }
  if (environment) {
    const bufferView = listOf(gltf, 'bufferViews').push({ buffer: 0, ...add(environment) }) - 1;
    listOf(gltf, 'extensionsUsed').push(PANORAMA_EXTENSION);
    Object.assign(elementOf(gltf, 'scenes', 0), { extensions: { [PANORAMA_EXTENSION]: { bufferView } } });
  }
  return glbOf(gltf, parts);
}

/** One of the glTF's lists, to be added to. */
function listOf(gltf: unknown, name: string): unknown[] {
  const known = member(gltf, name);
  if (Array.isArray(known)) return known;
  const list: unknown[] = [];
  Object.assign(Object(gltf), { [name]: list });
  return list;
}

/** An element of one of the glTF's lists, to be changed. */
function elementOf(gltf: unknown, list: string, index: number): object {
  const elements = member(gltf, list);
  const element: unknown = Array.isArray(elements) ? elements[index] : null;
  if (typeof element !== 'object' || element === null) throw new Error(`the exporter wrote no ${list}/${index}`);
  return element;
}
