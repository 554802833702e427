/** Resting views wait until their page may have room for what is summed of them. */
import { pause } from '../clock.ts';
import { WORKER_LIMITS } from '../limits.ts';

export class RoomWait {
  #came = new AbortController();

  /** Whoever waits is to ask again, in the order in which they began to. */
  came(): void {
    const came = this.#came;
    this.#came = new AbortController();
    came.abort();
  }

  /** Until there may be room, for a while at most, or until nobody wants it any more. */
  wait(signal?: AbortSignal): Promise<void> {
    const signals = signal ? [this.#came.signal, signal] : [this.#came.signal];
    return pause(WORKER_LIMITS.roomWaitMs, AbortSignal.any(signals));
  }
}
