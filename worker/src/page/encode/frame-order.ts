import type { Picture } from '../engine/draw-picture.ts';
import type { Shot } from '../engine/engine.ts';
import type { EncodeOrder } from './encoder.ts';
import type { FrameOrigin } from './messages.ts';

/** How a frame that was drawn is encoded. */
export function frameOrder(
  { pixels, planes, mattes, sampling }: Pick<Picture, 'pixels' | 'planes' | 'mattes' | 'sampling'>,
  shot: Pick<Shot, 'background'>,
  origin: Omit<FrameOrigin, 'sampling'>,
): EncodeOrder {
  const { size, format, bitDepth, quality } = origin.settings;
  return {
    pixels,
    planes,
    mattes,
    size,
    format,
    bitDepth,
    quality,
    hasAlpha: shot.background === 'transparent',
    areSums: false,
    origin: { ...origin, sampling },
  };
}
