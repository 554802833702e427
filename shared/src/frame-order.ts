/** Orders in which the frames of a range are drawn, other than one after the other: each is a few progressions. */
import type { FrameSegment } from './frame-segments.ts';

/** `count` numbers of `segment`, from that at `index` on, each `stride` after the one before. */
const every = ({ first, step }: FrameSegment, index: number, stride: number, count: number): FrameSegment => ({
  first: first + index * step,
  step: count === 1 ? 1 : step * stride,
  count,
});

/**
 * Every `stride`th, then those halfway between, and so on: what OpenCue's `1-100:8` means.
 *
 * @param stride a power of two: the numbers between those that were named are a progression of their own then.
 */
export function interleaved(segment: FrameSegment, stride: number): FrameSegment[] {
  const parts = [every(segment, 0, stride, Math.ceil(segment.count / stride))];
  for (let half = stride / 2; half >= 1; half /= 2) {
    const count = Math.ceil((segment.count - half) / (2 * half));
    if (count > 0) parts.push(every(segment, half, 2 * half, count));
  }
  return parts;
}

/** First, last, middle, then the others in their order. */
export function endsAndMiddleFirst(segment: FrameSegment): FrameSegment[] {
  const last = segment.count - 1;
  const middle = Math.floor(last / 2);
  const early = [...new Set([0, last, middle])].map((index) => every(segment, index, 1, 1));
  const others = [every(segment, 1, 1, middle - 1), every(segment, middle + 1, 1, last - middle - 1)];
  return [...early, ...others.filter(({ count }) => count > 0)];
}
