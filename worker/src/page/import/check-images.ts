import { type ImportReport, isDataUri, LIMITS } from '@kiln/shared';
import type { Gltf } from '../scene/gltf-json.ts';
import type { SceneFiles } from '../scene/scene-files.ts';
import { type Buffers, readDataUri } from './check-buffers.ts';
import { readImageSize } from './image-size.ts';
import { refuse } from './refuse.ts';

/**
 * Sizes of all images, from their headers.
 *
 * @throws KilnError `scene.texture_too_large`, `scene.over_limit`, `scene.invalid`, `scene.empty_file`.
 */
export async function checkImages(gltf: Gltf, buffers: Buffers, files: SceneFiles): Promise<ImportReport['textures']> {
  const textures: ImportReport['textures'] = [];
  let pixels = 0;
  for (const [index, image] of (gltf.images ?? []).entries()) {
    const at = `/images/${index}`;
    const name = nameOf(image, index);
    const size = readImageSize(await bytesOf(gltf, index, buffers, files));
    if (!size) {
      throw refuse(
        'scene.invalid',
        `The image "${name}" is no PNG, JPEG, WebP, AVIF or KTX2, or is damaged. Save it again.`,
        at,
      );
    }
    const { widthPx, heightPx, mediaType } = size;
    if (widthPx === 0 || heightPx === 0)
      throw refuse('scene.invalid', `The image "${name}" has no pixels. Save it again.`, at);
    if (Math.max(widthPx, heightPx) > LIMITS.textureEdgePx) {
      throw refuse(
        'scene.texture_too_large',
        `The image "${name}" is ${widthPx} × ${heightPx} pixels, at most ${LIMITS.textureEdgePx} along an edge are taken: make it smaller.`,
        at,
      );
    }
    pixels += widthPx * heightPx;
    if (pixels > LIMITS.scenePixels) {
      const limit = LIMITS.scenePixels.toLocaleString('en');
      throw refuse('scene.over_limit', `The textures have more than ${limit} pixels together: make some smaller.`, at);
    }
    textures.push({ name, widthPx, heightPx, mediaType });
  }
  return textures;
}

async function bytesOf(gltf: Gltf, index: number, buffers: Buffers, files: SceneFiles): Promise<Uint8Array> {
  const at = `/images/${index}`;
  const { uri, bufferView } = gltf.images?.[index] ?? {};
  if (uri !== undefined) {
    return isDataUri(uri) ? readDataUri(uri, `${at}/uri`) : files.fetch(files.resolve(uri, `${at}/uri`));
  }
  const view = bufferView === undefined ? undefined : gltf.bufferViews?.[bufferView];
  const buffer = view && buffers[view.buffer];
  if (!view || !buffer) {
    throw refuse('scene.invalid', `Image ${index} has neither a file nor a buffer view. Export the scene again.`, at);
  }
  const offset = view.byteOffset ?? 0;
  return buffer.subarray(offset, offset + view.byteLength);
}

function nameOf({ name, uri }: { name?: string; uri?: string }, index: number): string {
  if (name) return name.slice(0, LIMITS.nameChars);
  return uri === undefined || isDataUri(uri) ? `image-${index}` : uri.slice(0, LIMITS.nameChars);
}
