import { isDeepStrictEqual } from 'node:util';
import type { SessionStart } from '@kiln/shared';
import type { LiveInput } from './live-input.ts';
import { losesAlpha } from './picture-plan.ts';
import type { SentPicture } from './view-refiner.ts';

interface Shown {
  readonly input: LiveInput | null;
  readonly start: SessionStart | null;
}

/**
 * [LV22] The picture that was sent, where a viewer that comes back wants the very view that is refined, in codecs that tell
 * no more and no less of it.
 */
export function standingPicture(sent: SentPicture | null, before: Shown, now: Shown): SentPicture | null {
  const [was, is] = [before.input?.wanted, now.input?.wanted];
  if (!was || !is?.view.tiles || sent?.version !== was.version || sent.header.moving) return null;
  const loses = ({ start }: Shown) => losesAlpha(is.view, start?.codecs ?? []);
  return loses(before) === loses(now) && isDeepStrictEqual([was.view, was.pose], [is.view, is.pose]) ? sent : null;
}
