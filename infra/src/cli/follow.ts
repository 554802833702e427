/** Follows a scene or job by events, without polling, until it is where the caller wants it. */
import { type FarmEvent, KilnError } from '@kiln/shared';
import type { FarmClient } from './connection.ts';

/** A farm that does not answer for this long is given up: longer than a server takes to be started again. */
const GIVE_UP_MS = 120_000;

export interface Follower<T> {
  readonly jobId?: string;
  readonly sceneId?: string;
  /** Fetches what is followed: on the first connection, and whenever events were missed. A value ends the following. */
  sync(): Promise<T | undefined>;
  /** A value ends the following. */
  event(event: FarmEvent): T | undefined;
  /** The farm does not answer; it is tried again. */
  waiting?(error: KilnError): void;
}

/** @throws KilnError what the farm says, or `client.unreachable` when it was gone for too long. */
export function follow<T>(farm: FarmClient, follower: Follower<T>, signal: AbortSignal): Promise<T> {
  const { jobId, sceneId } = follower;
  return new Promise<T>((resolve, reject) => {
    let synced = false;
    let giveUp: NodeJS.Timeout | undefined;
    const end = (settle: () => void) => {
      clearTimeout(giveUp);
      signal.removeEventListener('abort', onAbort);
      connection.close();
      settle();
    };
    const fail = (error: unknown) => end(() => reject(error));
    const onAbort = () => fail(signal.reason);
    const take = (value: T | undefined) => {
      if (value !== undefined) end(() => resolve(value));
    };
    const sync = () => {
      synced = true;
      follower.sync().then(take, (error: unknown) => {
        // Gone again in between: the next connection fetches.
        if (error instanceof KilnError && error.retryable) synced = false;
        else fail(error);
      });
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
