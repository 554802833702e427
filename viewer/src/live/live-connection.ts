/**
 * The viewer's end of the live protocol: one WebSocket at a time, the hello, and coming back when it is lost. What the
 * messages mean for the picture is not its business.
 */
import {
  closeError,
  ERRORS,
  isErrorCode,
  LIMITS,
  LIVE_PROTOCOLS,
  type LiveView,
  type PickedSurface,
  type PictureCodec,
  readServerMessage,
  type ServerMessage,
  SilenceWatch,
  type SocketLike,
  type TokenAccess,
  type ViewerHello,
  type ViewerMessage,
} from '@kiln/shared';
import { VIEWER_LIMITS } from '../limits.ts';
import { type BackOff, createBackOff } from './back-off.ts';
import { isInput, NewestInputs } from './newest-inputs.ts';
import { noConnection, OpenQuestions, type Question } from './open-questions.ts';
import { PICTURES } from './readable-codecs.ts';
import type { ResumeStore } from './resume-store.ts';
import type { Timers } from './timers.ts';

/** A browser's WebSocket fits as it is. */
export interface LiveSocket extends SocketLike {
  binaryType: string;
  /** Bytes that were given to it and are not on the network yet. */
  readonly bufferedAmount: number;
}

export interface LiveConnectionOptions {
  readonly sceneId: string;
  openSocket(): LiveSocket;
  readonly timers: Timers;
  /** From 0 up to 1, as `Math.random`. */
  random(): number;
  readonly resumeStore: ResumeStore;
  /** [LV31] The session that is watched; absent: one of its own. */
  readonly join?: string;
  /** [LV29] Of a page of another site; null: the farm's own page. */
  token?(): string | null;
  /** The view as it is now: goes into every hello. */
  view(): LiveView;
  /** What the viewer reads, best first. @defaultValue pictures that stand for themselves */
  codecs?(): PictureCodec[];
  readonly events: LiveConnectionEvents;
}

export interface Welcome {
  readonly sessionId: string;
  readonly resumed: boolean;
  /** [LV31] As one of others, in a session that went on without this viewer, or that is somebody else's. */
  readonly joined: boolean;
  readonly access: TokenAccess;
}

interface LiveConnectionEvents {
  opening(): void;
  welcome(welcome: Welcome): void;
  message(message: ServerMessage): void;
  /** Bytes of a picture message. */
  picture(message: Uint8Array): void;
  /** @param code why: of the farm's table of errors. */
  lost(retryInMs: number, code: string, message: string): void;
  /** It will not come back by itself. */
  failed(code: string, message: string): void;
  ended(reason: string): void;
}

interface Fault {
  readonly code: string;
  readonly message: string;
}

export class LiveConnection {
  readonly #options: LiveConnectionOptions;
  readonly #backOff: BackOff;
  /** Of what is kept for a reload: what is watched is apart from what is one's own. */
  readonly #key: string;
  readonly #questions = new OpenQuestions();
  readonly #inputs: NewestInputs;
  readonly #silence: SilenceWatch;
  #socket: LiveSocket | null = null;
  #welcomedAtMs: number | null = null;
  #fault: Fault | null = null;
  #cancelRetry: (() => void) | null = null;
  #cancelWait: (() => void) | null = null;
  #wanted = false;

  constructor(options: LiveConnectionOptions) {
    this.#options = options;
    this.#key = options.join === undefined ? options.sceneId : `${options.sceneId}.${options.join}`;
    this.#backOff = createBackOff(VIEWER_LIMITS.reconnectFirstMs, VIEWER_LIMITS.reconnectMaxMs, options.random);
    this.#inputs = new NewestInputs(
      options.timers,
      () => this.#socket?.bufferedAmount ?? 0,
      (input) => this.#write(input),
    );
    this.#silence = new SilenceWatch(options.timers, () => this.drop('Nothing comes from the farm any more.'));
  }

  /** Opens now, whatever wait is running; does nothing while a socket is open or opening. */
  open(): void {
    this.#wanted = true;
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    if (this.#socket) return;
    this.#connect();
  }

  /**
   * Ends the connection. With `bye` the session ends too; without it, the session waits for its lease, and a reload
   * finds it again.
   */
  close(bye: boolean): void {
    this.#wanted = false;
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    if (bye) {
      if (this.ready) this.send({ type: 'bye' });
      this.#options.resumeStore.dropTicket(this.#key);
    }
    this.#release()?.close(1000);
  }

  /**
   * Ends the session, unless others are in it: then this viewer only goes away, and whoever opens again comes back to them.
   */
  leave(): void {
    this.close(!this.#ticket?.isShared);
  }

  /** Gives this socket up and comes back: one that lost its network would not notice for minutes. */
  drop(message: string): void {
    const socket = this.#release();
    if (!socket) return;
    socket.close();
    this.#comeBack({ code: 'client.unreachable', message });
  }

  /** Whether messages can be sent: the server has welcomed this viewer. */
  get ready(): boolean {
    return this.#welcomedAtMs !== null;
  }

  /**
   * Sends a message, or drops it when not ready: the hello after the next welcome carries what counts. While the socket
   * holds much, of poses and views only the newest goes out.
   */
  send(message: ViewerMessage): void {
    if (!this.ready) return;
    if (isInput(message)) {
      this.#inputs.take(message);
      return;
    }
    // Who gives the camera away leaves it where it is.
    if (message.type === 'camera') this.#inputs.sendAll();
    this.#write(message);
  }

  /** [LV37] @throws KilnError where the answer is one, or the connection is lost before. */
  async pick(question: Question): Promise<PickedSurface | null> {
    if (!this.ready) throw noConnection();
    return this.#questions.ask(question, (message) => this.send(message));
  }

  #write(message: ViewerMessage): void {
    this.#socket?.send(JSON.stringify(message));
  }

  get #ticket() {
    return this.#options.resumeStore.ticket(this.#key);
  }

  #connect(): void {
    this.#options.events.opening();
    this.#fault = null;
    const socket = this.#openSocket();
    if (!socket) return;
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    const current = () => this.#socket === socket;
    socket.addEventListener('open', () => {
      if (!current()) return;
      socket.send(JSON.stringify(this.#hello()));
      this.#cancelWait?.();
      this.#cancelWait = this.#options.timers.after(VIEWER_LIMITS.welcomeMs, () =>
        this.drop('The farm does not answer.'),
      );
    });
    socket.addEventListener('message', ({ data }) => {
      if (!current()) return;
      this.#silence.heard();
      this.#receive(data);
    });
    socket.addEventListener('close', ({ code, reason }) => {
      if (current()) this.#closed(code, reason);
    });
  }

  /** Null where there is none to be had: the address is none, or a page over HTTPS may not call a farm over HTTP. */
  #openSocket(): LiveSocket | null {
    try {
      return this.#options.openSocket();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#fail('client.unreachable', `The browser opens no connection to the farm: ${why}`);
      return null;
    }
  }

  #hello(): ViewerHello {
    const { sceneId } = this.#options;
    const ticket = this.#ticket;
    const join = this.#options.join ?? (ticket?.isShared ? ticket.sessionId : undefined);
    const token = this.#options.token?.();
    return {
      type: 'hello',
      protocols: [...LIVE_PROTOCOLS],
      sceneId,
      ...(token && { token }),
      ...(ticket && { resume: { sessionId: ticket.sessionId, token: ticket.token } }),
      ...(join !== undefined && { join: { sessionId: join } }),
      view: this.#options.view(),
      codecs: this.#options.codecs?.() ?? [...PICTURES],
    };
  }

  #receive(data: unknown): void {
    if (data instanceof ArrayBuffer) {
      if (this.ready) this.#options.events.picture(new Uint8Array(data));
      return;
    }
    if (typeof data === 'string' && data.length > LIMITS.liveSceneBytes) {
      this.drop('The farm sent a message that is too large.');
      return;
    }
    const message = readServerMessage(data);
    // A newer server may say what this viewer does not know yet.
    if (!message) return;
    const { resumeStore, timers, events } = this.#options;
    switch (message.type) {
      case 'welcome': {
        if (!LIVE_PROTOCOLS.some((version) => version === message.protocol)) {
          this.#fail('protocol.version', `[WS3] the farm speaks version ${message.protocol}, which was not asked for.`);
          return;
        }
        this.#cancelWait?.();
        this.#welcomedAtMs = timers.nowMs();
        const { sessionId, resumed } = message;
        // A session that goes on is shared as it was, until it says who is there.
        const isShared = this.#ticket?.isShared === true && this.#ticket.sessionId === sessionId;
        const joined = this.#options.join !== undefined || (isShared && !resumed);
        resumeStore.keepTicket(this.#key, { sessionId, token: message.resumeToken, isShared });
        events.welcome({
          ...{ sessionId, resumed, joined },
          access: message.access ?? 'drive',
        });
        return;
      }
      case 'viewers': {
        const ticket = this.#ticket;
        if (ticket) resumeStore.keepTicket(this.#key, { ...ticket, isShared: message.viewers.length > 1 });
        if (this.ready) events.message(message);
        return;
      }
      case 'error':
        if (message.fatal) this.#fault = { code: message.code, message: message.message };
        else events.message(message);
        return;
      case 'ended':
        // [LV15]
        this.close(false);
        resumeStore.dropTicket(this.#key);
        events.ended(message.reason);
        return;
      case 'alive':
        // [LV44] A server of before says nothing while nothing happens.
        if (this.ready) this.#silence.begin();
        return;
      case 'picked':
        this.#questions.answer(message);
        return;
      default:
        // Of a session that there is.
        if (this.ready) events.message(message);
    }
  }

  #fail(code: string, message: string): void {
    this.#wanted = false;
    this.#release()?.close();
    this.#options.events.failed(code, message);
  }

  #closed(code: number, reason: string): void {
    const fault = this.#sessionFault(this.#fault ?? faultOfClose(code, reason));
    this.#release();
    if (!this.#wanted) return;
    // The old session is over, or [LV14] another tab has it: who asks again gets a new one.
    if (fault?.code === 'live.session_gone' || fault?.code === 'resource.conflict') {
      this.#options.resumeStore.dropTicket(this.#key);
    }
    if (fault && fault.code !== 'live.session_gone' && isErrorCode(fault.code) && !ERRORS[fault.code].retryable) {
      this.#fail(fault.code, fault.message);
      return;
    }
    this.#comeBack(fault ?? { code: 'client.unreachable', message: 'The connection to the farm is lost.' });
  }

  /** [LV31] A session of one's own that went on with others, and has ended since, is followed by a new one. */
  #sessionFault(fault: Fault | null): Fault | null {
    const wasJoined = this.#options.join === undefined && this.#ticket?.isShared === true;
    return wasJoined && fault?.code === 'resource.not_found' ? { ...fault, code: 'live.session_gone' } : fault;
  }

  #comeBack({ code, message }: Fault): void {
    const delayMs = this.#backOff.next();
    this.#options.events.lost(delayMs, code, message);
    this.#cancelRetry = this.#options.timers.after(delayMs, () => {
      this.#cancelRetry = null;
      this.#connect();
    });
  }

  /** Lets go of the socket, so that nothing it still says is heard. */
  #release(): LiveSocket | null {
    const socket = this.#socket;
    this.#socket = null;
    this.#questions.fail();
    this.#inputs.clear();
    this.#silence.end();
    this.#cancelWait?.();
    const welcomedAtMs = this.#welcomedAtMs;
    this.#welcomedAtMs = null;
    if (welcomedAtMs !== null && this.#options.timers.nowMs() - welcomedAtMs >= VIEWER_LIMITS.reconnectGoodMs) {
      this.#backOff.reset();
    }
    return socket;
  }
}

/** [WS6] What a close says when no error message came before it; null for an ordinary loss. */
function faultOfClose(close: number, reason: string): Fault | null {
  const error = closeError(close, reason, 'The live view');
  return error.code === 'client.unreachable' ? null : error;
}
