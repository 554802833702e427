/** Keeps a session's socket open: dials again when it drops, for as long as that can help. */
import { type DrawnMessage, type HandedSums, KilnError, type ServerMessage, type SessionOffer } from '@kiln/shared';
import { type Clock, pause } from '../clock.ts';
import { backOffMs } from '../farm/back-off.ts';
import { WORKER_LIMITS } from '../limits.ts';
import type { Log } from '../log.ts';
import { SessionSocket, type SessionSocketHooks, type SocketEnd } from './session-socket.ts';
import type { LivePort } from './session-voice.ts';

export interface SessionLineParts {
  readonly offer: SessionOffer;
  /** The worker's secret, as it is by then. */
  readonly secret: () => string;
  readonly hooks: SessionSocketHooks;
  readonly clock: Clock;
  readonly log: Log;
  /** @defaultValue Math.random */
  readonly random?: () => number;
}

export class SessionLine implements LivePort {
  /** Resolves when the server has said `start` for the first time: from then on the viewer hears what is said. */
  readonly started: Promise<void>;
  readonly #parts: SessionLineParts;
  #markStarted: () => void = () => {};
  #socket: SessionSocket | null = null;

  constructor(parts: SessionLineParts) {
    this.#parts = parts;
    this.started = new Promise((resolve) => {
      this.#markStarted = resolve;
    });
  }

  /** What is said while nobody is connected is lost; the next `start` begins anew. */
  message(message: ServerMessage | HandedSums | DrawnMessage): void {
    this.#socket?.message(message);
  }

  picture(bytes: Uint8Array): void {
    this.#socket?.picture(bytes);
  }

  /**
   * Resolves when the session is over: by the server's word, because it cannot be reached, or when `signal` aborts,
   * whose reason then closes the socket.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, random = Math.random } = this.#parts;
    let goodAtMs = clock.monotonicMs();
    for (let tries = 1; !signal.aborted; tries++) {
      const end = await this.#connect(signal);
      if (signal.aborted) return;
      if (end.over) {
        log.info({ reason: end.reason }, 'the server ended a live session');
        return;
      }
      if (end.startedForMs !== null) goodAtMs = clock.monotonicMs();
      // [WS8]
      if ((end.startedForMs ?? 0) >= WORKER_LIMITS.redialGoodMs) tries = 1;
      if (clock.monotonicMs() - goodAtMs > WORKER_LIMITS.redialMs) {
        log.warn({ reason: end.reason }, 'a live session is given up: its server is not reached');
        return;
      }
      log.info({ reason: end.reason, tries }, 'the socket of a live session dropped; dialling again');
      await pause(backOffMs(tries, random()), signal);
    }
  }

  /** Null where there is nothing to dial. */
  #dial(open: () => SessionSocket): SessionSocket | null {
    try {
      return open();
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'a live session cannot be dialled');
      return null;
    }
  }

  async #connect(signal: AbortSignal): Promise<SocketEnd> {
    const { offer, secret, hooks, clock, log } = this.#parts;
    const onStart: SessionSocketHooks['onStart'] = (start) => {
      hooks.onStart(start);
      this.#markStarted();
    };
    const socket = this.#dial(() => new SessionSocket(offer, secret(), { ...hooks, onStart }, clock, log));
    if (socket === null) return { over: true, reason: 'the offer has no URL of a WebSocket', startedForMs: null };
    const close = () => socket.close(signal.reason instanceof KilnError ? signal.reason : null);
    this.#socket = socket;
    signal.addEventListener('abort', close, { once: true });
    const end = await socket.ended;
    signal.removeEventListener('abort', close);
    this.#socket = null;
    return end;
  }
}
