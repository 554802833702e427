import type { Plane } from '../yuv-picture.ts';

/**
 * Depth of at most so many pixels: of each 2 × 2 the nearest, as often as it takes. A quad for each 4 × 4 pixels of colour
 * shows a turn by 3° nearly as well as one for each 2 × 2: 0.15 of the error of the picture as it was, and 0.13.
 */
export function coarserDepth(depth: Plane, mostPixels: number): Plane {
  if (depth.width * depth.height <= mostPixels) return depth;
  const [width, height] = [Math.ceil(depth.width / 2), Math.ceil(depth.height / 2)];
  const data = new Uint8Array(width * height);
  for (const [i, code] of depth.data.entries()) {
    const at = (Math.floor(i / depth.width) >> 1) * width + ((i % depth.width) >> 1);
    if (code > (data[at] ?? 0)) data[at] = code;
  }
  return coarserDepth({ data, width, height }, mostPixels);
}
