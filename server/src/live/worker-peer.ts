/** A worker's socket for one session: what the viewer wants goes down, pictures and what concerns the scene come up. */
import {
  type CodecsMessage,
  decodePicture,
  type HandOver,
  KilnError,
  LIMITS,
  type PictureHeader,
  type RefreshMessage,
  type SessionStart,
  type ViewerMessage,
  WorkerMessage,
} from '@kiln/shared';
import type { RawData, WebSocket } from 'ws';
import { LIVE_LIMITS } from '../dispatch/limits.ts';
import { bytesOf, closeWith, readControl } from '../events/socket-peer.ts';
import { NewestWaiting } from './newest-waiting.ts';
import type { Traffic } from './session-traffic.ts';

type Input = Extract<ViewerMessage, { type: 'pose' | 'view' }>;
export type Passed = Extract<ViewerMessage, { type: 'ack' | 'pick' }> | RefreshMessage | CodecsMessage | HandOver;
const FROM_WORKER = ['state', 'scene', 'error', 'picked', 'sums', 'drawn'] as const;
export type FromWorker = Extract<WorkerMessage, { type: (typeof FROM_WORKER)[number] }>;

const isFromWorker = (message: WorkerMessage): message is FromWorker =>
  FROM_WORKER.some((type) => type === message.type);

export interface WorkerEvents {
  readonly onMessage: (message: FromWorker) => void;
  readonly onPicture: (bytes: Uint8Array, header: PictureHeader) => void;
  readonly onClosed: () => void;
}

export class WorkerPeer {
  readonly workerId: string;
  readonly #socket: WebSocket;
  readonly #traffic: Pick<Traffic, 'inputsReplaced'>;
  readonly #waiting = new NewestWaiting<Input>();

  /** @param traffic of its session. */
  constructor(socket: WebSocket, workerId: string, traffic: Pick<Traffic, 'inputsReplaced'>, events: WorkerEvents) {
    this.workerId = workerId;
    this.#traffic = traffic;
    this.#socket = socket;
    socket.on('message', (data, isBinary) => this.#read(data, isBinary, events));
    socket.once('close', events.onClosed);
  }

  /** [LV22] */
  start(message: SessionStart): void {
    this.#waiting.take();
    this.#send(message);
  }

  /** [LV3, LV10] Latest wins: one that waits is replaced by a newer one of its type. */
  input(message: Input): void {
    if (this.#waiting.put(message, performance.now())) this.#traffic.inputsReplaced++;
    if (this.#isFree()) this.#flush();
  }

  /** Never dropped. An input that waits goes before whatever may be about it: an acknowledgement is of what was drawn. */
  pass(message: Passed): void {
    if (message.type !== 'ack') this.#flush();
    this.#send(message);
  }

  /** [LV24] The session is over. */
  end(): void {
    this.#waiting.take();
    this.#socket.close(1000, 'ended');
  }

  close(error: KilnError): void {
    closeWith(this.#socket, error);
  }

  #read(data: RawData, isBinary: boolean, events: WorkerEvents): void {
    try {
      if (isBinary) {
        const bytes = bytesOf(data);
        // [LV9] Only the header is looked at.
        events.onPicture(bytes, decodePicture(bytes).header);
        return;
      }
      const message = readControl(WorkerMessage, data, 'a message of a worker', LIMITS.liveSceneBytes);
      if (!isFromWorker(message)) {
        throw new KilnError('protocol.violation', `[LV23] a worker says no "${message.type}"`);
      }
      events.onMessage(message);
    } catch (error) {
      if (!(error instanceof KilnError)) throw error;
      closeWith(this.#socket, error);
    }
  }

  #send(message: SessionStart | Input | Passed): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(JSON.stringify(message), () => {
      if (this.#isFree()) this.#flush();
    });
  }

  #flush(): void {
    for (const message of this.#waiting.take()) this.#send(message);
  }

  #isFree(): boolean {
    return this.#socket.bufferedAmount <= LIVE_LIMITS.poseBufferBytes;
  }
}

/** Largest message on a worker's socket. */
export const WORKER_PAYLOAD_BYTES = LIMITS.livePictureBytes;
