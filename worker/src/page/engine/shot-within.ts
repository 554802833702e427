import type { FramePart, Region } from '@kiln/shared';
import type { Shot } from './engine.ts';

/** A shot of which targets hold a window only. */
export function shotWithin(shot: Shot, { x, y, ...size }: Region): Shot {
  return { ...shot, size, window: { frame: shot.size, x, y } };
}

/** A part of the frame as one of the window. */
export const within = ({ region, samples }: FramePart, { x, y }: Region): FramePart => ({
  region: { ...region, x: region.x - x, y: region.y - y },
  samples,
});
