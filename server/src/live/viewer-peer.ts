/** A viewer's socket: control messages in order and never dropped, pictures one at a time, the newest only. */
import { KilnError, type ServerMessage, stampRelay, ViewerMessage } from '@kiln/shared';
import type { RawData, WebSocket } from 'ws';
import { LIVE_LIMITS } from '../dispatch/limits.ts';
import { closeWith, readControl } from '../events/socket-peer.ts';
import { MessageRate } from './message-rate.ts';

export interface ViewerEvents {
  readonly onMessage: (message: ViewerMessage) => void;
  /** The socket is closed, whoever closed it. */
  readonly onClosed: () => void;
}

interface WaitingPicture {
  readonly bytes: Uint8Array;
  readonly arrivedAtMs: number;
}

export class ViewerPeer {
  readonly #socket: WebSocket;
  readonly #rate = new MessageRate(LIVE_LIMITS.messagesPerSecond, LIVE_LIMITS.messageBurst);
  readonly #stuckTimer: NodeJS.Timeout;
  #waiting: WaitingPicture | null = null;
  /** Control messages that the operating system has not taken yet, by the time at which they were sent. */
  readonly #unsent = new Set<{ readonly sentAtMs: number }>();

  constructor(socket: WebSocket, events: ViewerEvents) {
    this.#socket = socket;
    socket.on('message', (data, isBinary) => this.#read(data, isBinary, events));
    socket.once('close', () => {
      clearInterval(this.#stuckTimer);
      this.#waiting = null;
      events.onClosed();
    });
    this.#stuckTimer = setInterval(() => this.#checkStuck(), LIVE_LIMITS.stuckMs / 10);
  }

  /** [LV10] */
  tell(message: ServerMessage): void {
    if (!this.#isOpen()) return;
    const entry = { sentAtMs: performance.now() };
    this.#unsent.add(entry);
    this.#socket.send(JSON.stringify(message), () => {
      this.#unsent.delete(entry);
      this.#pump();
    });
  }

  /** [LV4] Sends a picture, or lets it wait for the one before it, in place of one that waits already. */
  picture(bytes: Uint8Array): void {
    const picture = { bytes, arrivedAtMs: performance.now() };
    if (this.#socket.bufferedAmount > LIVE_LIMITS.pictureBufferBytes) this.#waiting = picture;
    else this.#send(picture);
  }

  /** [LV22] Pictures from before a `start` are stale. */
  dropWaitingPicture(): void {
    this.#waiting = null;
  }

  close(error: KilnError): void {
    this.tell({ type: 'error', code: error.code, message: error.message, fatal: true });
    closeWith(this.#socket, error);
  }

  /** [LV15] */
  end(reason: string): void {
    this.tell({ type: 'ended', reason });
    this.#socket.close(1000, 'ended');
  }

  #read(data: RawData, isBinary: boolean, events: ViewerEvents): void {
    try {
      if (isBinary) throw new KilnError('protocol.violation', '[LV11] a viewer sends no binary message');
      if (!this.#rate.take(performance.now())) {
        throw new KilnError('request.too_many', `more than ${LIVE_LIMITS.messagesPerSecond} messages a second`);
      }
      events.onMessage(readControl(ViewerMessage, data, 'a message of a viewer'));
    } catch (error) {
      if (!(error instanceof KilnError)) throw error;
      this.close(error);
    }
  }

  #send({ bytes, arrivedAtMs }: WaitingPicture): void {
    if (!this.#isOpen()) return;
    stampRelay(bytes, (performance.now() - arrivedAtMs) * 1_000);
    this.#socket.send(bytes, { binary: true }, () => this.#pump());
  }

  #pump(): void {
    const picture = this.#waiting;
    if (!picture || this.#socket.bufferedAmount > LIVE_LIMITS.pictureBufferBytes) return;
    this.#waiting = null;
    this.#send(picture);
  }

  /** [LV18] */
  #checkStuck(): void {
    const now = performance.now();
    for (const { sentAtMs } of this.#unsent) {
      if (now - sentAtMs < LIVE_LIMITS.stuckMs) continue;
      closeWith(this.#socket, new KilnError('live.slow_consumer', '[LV18] the viewer reads nothing'));
      // It does not read the close either.
      setTimeout(() => this.#socket.terminate(), STUCK_CLOSE_MS).unref();
      return;
    }
  }

  #isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }
}

const STUCK_CLOSE_MS = 1_000;
