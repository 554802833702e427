/** What is suspicious about a finished frame. */
import type { Frame, FrameFlag, PixelStatistics } from './schemas/job.ts';

/** What the statistics of a frame say against it, if anything. */
export function frameFlags(statistics: PixelStatistics | null): FrameFlag[] {
  if (statistics === null) return [];
  return [...(statistics.nanCount > 0 ? ['nan' as const] : []), ...(statistics.max <= 0 ? ['black' as const] : [])];
}

/** The flags of a frame in words, for people; empty when it has none. */
export const flagTexts = ({ flags, statistics }: Pick<Frame, 'flags' | 'statistics'>): string[] =>
  flags.map((flag) => {
    if (flag === 'black') return 'all black';
    const count = statistics?.nanCount ?? 0;
    return count === 1 ? '1 pixel is not a number' : `${count} pixels are not numbers`;
  });
