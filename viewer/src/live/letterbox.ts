/** Sizes and places of a picture inside the view. */
import { LIMITS, type Size } from '@kiln/shared';
import { VIEWER_LIMITS } from '../limits.ts';

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The largest rectangle of `aspect` (width ÷ height) in the middle of an area; whole numbers. */
export function letterbox(areaWidth: number, areaHeight: number, aspect: number): Rectangle {
  const width = Math.min(areaWidth, Math.round(areaHeight * aspect));
  const height = Math.min(areaHeight, Math.round(areaWidth / aspect));
  return { x: Math.floor((areaWidth - width) / 2), y: Math.floor((areaHeight - height) / 2), width, height };
}

/**
 * The aspect that a picture is shown with: the wanted one where only the rounding of its edges keeps it from that, so that
 * a small picture while moving and a large one at rest cover the same place to the pixel; else its own.
 *
 * @param wanted width ÷ height that pictures are asked for.
 */
export function shownAspect(widthPx: number, heightPx: number, wanted: number): number {
  const roundingPx = 1 + wanted;
  return Math.abs(widthPx - heightPx * wanted) <= roundingPx ? wanted : widthPx / heightPx;
}

const SMALLEST_EDGE_PX = 16;

/**
 * The size that live pictures are asked for: what the view shows, at the display's resolution, within the limits.
 *
 * @param areaWidthPx CSS pixels.
 * @param aspect width ÷ height of the picture.
 */
export function liveSize(areaWidthPx: number, areaHeightPx: number, pixelRatio: number, aspect: number): Size {
  const box = letterbox(Math.max(1, areaWidthPx), Math.max(1, areaHeightPx), aspect);
  const ratio = Math.min(pixelRatio, VIEWER_LIMITS.livePixelRatio);
  let width = Math.max(1, box.width) * ratio;
  let height = width / aspect;
  const shrink = Math.min(
    1,
    Math.sqrt(VIEWER_LIMITS.livePixels / (width * height)),
    LIMITS.liveEdgePx / width,
    LIMITS.liveEdgePx / height,
  );
  width *= shrink;
  height *= shrink;
  const edge = (length: number) => Math.min(LIMITS.liveEdgePx, Math.max(SMALLEST_EDGE_PX, Math.round(length / 2) * 2));
  return { widthPx: edge(width), heightPx: edge(height) };
}
