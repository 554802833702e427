import {
  type BufferAttribute,
  CompressedTexture,
  InterleavedBufferAttribute,
  type Material,
  Mesh,
  type Object3D,
  Texture,
} from 'three';
import { isDrawable } from './drawable.ts';

/** Estimated bytes of GPU memory of the geometry below `root`, and of the textures of materials with their mip maps. */
export function gpuBytesOf(root: Object3D, materials: readonly Material[]): number {
  const buffers = new Set<object>();
  const textures = new Set<object>();
  let bytes = 0;
  const addArray = (owner: object, sizeBytes: number) => {
    if (buffers.has(owner)) return;
    buffers.add(owner);
    bytes += sizeBytes;
  };
  const addAttribute = (attribute: BufferAttribute | InterleavedBufferAttribute) => {
    const owner = attribute instanceof InterleavedBufferAttribute ? attribute.data : attribute;
    addArray(owner, owner.array.byteLength);
  };
  root.traverse((object) => {
    if (!isDrawable(object)) return;
    const { geometry } = object;
    for (const attribute of Object.values(geometry.attributes)) addAttribute(attribute);
    if (geometry.index) addAttribute(geometry.index);
    // Morph targets become one float texture of four channels.
    for (const targets of Object.values(geometry.morphAttributes)) {
      for (const target of targets ?? []) addArray(target, target.count * 16);
    }
    if (object instanceof Mesh && 'instanceMatrix' in object) addArray(object, Number(object.count) * 64);
  });
  for (const texture of texturesOf(materials)) {
    if (textures.has(texture.source)) continue;
    textures.add(texture.source);
    bytes += textureBytes(texture);
  }
  return bytes;
}

/** The longest edge of a texture, 0 without textures. Only known until their images are freed. */
export function largestTexturePx(materials: readonly Material[]): number {
  let largest = 0;
  for (const { width, height } of texturesOf(materials)) largest = Math.max(largest, width, height);
  return largest;
}

/** Every texture that the materials use, once. */
export function texturesOf(materials: readonly Material[]): Set<Texture> {
  const found = new Set<Texture>();
  for (const material of materials) {
    for (const value of Object.values(material)) if (value instanceof Texture) found.add(value);
  }
  return found;
}

/** Estimated GPU bytes of one texture. */
function textureBytes(texture: Texture): number {
  if (texture instanceof CompressedTexture) {
    return (texture.mipmaps ?? []).reduce((sum, { data }) => sum + (data?.byteLength ?? 0), 0);
  }
  const { width, height } = texture;
  return Math.round(width * height * 4 * (texture.generateMipmaps ? 4 / 3 : 1));
}
