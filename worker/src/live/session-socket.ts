/** The worker's socket for one session: it dials out, says hello, and hands on what comes. */
import {
  CodecsMessage,
  type DrawnMessage,
  type HandedSums,
  HandOver,
  KilnError,
  LIMITS,
  LIVE_PROTOCOLS,
  matches,
  RefreshMessage,
  type ServerMessage,
  type SessionOffer,
  SessionStart,
  ViewerMessage,
  type WorkerHello,
} from '@kiln/shared';
import { WebSocket } from 'ws';
import type { Clock } from '../clock.ts';
import { WORKER_LIMITS } from '../limits.ts';
import type { Log } from '../log.ts';

/** What the relay says after `start`. */
export type RelayMessage = ViewerMessage | RefreshMessage | CodecsMessage | HandOver;

export interface SessionSocketHooks {
  readonly onStart: (start: SessionStart) => void;
  readonly onMessage: (message: RelayMessage) => void;
}

/** How a socket ended. `over`: the server says that the session is; otherwise the worker may dial again. */
export interface SocketEnd {
  readonly over: boolean;
  readonly reason: string;
  /** Milliseconds since the server had accepted the hello; null: it had not. */
  readonly startedForMs: number | null;
}

/** Close codes after which dialling again cannot help: a normal end, no such session, no common version, our fault. */
const FINAL_CLOSES = new Set([1000, 4404, 4426, 4400]);

export class SessionSocket {
  /** Resolves when the socket is closed, however that came. */
  readonly ended: Promise<SocketEnd>;
  readonly #socket: WebSocket;
  readonly #log: Log;
  readonly #clock: Clock;
  #startedAtMs: number | null = null;

  /** @throws SyntaxError where the offer's URL is none. */
  constructor(offer: SessionOffer, secret: string, hooks: SessionSocketHooks, clock: Clock, log: Log) {
    this.#log = log;
    this.#clock = clock;
    const socket = new WebSocket(offer.url, {
      headers: { authorization: `Bearer ${secret}` },
      perMessageDeflate: false,
      maxPayload: LIMITS.liveControlBytes * 4,
      handshakeTimeout: WORKER_LIMITS.sessionStartMs,
    });
    this.#socket = socket;
    let failure = '';
    const late = setTimeout(() => socket.terminate(), WORKER_LIMITS.sessionStartMs);
    socket.on('open', () => this.#send(hello(offer)));
    socket.on('message', (data, isBinary) => {
      if (isBinary) return;
      this.#receive(data.toString(), hooks);
      if (this.#startedAtMs !== null) clearTimeout(late);
    });
    // Each is answered, read or not.
    socket.on('ping', () => this.#endIfUnread());
    socket.on('error', (error) => {
      failure = error.message;
    });
    this.ended = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        clearTimeout(late);
        const said = reason.toString();
        const over = FINAL_CLOSES.has(code);
        const startedForMs = this.#startedAtMs === null ? null : clock.monotonicMs() - this.#startedAtMs;
        resolve({ over, reason: said || failure || `close code ${code}`, startedForMs });
      });
    });
  }

  message(message: ServerMessage | HandedSums | DrawnMessage): void {
    this.#send(message);
  }

  picture(bytes: Uint8Array): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send(bytes, { binary: true });
    this.#endIfUnread();
  }

  /** Closes for a reason of the error table, or in order. */
  close(error: KilnError | null): void {
    this.#socket.close(error?.close ?? 1000, error?.code ?? '');
    // A server that does not answer the closing handshake must not hold this up.
    setTimeout(() => this.#socket.terminate(), 1_000).unref();
  }

  #receive(text: string, hooks: SessionSocketHooks): void {
    const value = parsed(text);
    if (matches(SessionStart, value)) {
      if (LIVE_PROTOCOLS.some((version) => version === value.protocol)) this.#start(value, hooks);
      else this.close(new KilnError('protocol.version', `[WS3] the server speaks version ${value.protocol}`));
    } else if (this.#startedAtMs !== null && isOfRelay(value)) {
      hooks.onMessage(value);
    } else {
      // A newer server may say what this worker does not know (WS5).
      this.#log.debug({ text: text.slice(0, 200) }, 'ignored a message of the relay');
    }
  }

  #start(start: SessionStart, { onStart }: SessionSocketHooks): void {
    this.#startedAtMs ??= this.#clock.monotonicMs();
    onStart(start);
  }

  #send(message: ServerMessage | HandedSums | DrawnMessage | WorkerHello): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify(message));
    this.#endIfUnread();
  }

  /** A server that asks on and reads nothing. */
  #endIfUnread(): void {
    if (this.#socket.bufferedAmount <= WORKER_LIMITS.unreadBytes) return;
    this.#log.warn({ bytes: this.#socket.bufferedAmount }, 'the server does not read: its socket is given up');
    this.#socket.terminate();
  }
}

const isOfRelay = (value: unknown): value is RelayMessage =>
  matches(ViewerMessage, value) ||
  matches(RefreshMessage, value) ||
  matches(CodecsMessage, value) ||
  matches(HandOver, value);

const hello = ({ sessionId, token }: SessionOffer): WorkerHello => ({
  type: 'worker-hello',
  protocols: [...LIVE_PROTOCOLS],
  sessionId,
  token,
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
