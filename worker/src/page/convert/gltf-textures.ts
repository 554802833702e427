import { type Material, Matrix3, Texture } from 'three';
import type { SceneImages } from './scene-images.ts';

/** Names of the members of a material that are textures, with them. */
export const texturesOf = (material: Material): [name: string, texture: Texture][] =>
  Object.entries(material).filter((entry): entry is [string, Texture] => entry[1] instanceof Texture);

/**
 * Gives a material's textures their images and takes away those that have none.
 *
 * @param seen textures that were looked at already: materials share them.
 */
export async function takeImages(material: Material, images: SceneImages, seen: Map<Texture, boolean>): Promise<void> {
  for (const [name, texture] of texturesOf(material)) {
    const isThere = seen.get(texture) ?? (await images.take(texture));
    seen.set(texture, isThere);
    if (!isThere) Reflect.set(material, name, null);
  }
}

/**
 * Turns a texture whose coordinates count from the bottom into one whose coordinates count from the top, as glTF's do, by
 * its transform: its image keeps its bytes. v' = 1 − v after the texture's own transform (three, `Matrix3.setUvTransform`).
 *
 * @returns whether it was turned.
 */
export function countFromTop(texture: Texture): boolean {
  const isTurned = texture.flipY;
  const { offset, repeat, rotation, center } = texture;
  const matrix = new Matrix3().setUvTransform(offset.x, offset.y, repeat.x, repeat.y, rotation, center.x, center.y);
  const [x = 0, y = 0] = matrix.elements.slice(6, 8);
  center.set(0, 0);
  offset.set(x, isTurned ? 1 - y : y);
  if (isTurned) repeat.y *= -1;
  texture.flipY = false;
  texture.userData = {};
  return isTurned;
}
