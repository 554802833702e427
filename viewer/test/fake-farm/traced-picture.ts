/** Pictures for a farm that has no worker, as one would send them. */
import { deflateRawSync } from 'node:zlib';
import { depthDifferences, depthSizeOf, type PictureDepth, type Pose, quantiseDepth, type Size } from '@kiln/shared';
import { encodePng } from './png.ts';
import { halved, trace } from './traced-scene.ts';

export interface TracedPicture {
  readonly png: Buffer;
  readonly depth: { readonly header: PictureDepth; readonly bytes: Uint8Array } | null;
}

export function tracePicture(pose: Pose, size: Size, frameNumber: number, exposureEv: number): TracedPicture {
  const { rgb, reciprocals } = trace(pose, size, frameNumber, exposureEv);
  const png = encodePng(size.widthPx, size.heightPx, rgb);
  const half = depthSizeOf(size);
  const quantised = quantiseDepth(halved(reciprocals, size));
  if (!quantised) return { png, depth: null };
  const bytes = deflateRawSync(depthDifferences(quantised.codes, half.widthPx));
  return { png, depth: { header: { ...half, ...quantised.range }, bytes } };
}
