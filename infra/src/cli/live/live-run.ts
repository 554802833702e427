/** One live session as a program has it: a path is sent at its times, and what comes is told picture by picture. */
import {
  closeError,
  decodePicture,
  ERRORS,
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
  SilenceWatch,
  type ViewerHello,
  type ViewerMessage,
} from '@kiln/shared';
import { WebSocket } from 'ws';
import { CLI_LIMITS } from '../../limits.ts';
import type { PathInput } from './path-timeline.ts';

const timers = {
  nowMs: () => performance.now(),
  after(delayMs: number, callback: () => void) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** [WS6] Close code of a server that stops, or has let the session go. */
const SERVER_STOPS = ERRORS['server.draining'].close;

export interface LiveOrder {
  /** Of the API. */
  readonly url: string;
  readonly apiKey?: string;
  readonly sceneId: string;
  readonly view: LiveView;
  readonly codecs: readonly PictureCodecName[];
  /** Null: the camera that the farm puts in front of the scene. */
  readonly inputs: readonly PathInput[] | null;
}

export interface LiveObserver {
  /** Where the session stands, for people. */
  state(message: string): void;
  /** The first input is sent. */
  begun(): void;
  /** Where the camera is from now on, once it is anywhere, and what is shown. */
  shows(pose: PathPose | null, view: LiveView): void;
  /** @returns when its bytes are dealt with: it is acknowledged then. */
  picture(picture: Picture, arrived: Arrival): Promise<void>;
  /** The last input has its final picture: the session ends when this is over. @defaultValue at once */
  rested?(sessionId: string): Promise<void>;
  /** Something went wrong, and the session goes on. */
  trouble(message: string): void;
}

export interface Arrival {
  /** Milliseconds since the first input was sent. */
  readonly atMs: number;
  /** Since the input was sent that it answers; null: it answers none. */
  readonly latencyMs: number | null;
  readonly bytes: number;
}

/**
 * Ends when the picture of the last input is final.
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
  #socket: WebSocket;
  /** Of the last welcome; null before the first. */
  #session: { readonly sessionId: string; readonly token: string } | null = null;
  /** Times that it was tried to come back since the last welcome. */
  #tries = 0;
  #welcomeTimer: NodeJS.Timeout | null = null;
  #retryTimer: NodeJS.Timeout | null = null;
  readonly #silence = new SilenceWatch(timers, () => this.#loseSilent());
  /** The present connection was given up. */
  #isSilent = false;
  /** When each input was sent, by its number. */
  readonly #sentMs = new Map<number, number>();
  #startedMs: number | null = null;
  #timer: NodeJS.Timeout | null = null;
  #pose: PathPose | null = null;
  #view: LiveView;
  /** The newest of each kind. */
  readonly #said = new Map<PathInput['kind'], Extract<ViewerMessage, { type: 'pose' | 'view' }>>();
  /** Null before it is sent. */
  #lastInput: number | null = null;
  /** One picture after another. */
  #dealing: Promise<void> = Promise.resolve();
  #isResting = false;
  #isOver = false;
  #fault: KilnError | null = null;
  #end: (error: unknown) => void = () => {};

  constructor(order: LiveOrder, observer: LiveObserver) {
    this.#order = order;
    this.#observer = observer;
    this.#view = order.view;
    this.#socket = this.#connect();
  }

  /** A run ends once. */
  until(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = () => this.#end(signal.reason);
      this.#end = (error) => {
        if (this.#isOver) return;
        this.#isOver = true;
        signal.removeEventListener('abort', stop);
        if (this.#timer) clearTimeout(this.#timer);
        if (this.#welcomeTimer) clearTimeout(this.#welcomeTimer);
        if (this.#retryTimer) clearTimeout(this.#retryTimer);
        this.#silence.end();
        this.#say({ type: 'bye' });
        this.#socket.close(1000);
        if (error === null) resolve();
        else reject(error);
      };
      signal.addEventListener('abort', stop);
      this.#listen();
    });
  }

  #connect(): WebSocket {
    const { url, apiKey } = this.#order;
    const headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
    this.#fault = null;
    this.#isSilent = false;
    return new WebSocket(url, { headers });
  }

  #listen(): void {
    const socket = this.#socket;
    this.#welcomeTimer = setTimeout(() => {
      const sec = CLI_LIMITS.liveWelcomeMs / 1_000;
      socket.terminate();
      this.#end(new KilnError('client.unreachable', `The farm has not answered the live view in ${sec} s.`));
    }, CLI_LIMITS.liveWelcomeMs);
    socket.on('open', () => socket.send(JSON.stringify(this.#hello())));
    socket.on('message', (data: Buffer, isBinary) => {
      this.#silence.heard();
      if (isBinary) this.#receive(new Uint8Array(data));
      else this.#obey(readServerMessage(data.toString('utf8')));
    });
    socket.on('unexpected-response', (_request, response) => {
      this.#fault = refusalError(`Unexpected server response: ${response.statusCode}`, 'The live view');
      socket.terminate();
    });
    // What it means is said by the close that follows.
    socket.on('error', (cause) => {
      this.#fault ??= new KilnError('client.unreachable', `The live view cannot be reached: ${cause.message}`, {
        cause,
      });
    });
    socket.on('close', (code, reason) => {
      if (this.#welcomeTimer) clearTimeout(this.#welcomeTimer);
      this.#silence.end();
      const fault = this.#fault ?? closeError(code, reason.toString(), 'The live view');
      // Another server may hold the session by now, and one that is started anew takes a while.
      const comesBack = code === SERVER_STOPS || this.#isSilent || (this.#tries > 0 && fault.retryable);
      if (!this.#isOver && comesBack && this.#session && this.#tries < CLI_LIMITS.liveTries)
        this.#comeBack(fault.message);
      else this.#end(fault);
    });
  }

  /** [LV44] Of a network that is gone nobody tells. */
  #loseSilent(): void {
    this.#fault = new KilnError('client.unreachable', 'Nothing comes from the farm any more.');
    this.#isSilent = true;
    this.#socket.terminate();
  }

  /** [LV42] To the session of before. */
  #comeBack(why: string): void {
    this.#observer.trouble(`${why} Trying again.`);
    this.#retryTimer = setTimeout(
      () => {
        this.#socket = this.#connect();
        this.#listen();
      },
      CLI_LIMITS.liveFirstWaitMs * 2 ** this.#tries,
    );
    this.#tries += 1;
  }

  #hello(): ViewerHello {
    const { sceneId, codecs } = this.#order;
    return {
      ...{ type: 'hello', protocols: [...LIVE_PROTOCOLS], sceneId, view: this.#view, codecs: [...codecs] },
      ...(this.#session && { resume: this.#session }),
    };
  }

  #say(message: ViewerMessage): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #obey(message: ServerMessage | null): void {
    // A newer server may say what is not known here.
    switch (message?.type) {
      case 'welcome':
        if (this.#welcomeTimer) clearTimeout(this.#welcomeTimer);
        this.#tries = 0;
        this.#session = { sessionId: message.sessionId, token: message.resumeToken };
        // What the farm has of them it ignores (LV3).
        for (const input of [...this.#said.values()].sort((a, b) => a.input - b.input)) this.#say(input);
        return;
      case 'alive':
        this.#silence.begin();
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
    const pose = { atMs: 0, position, target, fovDeg };
    this.#send(this.#order.inputs ?? [{ kind: 'pose', atMs: 0, pose, moving: false }], 0);
  }

  /** All whose time has come: of poses and of what is shown the newest counts. An input's number is its place. */
  #send(inputs: readonly PathInput[], from: number): void {
    const nowMs = performance.now() - (this.#startedMs ?? 0);
    let next = from;
    while (next < inputs.length && (inputs[next]?.atMs ?? 0) <= nowMs) next += 1;
    const due = inputs.slice(from, next);
    const newest = (kind: PathInput['kind']) => due.findLastIndex((input) => input.kind === kind);
    const places = [newest('view'), newest('pose')].filter((place) => place >= 0).sort((a, b) => a - b);
    for (const place of places) {
      const input = due[place];
      if (input) this.#sendOne(input, from + place + 1);
    }
    // The last one that is due is the newest of its kind.
    if (next === inputs.length) this.#lastInput = next;
    const following = inputs[next];
    if (following) this.#timer = setTimeout(() => this.#send(inputs, next), Math.max(0, following.atMs - nowMs));
  }

  #sendOne(input: PathInput, number: number): void {
    this.#sentMs.set(number, performance.now());
    if (input.kind === 'view') {
      this.#view = input.view;
      this.#sayInput({ type: 'view', input: number, view: input.view });
    } else {
      this.#pose = input.pose;
      this.#sayInput({ type: 'pose', input: number, pose: poseOf(input.pose), moving: input.moving });
    }
    this.#observer.shows(this.#pose, this.#view);
  }

  #sayInput(message: Extract<ViewerMessage, { type: 'pose' | 'view' }>): void {
    this.#said.set(message.type, message);
    this.#say(message);
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
    const { sequence, input, final, lastTile } = picture.header;
    const sentMs = this.#sentMs.get(input);
    const arrival = {
      atMs: arrivedMs - (this.#startedMs ?? arrivedMs),
      latencyMs: sentMs === undefined ? null : arrivedMs - sentMs,
      bytes: message.length,
    };
    for (const known of this.#sentMs.keys()) if (known < input) this.#sentMs.delete(known);
    this.#dealing = this.#dealing.then(async () => {
      await this.#observer.picture(picture, arrival);
      // [LV30] Tiles of one number are acknowledged together.
      if (!lastTile) return;
      const decodeMs = Math.min(LIMITS.liveShownMs, performance.now() - arrivedMs);
      this.#say({ type: 'ack', picture: sequence, decodeMs, uploadMs: 0 });
      if (!final || this.#lastInput === null || input < this.#lastInput || this.#isResting) return;
      this.#isResting = true;
      await this.#observer.rested?.(this.#session?.sessionId ?? '');
      this.#end(null);
    });
    this.#dealing.catch((error: unknown) => this.#end(error));
  }
}
