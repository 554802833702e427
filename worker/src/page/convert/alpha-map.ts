import type { Material, MeshStandardMaterial, Texture } from 'three';
import { contextOf, type SceneImages } from './scene-images.ts';

type WithAlphaMap = Material & Pick<MeshStandardMaterial, 'map' | 'alphaMap'>;

const hasAlphaMap = (material: Material): material is WithAlphaMap => 'alphaMap' in material && 'map' in material;

/**
 * Puts a separate alpha map into the alpha channel of the colour map, where glTF looks for it. Coordinates of both count
 * from the top already.
 *
 * @returns whether it was lost: its coordinates are others than the colour's, or it cannot be drawn.
 */
export async function mergeAlphaMap(material: Material, images: SceneImages): Promise<boolean> {
  if (!hasAlphaMap(material) || !material.alphaMap) return false;
  const { map, alphaMap } = material;
  material.alphaMap = null;
  // The same file twice means its alpha channel, which the colour map has anyway.
  if (map && images.isSame(map, alphaMap)) return false;
  if (map && !isAligned(map, alphaMap)) return true;
  const alpha = await images.draw(alphaMap);
  const color = map ? await images.draw(map) : null;
  if (!alpha || (map && !color)) return true;
  const merged = (map ?? alphaMap).clone();
  merged.image = merge(color, alpha);
  material.map = merged;
  return false;
}

function isAligned(a: Texture, b: Texture): boolean {
  return a.channel === b.channel && a.rotation === b.rotation && a.offset.equals(b.offset) && a.repeat.equals(b.repeat);
}

/** White where there is no colour. The alpha is the map's own alpha channel if it uses it, else its green, as three's. */
function merge(color: OffscreenCanvas | null, alpha: OffscreenCanvas): OffscreenCanvas {
  const { width, height } = color ?? alpha;
  const canvas = new OffscreenCanvas(width, height);
  const context = contextOf(canvas);
  context.drawImage(alpha, 0, 0, width, height);
  const mask = context.getImageData(0, 0, width, height).data;
  context.clearRect(0, 0, width, height);
  if (color) context.drawImage(color, 0, 0, width, height);
  const pixels = context.getImageData(0, 0, width, height);
  if (!color) pixels.data.fill(255);
  let isOpaque = true;
  for (let i = 3; i < mask.length && isOpaque; i += 4) isOpaque = mask[i] === 255;
  for (let i = 0; i < mask.length; i += 4) pixels.data[i + 3] = mask[isOpaque ? i + 1 : i + 3] ?? 255;
  context.putImageData(pixels, 0, 0);
  return canvas;
}
