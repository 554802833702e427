/** The environment of a three.js scene, on its way into the GLB. */
import { LIMITS } from '@kiln/shared';
import {
  CubeTexture,
  EquirectangularReflectionMapping,
  EquirectangularRefractionMapping,
  type Euler,
  FloatType,
  HalfFloatType,
  type Object3D,
  Quaternion,
  RGBAFormat,
  Scene,
  SRGBColorSpace,
  Texture,
  UnsignedByteType,
} from 'three';
import type { PicturePixels } from '../assets/decode-picture.ts';
import type { LightPictures, PictureFile } from '../assets/light-pictures.ts';
import { panoramaAside } from '../assets/panorama-aside.ts';
import { readImageSize } from '../import/image-size.ts';
import { refusalOf } from '../import/refuse.ts';
import type { Findings } from './findings.ts';
import type { ImageRequests } from './image-requests.ts';

/**
 * Takes the environment out of the scene, or the background where it has no other: what is left there is lost.
 *
 * @returns the file of a panorama as three would light the scene with it; null where there is none that can be carried.
 * @throws KilnError `scene.over_limit` for images of too many bytes.
 */
export async function takeLight(
  root: Object3D,
  images: ImageRequests,
  findings: Findings,
): Promise<Uint8Array<ArrayBuffer> | null> {
  if (!(root instanceof Scene)) return null;
  const { environment, background } = root;
  const isBackground = environment === null;
  const texture = environment ?? background;
  if (!(texture instanceof Texture)) return null;
  const carried = await carry(texture, images, {
    turn: turnOf(isBackground ? root.backgroundRotation : root.environmentRotation),
    factor: isBackground ? root.backgroundIntensity : root.environmentIntensity,
  });
  root.environment = null;
  if (background === texture) root.background = null;
  if (typeof carried === 'string') {
    const what = isBackground ? 'background' : 'environment';
    findings.add('warning', 'ENVIRONMENT_LOST', `The scene's ${what} is not carried: ${carried}.`);
    return null;
  }
  if (isBackground) {
    const message = "The scene's background is carried as its environment, which a job may choose to be lit by, too.";
    findings.add('information', 'BACKGROUND_AS_ENVIRONMENT', message);
  }
  return carried;
}

/** @returns why it cannot be carried, in words, or the file. */
async function carry(
  texture: Texture,
  images: ImageRequests,
  light: Pick<LightPictures, 'turn' | 'factor'>,
): Promise<Uint8Array<ArrayBuffer> | string> {
  const pictures = await picturesOf(texture, images);
  if (typeof pictures === 'string') return pictures;
  const coding = texture.colorSpace === SRGBColorSpace ? 'srgb' : 'linear';
  try {
    const asked = { ...light, pictures, coding, isFlipped: texture.flipY, place: texture.name } as const;
    return await panoramaAside('file', asked);
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal) return 'its image cannot be decoded';
    throw error;
  }
}

function turnOf(rotation: Euler): LightPictures['turn'] {
  const { x, y, z, w } = new Quaternion().setFromEuler(rotation);
  return [x, y, z, w];
}

type Picture = PictureFile | PicturePixels;

/** @returns why it cannot be carried, in words. */
async function picturesOf(texture: Texture, images: ImageRequests): Promise<readonly Picture[] | string> {
  if (texture instanceof CubeTexture) return cubePictures(texture, images);
  const { mapping } = texture;
  if (mapping !== EquirectangularReflectionMapping && mapping !== EquirectangularRefractionMapping) {
    return 'its texture is neither equirectangular nor a cube';
  }
  const picture = await pictureOf(texture.image, texture, images);
  if (picture === null) return UNREADABLE;
  const { widthPx } = sizeOf(picture);
  const most = LIMITS.environmentEdgePx;
  return widthPx > most ? `its image is wider than ${most} pixels` : [picture];
}

const UNREADABLE = 'its image is not there, or of a kind that is not read here';

async function cubePictures(texture: CubeTexture, images: ImageRequests): Promise<readonly Picture[] | string> {
  const faces: unknown[] = [texture.image].flat();
  if (faces.length !== 6) return 'its cube has not six faces';
  const pictures: Picture[] = [];
  for (const face of faces) {
    const picture = await pictureOf(face instanceof Texture ? face.image : face, texture, images);
    if (picture === null) return UNREADABLE;
    pictures.push(picture);
  }
  const sizes = pictures.map(sizeOf);
  const edge = sizes[0]?.widthPx;
  if (edge === undefined || sizes.some(({ widthPx, heightPx }) => widthPx !== edge || heightPx !== edge)) {
    return 'the faces of its cube are not equal squares';
  }
  const most = LIMITS.environmentEdgePx / 4;
  return edge > most ? `the faces of its cube are larger than ${most} × ${most} pixels` : pictures;
}

function sizeOf(picture: Picture): { widthPx: number; heightPx: number } {
  return 'data' in picture ? picture : (readImageSize(picture.file) ?? { widthPx: 0, heightPx: 0 });
}

/** What holds a texture of one type. */
const ARRAYS = new Map<
  number,
  readonly (typeof Uint8Array | typeof Uint8ClampedArray | typeof Uint16Array | typeof Float32Array)[]
>([
  [UnsignedByteType, [Uint8Array, Uint8ClampedArray]],
  [HalfFloatType, [Uint16Array]],
  [FloatType, [Float32Array]],
]);

async function pictureOf(image: unknown, { type, format }: Texture, images: ImageRequests): Promise<Picture | null> {
  const requested = images.imageAt(image);
  if (requested === null) return null;
  if (requested !== undefined) {
    const file = await requested.read();
    const { mediaType, widthPx = 0, heightPx = 0 } = readImageSize(file) ?? {};
    const isRead = mediaType !== undefined && mediaType !== 'image/ktx2' && widthPx > 0 && heightPx > 0;
    return isRead ? { file, mediaType } : null;
  }
  const { data, width: widthPx, height: heightPx } = Object(image);
  const isWhole = Number.isInteger(widthPx) && Number.isInteger(heightPx) && widthPx > 0 && heightPx > 0;
  if (!isWhole || format !== RGBAFormat || !ARRAYS.get(type)?.some((array) => data instanceof array)) return null;
  return data.length === widthPx * heightPx * 4 ? { data, widthPx, heightPx } : null;
}
