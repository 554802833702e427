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

type Pose = Extract<ViewerMessage, { type: 'pose' }>;
export type Passed =
  | Extract<ViewerMessage, { type: 'view' | 'ack' | 'pick' }>
  | RefreshMessage
  | CodecsMessage
  | HandOver;
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
  /** The newest pose, while the socket has not taken what went before. */
  #waiting: Pose | null = null;

  constructor(socket: WebSocket, workerId: string, events: WorkerEvents) {
    this.workerId = workerId;
    this.#socket = socket;
    socket.on('message', (data, isBinary) => this.#read(data, isBinary, events));
    socket.once('close', events.onClosed);
  }

  /** [LV22] */
  start(message: SessionStart): void {
    this.#waiting = null;
    this.#send(message);
  }

  /** [LV3] Latest wins: a pose that waits is replaced by a newer one. */
  pose(message: Pose): void {
    if (this.#socket.bufferedAmount > LIVE_LIMITS.poseBufferBytes) this.#waiting = message;
    else {
      this.#waiting = null;
      this.#send(message);
    }
  }

  /** Never dropped; a pose that waits goes before it, since inputs only grow. */
  pass(message: Passed): void {
    this.#flush();
    this.#send(message);
  }

  /** [LV24] The session is over. */
  end(): void {
    this.#waiting = null;
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

  #send(message: SessionStart | Pose | Passed): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(JSON.stringify(message), () => {
      if (this.#socket.bufferedAmount <= LIVE_LIMITS.poseBufferBytes) this.#flush();
    });
  }

  #flush(): void {
    const pose = this.#waiting;
    this.#waiting = null;
    if (pose) this.#send(pose);
  }
}

/** Largest message on a worker's socket. */
export const WORKER_PAYLOAD_BYTES = LIMITS.livePictureBytes;
