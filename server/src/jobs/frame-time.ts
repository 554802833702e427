import { KilnError, LIMITS, type RenderSettings } from '@kiln/shared';

/**
 * The longest time for a frame of a layer.
 *
 * @param askedMs what the job says; undefined where it says nothing.
 * @param path of the layer in the request.
 * @throws KilnError `request.invalid` where its time of drawing is no shorter: a frame that fails for its time has no
 *   picture, however many samples were drawn of it.
 */
export function frameTimeoutOf(
  { engine, timeLimitSec }: RenderSettings,
  askedMs: number | undefined,
  path: string,
): number {
  const timeoutMs = askedMs ?? (engine === 'pathtrace' ? LIMITS.tracedFrameTimeoutMs : LIMITS.frameTimeoutMs);
  if (timeLimitSec * 1_000 < timeoutMs) return timeoutMs;
  throw new KilnError(
    'request.invalid',
    `expected a time of drawing below the longest time for one frame (${timeoutMs / 1_000} s), got ${timeLimitSec} s`,
    { field: `${path}/timeLimitSec` },
  );
}
