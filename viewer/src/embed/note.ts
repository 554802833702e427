import { ERRORS, isErrorCode } from '@kiln/shared';
import type { LiveState } from '../live/session-state.ts';

/** What keeps a view from being opened for now; anything else is the network. */
const LATER: Readonly<Record<string, string>> = {
  'request.too_many': 'This view is open too often already.',
  'live.no_worker': 'The farm is busy.',
  'scene.not_ready': 'The scene is being made ready.',
};
const OVER = 'What was to be watched is over.';

/**
 * What somebody who looks at the page should know; empty while all goes its way.
 *
 * @param watches whether it is a session that somebody else has opened.
 */
export function noteOf(state: LiveState, watches: boolean): string {
  switch (state.phase) {
    case 'failed':
      if (watches && state.code === 'resource.not_found') return OVER;
      return isErrorCode(state.code) && ERRORS[state.code].status < 500 && state.code.startsWith('identity.')
        ? 'This view cannot be shown: the page’s permission for it is missing, has expired, or is for another page.'
        : 'This view cannot be shown now.';
    case 'reconnecting':
      return `${LATER[state.code] ?? 'The connection is lost.'} Trying again …`;
    case 'worker-lost':
      return 'The view is being moved …';
    case 'ended':
      return watches ? OVER : 'The view has ended.';
    default:
      return '';
  }
}
