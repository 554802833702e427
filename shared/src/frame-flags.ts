/** What is suspicious about a finished frame. */
import type { Frame, FrameFlag, PixelStatistics } from './schemas/job.ts';

/** What the statistics of a frame say against it, if anything. */
export function frameFlags(statistics: PixelStatistics | null): FrameFlag[] {
  if (statistics === null) return [];
  const { pass, max, nanCount } = statistics;
  // Data may be 0 everywhere: nothing glows, nothing moves.
  const isPicture = pass === undefined || pass === 'beauty' || pass === 'noisy';
  return [...(nanCount > 0 ? ['nan' as const] : []), ...(isPicture && max <= 0 ? ['black' as const] : [])];
}

/** The flags of a frame in words, for people; empty when it has none. */
export const flagTexts = ({ flags, statistics }: Pick<Frame, 'flags' | 'statistics'>): string[] =>
  flags.map((flag) => {
    if (flag === 'black') return 'all black';
    const count = statistics?.nanCount ?? 0;
    return count === 1 ? '1 pixel is not a number' : `${count} pixels are not numbers`;
  });
