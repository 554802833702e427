import { PAGE_LIMITS } from '../limits.ts';

/** Of all made panoramas: smaller ones would compile every material again. */
const LEAST_HEIGHT = 256;

/**
 * Size of the panorama that is painted of pictures.
 *
 * @param heightPx of the equirectangular one, or twice the edge of a cube's faces.
 */
export function paintedSize(heightPx: number): { widthPx: number; heightPx: number } {
  const height = Math.min(PAGE_LIMITS.panoramaPx / 2, Math.max(LEAST_HEIGHT, heightPx));
  return { widthPx: height * 2, heightPx: height };
}
