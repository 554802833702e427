import type { CameraPlacement } from '../engine/camera-placement.ts';
import type { Picture } from '../engine/draw-picture.ts';
import type { Shot } from '../engine/engine.ts';
import type { EncodeOrder } from './encoder.ts';
import type { FrameOrigin } from './messages.ts';

type DrawnFrame = Pick<Picture, 'pixels' | 'planes' | 'mattes' | 'sampling'> & {
  /** Null where nothing but the picture was drawn. */
  readonly placement: CameraPlacement | null;
};

/** How a frame that was drawn is encoded. */
export function frameOrder(
  { pixels, planes, mattes, placement, sampling }: DrawnFrame,
  shot: Pick<Shot, 'background'>,
  origin: Omit<FrameOrigin, 'sampling'>,
): EncodeOrder {
  const { size, format, bitDepth, quality } = origin.settings;
  return {
    pixels,
    planes,
    mattes,
    ...(placement && { depthRange: { nearM: placement.near, farM: placement.far } }),
    size,
    format,
    bitDepth,
    quality,
    hasAlpha: shot.background === 'transparent',
    areSums: false,
    origin: { ...origin, sampling },
  };
}

/** A picture of a live view, or a part of it: 8 bits of what is seen, and nothing beside. */
export const liveOrder = (
  order: Pick<EncodeOrder, 'pixels' | 'size' | 'format' | 'quality' | 'hasAlpha'>,
): EncodeOrder => ({ ...order, planes: [], mattes: null, bitDepth: 8, areSums: false, origin: null });
