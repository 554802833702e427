/** Runs in the browser: a picture of the traced scene as it comes from the wire. */
import {
  depthCodes,
  depthDifferences,
  depthSizeOf,
  type PictureDepth,
  type Pose,
  quantiseDepth,
  type Size,
} from '@kiln/shared';
import type { Plane } from '../../src/live/yuv-picture.ts';
import { halved, trace } from '../fake-farm/traced-scene.ts';

export const imageOf = (rgb: Uint8Array, { widthPx, heightPx }: Size): ImageData => {
  const image = new ImageData(widthPx, heightPx);
  for (let i = 0; i < widthPx * heightPx; i += 1) image.data.set([...rgb.subarray(i * 3, i * 3 + 3), 255], i * 4);
  return image;
};

export async function pictureOf(
  pose: Pose,
  size: Size,
  hasDepth: boolean,
  { frame = 0, alpha = 255 }: { readonly frame?: number; readonly alpha?: number } = {},
): Promise<{ image: ImageData; pixels: ImageBitmap; depth: PictureDepth | null; plane: Plane | null }> {
  const { rgb, reciprocals } = trace(pose, size, frame, 0);
  const image = imageOf(rgb, size);
  for (let i = 3; i < image.data.length; i += 4) image.data[i] = alpha;
  const pixels = await createImageBitmap(image, { premultiplyAlpha: 'none', colorSpaceConversion: 'none' });
  const quantised = hasDepth ? quantiseDepth(halved(reciprocals, size)) : null;
  const half = depthSizeOf(size);
  const sent = quantised && depthCodes(depthDifferences(quantised.codes, half.widthPx), half.widthPx);
  const plane = sent && { data: sent, width: half.widthPx, height: half.heightPx };
  return { image, pixels, depth: quantised && { ...half, ...quantised.range }, plane };
}
