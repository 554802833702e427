/** [LV3] Poses and views on their way out: while the socket has not taken what went before, the newest of each waits. */
import type { ViewerMessage } from '@kiln/shared';
import { VIEWER_LIMITS } from '../limits.ts';
import type { Timers } from './timers.ts';

type Input = Extract<ViewerMessage, { type: 'pose' | 'view' }>;

export const isInput = (message: ViewerMessage): message is Input => message.type === 'pose' || message.type === 'view';

export class NewestInputs {
  readonly #timers: Timers;
  /** Bytes that the socket holds. */
  readonly #heldBytes: () => number;
  readonly #send: (input: Input) => void;
  /** In order of their numbers. */
  #waiting: readonly Input[] = [];
  #cancelLook: (() => void) | null = null;

  constructor(timers: Timers, heldBytes: () => number, send: (input: Input) => void) {
    this.#timers = timers;
    this.#heldBytes = heldBytes;
    this.#send = send;
  }

  /** Sends it now, or the newest of its kind once there is room. */
  take(input: Input): void {
    this.#waiting = [...this.#waiting.filter(({ type }) => type !== input.type), input];
    this.#sendIfFree();
  }

  /** Sends what waits, whether there is room or not: before what must not overtake it. */
  sendAll(): void {
    const inputs = this.#waiting;
    this.clear();
    for (const input of inputs) this.#send(input);
  }

  /** Forgets what waits: the connection is gone. */
  clear(): void {
    this.#waiting = [];
    this.#cancelLook?.();
    this.#cancelLook = null;
  }

  /** A socket does not tell when it has room: display frames that send look, and without them this does. */
  #sendIfFree(): void {
    if (this.#heldBytes() <= VIEWER_LIMITS.inputBufferBytes) {
      this.sendAll();
      return;
    }
    this.#cancelLook ??= this.#timers.after(VIEWER_LIMITS.inputLookMs, () => {
      this.#cancelLook = null;
      this.#sendIfFree();
    });
  }
}
