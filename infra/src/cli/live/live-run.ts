/** One live session as a program has it: poses are sent at their times, and what comes is told picture by picture. */
import {
  closeError,
  decodePicture,
  isErrorCode,
  KilnError,
  LIMITS,
  LIVE_PROTOCOLS,
  type LiveView,
  type PathPose,
  type Picture,
  type PictureCodecName,
  type Pose,
  poseOf,
  readServerMessage,
  refusalError,
  type ServerMessage,
  type ViewerHello,
  type ViewerMessage,
} from '@kiln/shared';
import { WebSocket } from 'ws';

export interface LiveOrder {
  /** Of the API. */
  readonly url: string;
  readonly apiKey?: string;
  readonly sceneId: string;
  readonly view: LiveView;
  readonly codecs: readonly PictureCodecName[];
  /** In order of their times; null: the camera that the farm puts in front of the scene. */
  readonly poses: readonly PathPose[] | null;
}

export interface LiveObserver {
  /** Where the session stands, for people. */
  state(message: string): void;
  /** The first pose is sent. */
  begun(): void;
  /** @returns when its bytes are dealt with: it is acknowledged then. */
  picture(picture: Picture, arrived: Arrival): Promise<void>;
  /** The last pose has its final picture: the session ends when this is over. @defaultValue at once */
  rested?(sessionId: string): Promise<void>;
  /** Something went wrong, and the session goes on. */
  trouble(message: string): void;
}

export interface Arrival {
  /** Milliseconds since the first pose was sent. */
  readonly atMs: number;
  /** Since the pose was sent that it answers; null: it answers none. */
  readonly latencyMs: number | null;
  readonly bytes: number;
}

/**
 * Ends when the picture of the last pose is final.
 *
 * @throws KilnError what the farm says, or `client.unreachable` when the connection is lost; the signal's reason.
 */
export function runLive(order: LiveOrder, observer: LiveObserver, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.reject(signal.reason);
  return new LiveRun(order, observer).until(signal);
}

class LiveRun {
  readonly #order: LiveOrder;
  readonly #observer: LiveObserver;
  readonly #socket: WebSocket;
  #sessionId = '';
  /** When each input was sent, by its number. */
  readonly #sentMs = new Map<number, number>();
  #startedMs: number | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** Of the last pose; null before it is sent. */
  #lastInput: number | null = null;
  /** One picture after another. */
  #dealing: Promise<void> = Promise.resolve();
  #isResting = false;
  #fault: KilnError | null = null;
  #end: (error: unknown) => void = () => {};

  constructor(order: LiveOrder, observer: LiveObserver) {
    this.#order = order;
    this.#observer = observer;
    const headers = order.apiKey === undefined ? {} : { authorization: `Bearer ${order.apiKey}` };
    this.#socket = new WebSocket(order.url, { headers });
  }

  /** A run ends once. */
  until(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      let isOver = false;
      const stop = () => this.#end(signal.reason);
      this.#end = (error) => {
        if (isOver) return;
        isOver = true;
        signal.removeEventListener('abort', stop);
        if (this.#timer) clearTimeout(this.#timer);
        this.#say({ type: 'bye' });
        this.#socket.close(1000);
        if (error === null) resolve();
        else reject(error);
      };
      signal.addEventListener('abort', stop);
      this.#listen();
    });
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on('open', () => socket.send(JSON.stringify(this.#hello())));
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.#receive(new Uint8Array(data));
      else this.#obey(readServerMessage(data.toString('utf8')));
    });
    socket.on('unexpected-response', (_request, response) => {
      this.#end(refusalError(`Unexpected server response: ${response.statusCode}`, 'The live view'));
    });
    // What it means is said by the close that follows.
    socket.on('error', (cause) => {
      this.#fault ??= new KilnError('client.unreachable', `The live view cannot be reached: ${cause.message}`, {
        cause,
      });
    });
    socket.on('close', (code, reason) =>
      this.#end(this.#fault ?? closeError(code, reason.toString(), 'The live view')),
    );
  }

  #hello(): ViewerHello {
    const { sceneId, view, codecs } = this.#order;
    return { type: 'hello', protocols: [...LIVE_PROTOCOLS], sceneId, view, codecs: [...codecs] };
  }

  #say(message: ViewerMessage): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #obey(message: ServerMessage | null): void {
    // A newer server may say what is not known here.
    switch (message?.type) {
      case 'welcome':
        this.#sessionId = message.sessionId;
        return;
      case 'state':
        this.#observer.state(message.message);
        return;
      case 'scene':
        // Another worker that takes over says it again.
        if (this.#startedMs === null) this.#begin(message.autoCamera);
        return;
      case 'error':
        if (message.fatal)
          this.#fault = new KilnError(isErrorCode(message.code) ? message.code : 'live.session_gone', message.message);
        else this.#observer.trouble(message.message);
        return;
      case 'ended':
        this.#end(new KilnError('live.session_gone', `The session ended: ${message.reason}`));
    }
  }

  #begin({ position, target, fovDeg }: { position: Pose['position']; target: Pose['position']; fovDeg: number }): void {
    this.#startedMs = performance.now();
    this.#observer.begun();
    const poses = this.#order.poses ?? [{ atMs: 0, position, target, fovDeg }];
    this.#send(poses, 0);
  }

  /** All whose time has come: the newest counts. */
  #send(poses: readonly PathPose[], from: number): void {
    const nowMs = performance.now() - (this.#startedMs ?? 0);
    let next = from;
    while (next < poses.length && (poses[next]?.atMs ?? 0) <= nowMs) next += 1;
    const at = poses[next - 1];
    if (at && next > from) {
      const isLast = next === poses.length;
      this.#sentMs.set(next, performance.now());
      if (isLast) this.#lastInput = next;
      this.#say({ type: 'pose', input: next, pose: poseOf(at), moving: isLast ? false : (at.moving ?? true) });
    }
    const following = poses[next];
    if (following) this.#timer = setTimeout(() => this.#send(poses, next), Math.max(0, following.atMs - nowMs));
  }

  #receive(message: Uint8Array): void {
    const arrivedMs = performance.now();
    let picture: Picture;
    try {
      picture = decodePicture(message);
    } catch (error) {
      this.#end(error);
      return;
    }
    const { sequence, input, final } = picture.header;
    const sentMs = this.#sentMs.get(input);
    const arrival = {
      atMs: arrivedMs - (this.#startedMs ?? arrivedMs),
      latencyMs: sentMs === undefined ? null : arrivedMs - sentMs,
      bytes: message.length,
    };
    for (const known of this.#sentMs.keys()) if (known < input) this.#sentMs.delete(known);
    this.#dealing = this.#dealing.then(async () => {
      await this.#observer.picture(picture, arrival);
      const decodeMs = Math.min(LIMITS.liveShownMs, performance.now() - arrivedMs);
      this.#say({ type: 'ack', picture: sequence, decodeMs, uploadMs: 0 });
      if (!final || !picture.header.lastTile || this.#lastInput === null || input < this.#lastInput || this.#isResting)
        return;
      this.#isResting = true;
      await this.#observer.rested?.(this.#sessionId);
      this.#end(null);
    });
    this.#dealing.catch((error: unknown) => this.#end(error));
  }
}
