import { ERRORS, isErrorCode } from '@kiln/shared';
import type { LiveState } from '../live/session-state.ts';

/** What somebody who looks at the page should know; empty while all goes its way. */
export function noteOf(state: LiveState): string {
  switch (state.phase) {
    case 'failed':
      return isErrorCode(state.code) && ERRORS[state.code].status < 500 && state.code.startsWith('identity.')
        ? 'This view cannot be shown: the page’s permission for it is missing, has expired, or is for another page.'
        : 'This view cannot be shown now.';
    case 'reconnecting':
      return 'The connection is lost. Trying again …';
    case 'worker-lost':
      return 'The view is being moved …';
    case 'ended':
      return 'The view has ended.';
    default:
      return '';
  }
}
