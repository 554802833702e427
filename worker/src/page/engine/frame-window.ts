import type { Size } from '@kiln/shared';

/** The place of a picture in a frame that is larger, from the frame's top left corner. */
export interface FrameWindow {
  readonly frame: Size;
  readonly x: number;
  readonly y: number;
}

/** A picture, and where it is in its frame when that is larger. */
export interface Seen {
  readonly size: Size;
  readonly window?: FrameWindow;
}

/** Of the whole frame. */
export function aspectOf({ size, window }: Seen): number {
  const { widthPx, heightPx } = window?.frame ?? size;
  return widthPx / heightPx;
}
