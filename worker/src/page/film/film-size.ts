import type { Size } from '@kiln/shared';

/** Chroma of films is of every second pixel: an odd edge gets one pixel more, which repeats its last. */
export const evenSize = ({ widthPx, heightPx }: Size): Size => ({
  widthPx: widthPx + (widthPx % 2),
  heightPx: heightPx + (heightPx % 2),
});
