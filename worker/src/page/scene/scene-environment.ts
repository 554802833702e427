/** The light from all around that a scene brings along. */
import type { LightPictures } from '../assets/light-pictures.ts';
import { panoramaAside } from '../assets/panorama-aside.ts';
import type { PanoramaImages } from '../assets/read-panorama.ts';
import { readImageSize } from '../import/image-size.ts';
import { environmentDefOf } from './environment-def.ts';
import type { Gltf } from './gltf-json.ts';

/** As its files have it: they are decoded when a picture is lit by them. */
export type SceneEnvironment =
  | { readonly kind: 'panorama'; readonly file: Uint8Array<ArrayBuffer>; readonly pointer: string }
  | { readonly kind: 'pictures'; readonly pictures: LightPictures };

interface GltfBytes {
  image(index: number): Promise<Uint8Array<ArrayBuffer>>;
  view(index: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** @returns null where the glTF has none that can be used: the import has said why. */
export async function readEnvironment(gltf: Gltf, bytes: GltfBytes): Promise<SceneEnvironment | null> {
  const def = environmentDefOf(gltf);
  if (def === null || def.kind === 'wrong') return null;
  const { pointer } = def;
  if (def.kind === 'panorama') return { kind: 'panorama', file: await bytes.view(def.bufferView), pointer };
  const files = await Promise.all(def.images.map((index) => bytes.image(index)));
  const pictures = files.map((file) => ({ file, mediaType: readImageSize(file)?.mediaType ?? '' }));
  const { turn, factor } = def;
  // Of the extension's files, the last row is the first of a texture.
  return { kind: 'pictures', pictures: { pictures, coding: 'rgbd', isFlipped: true, turn, factor, place: pointer } };
}

/** @throws KilnError `scene.…` when its files cannot be decoded. */
export const environmentImages = (environment: SceneEnvironment): Promise<PanoramaImages> =>
  environment.kind === 'panorama'
    ? panoramaAside('images', { bytes: environment.file, path: environment.pointer })
    : panoramaAside('pictured', environment.pictures);
