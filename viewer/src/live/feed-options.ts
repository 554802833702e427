import type { LiveFeedOptions } from './feed-types.ts';
import type { LiveViewportOptions } from './viewport-types.ts';

/** A viewport's feed: of its options, and of what it makes itself. */
export const feedOptionsOf = (
  options: LiveViewportOptions,
  own: Pick<LiveFeedOptions, 'depth' | 'timers' | 'resumeStore' | 'screen'>,
): LiveFeedOptions => ({
  sceneId: options.sceneId,
  look: options.look,
  frameNumber: options.frameNumber ?? 0,
  ...(options.join !== undefined && { join: options.join }),
  savesData: options.savesData,
  url: options.url ?? location.origin,
  token: () => options.token?.() ?? null,
  ...own,
});
