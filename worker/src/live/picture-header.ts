import type { PictureHeader } from '@kiln/shared';
import type { LiveOutcome } from '../page/contract.ts';
import type { PicturePlan } from './picture-plan.ts';
import { stagesOf } from './stage-times.ts';

/** Of a whole picture. @param beganAtMs when it was begun, of the clock of `wanted.since`. */
export function wholeHeader(
  { wanted, size, level, format, samples }: PicturePlan,
  sequence: number,
  result: LiveOutcome,
  beganAtMs: number,
  nowUnixMs: number,
): PictureHeader {
  const { video, depth, near, far, pose, drawEndMs } = result;
  return {
    sequence,
    input: wanted.input,
    codec: video?.codec ?? format,
    moving: level === 'moving',
    final: level === 'final',
    lastTile: true,
    better: false,
    ...(video && !video.isKey && { delta: true }),
    samples,
    ...size,
    tile: { x: 0, y: 0, ...size },
    depth,
    near,
    far,
    pose,
    stages: stagesOf(result, beganAtMs - wanted.since, nowUnixMs),
    drawEndMs,
  };
}
