/** A viewer's socket: control messages in order and, but for those that a newer one replaces, never dropped; pictures one at a time, the newest only. */
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
import { NewestWaiting } from './newest-waiting.ts';
import type { Traffic } from './session-traffic.ts';
import { type PictureFate, type WaitingMessage, WaitingPicture } from './waiting-picture.ts';

/** Of each the newest counts, and tells all. */
export type Replaceable = Extract<ServerMessage, { type: 'driver-pose' | 'driver-view' | 'viewers' }>;

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
  readonly #cameraRate = new MessageRate(LIVE_LIMITS.cameraActionsPerSecond, LIVE_LIMITS.cameraActionBurst);
  readonly #stuckTimer: NodeJS.Timeout;
  readonly #aliveTimer: NodeJS.Timeout;
  readonly #events: ViewerEvents;
  readonly #traffic: Traffic;
  readonly #waiting: WaitingPicture;
  readonly #newest = new NewestWaiting<Replaceable>();
  #sentAtMs = performance.now();
  #saidAlive = false;
  /** Control messages that the operating system has not taken yet, by the time at which they were sent. */
  readonly #unsent = new Set<{ readonly sentAtMs: number }>();

  /** @param traffic of its session. */
  constructor(socket: WebSocket, traffic: Traffic, events: ViewerEvents) {
    this.#socket = socket;
    this.#events = events;
    this.#traffic = traffic;
    this.#waiting = new WaitingPicture(traffic);
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
    this.#flush();
    this.#tell(message);
  }

  #tell(message: ServerMessage): void {
    if (!this.#isOpen()) return;
    const entry = { sentAtMs: performance.now() };
    this.#unsent.add(entry);
    this.#sentAtMs = entry.sentAtMs;
    this.#socket.send(JSON.stringify(message), () => {
      this.#unsent.delete(entry);
      this.#pump();
    });
  }

  /** [LV10, LV34] One that waits is replaced by a newer one of its type. */
  tellNewest(message: Replaceable): void {
    if (this.#newest.put(message, performance.now())) this.#traffic.messagesReplaced++;
    if (this.#isFree()) this.#flush();
  }

  /** [LV4] Sends a picture, or lets it wait for the one before it, in place of one that waits already. */
  picture(bytes: Uint8Array, header: PictureHeader): PictureFate {
    const message = { bytes, arrivedAtMs: performance.now() };
    if (this.#isFree()) this.#flush();
    const fate = this.#waiting.take(message, header, this.#isFree());
    if (fate === 'sent') this.#send(message);
    else if (fate === 'dropped') this.#ask();
    const waitingBytes = this.#socket.bufferedAmount + this.#waiting.sizeBytes;
    this.#traffic.mostWaitingBytes = Math.max(this.#traffic.mostWaitingBytes, waitingBytes);
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
      const message = readControl(ViewerMessage, data, 'a message of a viewer');
      // [LV33]
      if (message.type === 'camera' && !this.#cameraRate.take(performance.now())) {
        throw new KilnError(
          'request.too_many',
          `more than ${LIVE_LIMITS.cameraActionsPerSecond} of \`camera\` a second`,
        );
      }
      this.#events.onMessage(message);
    } catch (error) {
      if (!(error instanceof KilnError)) throw error;
      this.close(error);
    }
  }

  #send({ bytes, arrivedAtMs }: WaitingMessage): void {
    if (!this.#isOpen()) return;
    this.#traffic.picturesSent++;
    // Others are sent the same bytes: only the header is this viewer's own.
    const header = bytes.slice(0, PICTURE_HEADER_BYTES);
    stampRelay(header, (performance.now() - arrivedAtMs) * 1_000);
    this.#sentAtMs = performance.now();
    this.#socket.send(header, { binary: true, fin: false });
    this.#socket.send(bytes.subarray(PICTURE_HEADER_BYTES), { binary: true, fin: true }, () => this.#pump());
  }

  #pump(): void {
    if (this.#isFree()) this.#flush();
    while (this.#isFree()) {
      const message = this.#waiting.shift();
      if (!message) break;
      this.#send(message);
    }
    this.#ask();
  }

  #flush(): void {
    for (const message of this.#newest.take()) this.#tell(message);
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
    const since = [...this.#unsent].map(({ sentAtMs }) => sentAtMs);
    // Poses may wait behind a large picture: they are nothing that cannot be missed.
    for (const type of ['driver-view', 'viewers'] as const)
      since.push(this.#newest.sinceMs(type) ?? Number.POSITIVE_INFINITY);
    if (performance.now() - Math.min(...since) < LIVE_LIMITS.stuckMs) return;
    closeWith(this.#socket, new KilnError('live.slow_consumer', '[LV18] the viewer reads nothing'));
    // It does not read the close either.
    setTimeout(() => this.#socket.terminate(), STUCK_CLOSE_MS).unref();
  }

  #isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }
}

const STUCK_CLOSE_MS = 1_000;
