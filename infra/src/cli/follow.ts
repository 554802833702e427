/** Follows a scene or job by events, without polling, until it is where the caller wants it. */
import type { FarmEvent, FrameProgress, KilnError } from '@kiln/shared';
import type { FarmClient } from './connection.ts';
import { GIVE_UP_MS } from './patiently.ts';

export interface Follower<T> {
  readonly jobId?: string;
  readonly sceneId?: string;
  /**
   * Fetches what is followed, `patiently`: on the first connection, and whenever events were missed. A value ends the
   * following, and so does what it throws.
   *
   * @param signal is aborted when the following has ended.
   */
  sync(signal: AbortSignal): Promise<T | undefined>;
  /** A value ends the following. */
  event(event: FarmEvent): T | undefined;
  /** [EV9] */
  progress?(progress: FrameProgress): void;
  /** The farm does not answer; it is tried again. */
  waiting?(error: KilnError): void;
}

/** @throws KilnError what the farm says, or `client.unreachable` when it was gone for too long; the signal's reason. */
export function follow<T>(farm: FarmClient, follower: Follower<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason);
  const { jobId, sceneId } = follower;
  const ended = new AbortController();
  return new Promise<T>((resolve, reject) => {
    let synced = false;
    let giveUp: NodeJS.Timeout | undefined;
    const end = (settle: () => void) => {
      clearTimeout(giveUp);
      signal.removeEventListener('abort', onAbort);
      connection.close();
      ended.abort();
      settle();
    };
    const fail = (error: unknown) => end(() => reject(error));
    const onAbort = () => fail(signal.reason);
    const take = (value: T | undefined) => {
      if (value !== undefined) end(() => resolve(value));
    };
    const sync = () => {
      synced = true;
      follower.sync(ended.signal).then(take, fail);
    };
    const connection = farm.events({
      ...(jobId === undefined ? {} : { jobId }),
      ...(sceneId === undefined ? {} : { sceneId }),
      onEvent: (event) => {
        try {
          take(follower.event(event));
        } catch (error) {
          fail(error);
        }
      },
      onProgress: (progress) => follower.progress?.(progress),
      onState: (state) => {
        if (state.state === 'live') {
          clearTimeout(giveUp);
          giveUp = undefined;
          if (!synced || state.missed) sync();
        } else if (state.state === 'waiting') {
          follower.waiting?.(state.error);
          giveUp ??= setTimeout(() => fail(state.error), GIVE_UP_MS);
        } else if (state.state === 'closed' && state.error !== null) {
          fail(state.error);
        }
      },
    });
    signal.addEventListener('abort', onAbort);
  });
}
