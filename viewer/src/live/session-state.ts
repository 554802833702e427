/** Where a live session stands, as the person in front of it sees it. */
import type { ServerMessage } from '@kiln/shared';

export type LiveState =
  | { readonly phase: 'connecting' }
  | { readonly phase: 'finding-worker'; readonly message: string }
  | { readonly phase: 'loading'; readonly message: string; readonly progress: number | null }
  /** The worker draws; `painted` once a picture of it is on the screen. */
  | { readonly phase: 'live'; readonly painted: boolean }
  /** The connection is lost, or refused for now, and is opened again after `retryInMs`. */
  | { readonly phase: 'reconnecting'; readonly retryInMs: number; readonly code: string; readonly message: string }
  | { readonly phase: 'worker-lost'; readonly message: string }
  | { readonly phase: 'failed'; readonly code: string; readonly message: string }
  /** The farm ended it in order; it does not come back by itself [LV15]. */
  | { readonly phase: 'ended'; readonly reason: string }
  | { readonly phase: 'closed' };

export type LivePhase = LiveState['phase'];

export type LiveStateEvent =
  | { readonly type: 'opening' }
  | { readonly type: 'server'; readonly message: Extract<ServerMessage, { type: 'state' }> }
  | { readonly type: 'painted' }
  | { readonly type: 'lost'; readonly retryInMs: number; readonly code: string; readonly message: string }
  | { readonly type: 'failed'; readonly code: string; readonly message: string }
  | { readonly type: 'ended'; readonly reason: string }
  | { readonly type: 'closed' };

/** The state after `event`; the same object when nothing changed. */
export function nextLiveState(state: LiveState, event: LiveStateEvent): LiveState {
  switch (event.type) {
    case 'opening':
      // While it comes back by itself, “reconnecting” stays on the screen until the server answers.
      return state.phase === 'reconnecting' ? state : { phase: 'connecting' };
    case 'server':
      return fromServer(state, event.message);
    case 'painted':
      // What was under way when the session ended may still be painted.
      return state.phase === 'live' && !state.painted ? { phase: 'live', painted: true } : state;
    case 'lost':
      return { phase: 'reconnecting', retryInMs: event.retryInMs, code: event.code, message: event.message };
    case 'failed':
      return { phase: 'failed', code: event.code, message: event.message };
    case 'ended':
      return { phase: 'ended', reason: event.reason };
    case 'closed':
      return { phase: 'closed' };
  }
}

function fromServer(
  state: LiveState,
  { state: at, message, progress }: Extract<ServerMessage, { type: 'state' }>,
): LiveState {
  switch (at) {
    case 'finding-worker':
      return { phase: 'finding-worker', message };
    case 'loading-scene':
      return { phase: 'loading', message, progress };
    case 'live':
      return state.phase === 'live' ? state : { phase: 'live', painted: false };
    case 'worker-lost':
      return { phase: 'worker-lost', message };
  }
}
