/** A viewer's socket: control messages in order and never dropped, pictures one at a time, the newest only. */
import {
  KilnError,
  LIMITS,
  PICTURE_HEADER_BYTES,
  type PictureHeader,
  type ServerMessage,
  stampRelay,
  ViewerMessage,
} from '@kiln/shared';
import type { RawData, WebSocket } from 'ws';
import { LIVE_LIMITS } from '../dispatch/limits.ts';
import { closeWith, readControl } from '../events/socket-peer.ts';
import { MessageRate } from './message-rate.ts';
import { type PictureFate, type WaitingMessage, WaitingPicture } from './waiting-picture.ts';

type DriverPose = Extract<ServerMessage, { type: 'driver-pose' }>;

export interface ViewerEvents {
  readonly onMessage: (message: ViewerMessage) => void;
  /** It has missed a picture, and could take a whole one now. */
  readonly onNeedsWhole: () => void;
  /** The socket is closed, whoever closed it. */
  readonly onClosed: () => void;
}

export class ViewerPeer {
  readonly #socket: WebSocket;
  readonly #rate = new MessageRate(LIVE_LIMITS.messagesPerSecond, LIVE_LIMITS.messageBurst);
  readonly #stuckTimer: NodeJS.Timeout;
  readonly #aliveTimer: NodeJS.Timeout;
  readonly #events: ViewerEvents;
  readonly #waiting = new WaitingPicture();
  /** The newest, while the socket has not taken what went before. */
  #pose: DriverPose | null = null;
  #sentAtMs = performance.now();
  #saidAlive = false;
  /** Control messages that the operating system has not taken yet, by the time at which they were sent. */
  readonly #unsent = new Set<{ readonly sentAtMs: number }>();

  constructor(socket: WebSocket, events: ViewerEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.on('message', (data, isBinary) => this.#read(data, isBinary));
    socket.once('close', () => {
      clearInterval(this.#stuckTimer);
      clearInterval(this.#aliveTimer);
      this.dropPictures(false);
      events.onClosed();
    });
    this.#stuckTimer = setInterval(() => this.#checkStuck(), LIVE_LIMITS.stuckMs / 10);
    this.#aliveTimer = setInterval(() => this.#sayAlive(), LIMITS.liveAliveMs / 2);
  }

  /** [LV10] */
  tell(message: ServerMessage): void {
    if (!this.#isOpen()) return;
    const entry = { sentAtMs: performance.now() };
    this.#unsent.add(entry);
    this.#sentAtMs = entry.sentAtMs;
    this.#socket.send(JSON.stringify(message), () => {
      this.#unsent.delete(entry);
      this.#pump();
    });
  }

  /** [LV34] A pose that waits is replaced by a newer one. */
  pose(message: DriverPose): void {
    this.#pose = message;
    this.#flushPose();
  }

  /** [LV4] Sends a picture, or lets it wait for the one before it, in place of one that waits already. */
  picture(bytes: Uint8Array, header: PictureHeader): PictureFate {
    const message = { bytes, arrivedAtMs: performance.now() };
    const fate = this.#waiting.take(message, header, this.#isFree());
    if (fate === 'sent') this.#send(message);
    else if (fate === 'dropped') this.#ask();
    return fate;
  }

  /** [LV35] Nothing is of use to it before a whole picture. */
  get needsWhole(): boolean {
    return this.#waiting.needsWhole;
  }

  /** [LV22] Pictures from before a `start` are stale. @param needsWhole what comes is of no use before a whole one. */
  dropPictures(needsWhole: boolean): void {
    this.#waiting.clear(needsWhole);
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

  #read(data: RawData, isBinary: boolean): void {
    try {
      if (isBinary) throw new KilnError('protocol.violation', '[LV11] a viewer sends no binary message');
      if (!this.#rate.take(performance.now())) {
        throw new KilnError('request.too_many', `more than ${LIVE_LIMITS.messagesPerSecond} messages a second`);
      }
      this.#events.onMessage(readControl(ViewerMessage, data, 'a message of a viewer'));
    } catch (error) {
      if (!(error instanceof KilnError)) throw error;
      this.close(error);
    }
  }

  #send({ bytes, arrivedAtMs }: WaitingMessage): void {
    if (!this.#isOpen()) return;
    // Others are sent the same bytes: only the header is this viewer's own.
    const header = bytes.slice(0, PICTURE_HEADER_BYTES);
    stampRelay(header, (performance.now() - arrivedAtMs) * 1_000);
    this.#sentAtMs = performance.now();
    this.#socket.send(header, { binary: true, fin: false });
    this.#socket.send(bytes.subarray(PICTURE_HEADER_BYTES), { binary: true, fin: true }, () => this.#pump());
  }

  #pump(): void {
    this.#flushPose();
    while (this.#isFree()) {
      const message = this.#waiting.shift();
      if (!message) break;
      this.#send(message);
    }
    this.#ask();
  }

  #flushPose(): void {
    const pose = this.#pose;
    if (!pose || !this.#isFree()) return;
    this.#pose = null;
    this.tell(pose);
  }

  #ask(): void {
    if (this.#waiting.needsWhole && this.#isFree()) this.#events.onNeedsWhole();
  }

  #isFree(): boolean {
    return this.#socket.bufferedAmount <= LIVE_LIMITS.pictureBufferBytes;
  }

  /** [LV44] The first tells that this server says so. Not behind what still waits: that is heard as well. */
  #sayAlive(): void {
    const isQuiet = performance.now() - this.#sentAtMs >= LIMITS.liveAliveMs / 2;
    if ((this.#saidAlive && !isQuiet) || this.#socket.bufferedAmount > 0) return;
    this.#saidAlive = true;
    this.tell({ type: 'alive' });
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
