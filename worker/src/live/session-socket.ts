/** The worker's socket for one session: it dials out, says hello, and hands on what comes. */
import {
  type KilnError,
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
import { WORKER_LIMITS } from '../limits.ts';
import type { Log } from '../log.ts';

export interface SessionSocketHooks {
  readonly onStart: (start: SessionStart) => void;
  readonly onMessage: (message: ViewerMessage | RefreshMessage) => void;
}

/** How a socket ended. `over`: the server says that the session is; otherwise the worker may dial again. */
export interface SocketEnd {
  readonly over: boolean;
  readonly reason: string;
  /** Whether the server had accepted the hello. */
  readonly wasStarted: boolean;
}

/** Close codes after which dialling again cannot help: a normal end, no such session, no common version, our fault. */
const FINAL_CLOSES = new Set([1000, 4404, 4426, 4400]);

export class SessionSocket {
  /** Resolves when the socket is closed, however that came. */
  readonly ended: Promise<SocketEnd>;
  readonly #socket: WebSocket;
  readonly #log: Log;
  #isStarted = false;

  constructor(offer: SessionOffer, secret: string, hooks: SessionSocketHooks, log: Log) {
    this.#log = log;
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
      clearTimeout(late);
      this.#receive(data.toString(), hooks);
    });
    socket.on('error', (error) => {
      failure = error.message;
    });
    this.ended = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        clearTimeout(late);
        const said = reason.toString();
        const over = FINAL_CLOSES.has(code);
        resolve({ over, reason: said || failure || `close code ${code}`, wasStarted: this.#isStarted });
      });
    });
  }

  message(message: ServerMessage): void {
    this.#send(message);
  }

  picture(bytes: Uint8Array): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(bytes, { binary: true });
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
      this.#isStarted = true;
      hooks.onStart(value);
    } else if (this.#isStarted && (matches(ViewerMessage, value) || matches(RefreshMessage, value))) {
      hooks.onMessage(value);
    } else {
      // A newer server may say what this worker does not know (WS5).
      this.#log.debug({ text: text.slice(0, 200) }, 'ignored a message of the relay');
    }
  }

  #send(message: ServerMessage | WorkerHello): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}

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
