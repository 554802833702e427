import type { LiveState } from './session-state.ts';

/** What is the matter with a view. */
export interface ViewError {
  /** Of the farm's table of errors, such as `identity.token_expired`. */
  readonly code: string;
  readonly message: string;
  /** It tries again by itself; otherwise something must change first: the token, the scene. */
  readonly retries: boolean;
}

/** Null while nothing is the matter. */
export function errorOf(state: LiveState): ViewError | null {
  switch (state.phase) {
    case 'failed':
      return { code: state.code, message: state.message, retries: false };
    case 'reconnecting':
      return { code: state.code, message: state.message, retries: true };
    default:
      return null;
  }
}
