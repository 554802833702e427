/** Pictures for a farm that has no worker, as one would send them. */
import { deflateRawSync } from 'node:zlib';
import { depthDifferences, depthSizeOf, type PictureDepth, type Pose, quantiseDepth, type Size } from '@kiln/shared';
import { encodePng } from './png.ts';
import { halved, trace } from './traced-scene.ts';

export interface TracedPicture {
  readonly png: Buffer;
  readonly depth: { readonly header: PictureDepth; readonly bytes: Uint8Array };
}

/** @param isSeeThrough whether what is behind everything is. */
export function tracePicture(
  pose: Pose,
  size: Size,
  frameNumber: number,
  exposureEv: number,
  isSeeThrough = false,
): TracedPicture {
  const { rgb, reciprocals } = trace(pose, size, frameNumber, exposureEv);
  const png = encodePng(size.widthPx, size.heightPx, isSeeThrough ? withoutSky(rgb, reciprocals) : rgb);
  const half = depthSizeOf(size);
  const quantised = quantiseDepth(halved(reciprocals, size));
  const bytes = deflateRawSync(depthDifferences(quantised.codes, half.widthPx));
  return { png, depth: { header: { ...half, ...quantised.range }, bytes } };
}

function withoutSky(rgb: Uint8Array, reciprocals: ArrayLike<number>): Uint8Array {
  const rgba = new Uint8Array((rgb.length / 3) * 4);
  for (let i = 0; i < rgb.length / 3; i += 1) {
    if ((reciprocals[i] ?? 0) > 0) rgba.set([...rgb.subarray(i * 3, i * 3 + 3), 255], i * 4);
  }
  return rgba;
}
