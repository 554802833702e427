/** The client of `/api/v1/events` (PROTOCOL.md, rules EV): connects again when it must and misses nothing that is kept. */
import { KilnError } from '../errors.ts';
import {
  EVENTS_ALIVE_MS,
  EVENTS_PROTOCOLS,
  EventsAlive,
  type EventsHello,
  EventsProgress,
  EventsWelcome,
  FarmEvent,
} from '../schemas/event.ts';
import type { FrameProgress } from '../schemas/progress.ts';
import { matches } from '../validate.ts';
import { backOffMs } from './back-off.ts';
import { closeError, refusalError } from './close-reason.ts';
import type { SetTimer, SocketConstructor, SocketLike } from './socket.ts';
import { apiUrls } from './urls.ts';

export type EventsState =
  | { readonly state: 'connecting' }
  /** Events flow. `missed`: some are lost for good, so fetch again what is shown. */
  | { readonly state: 'live'; readonly missed: boolean }
  | { readonly state: 'waiting'; readonly retryInMs: number; readonly error: KilnError }
  /** The end: by `close`, or by an error that trying again cannot help. */
  | { readonly state: 'closed'; readonly error: KilnError | null };

export interface EventsOptions {
  /** Where the farm is, absolute: `http://127.0.0.1:7700`. */
  readonly url: string;
  readonly WebSocket: SocketConstructor;
  /**
   * Sent as the header `Authorization: Bearer`, so only a constructor that takes headers can use it (`ws`). In a browser
   * the sign-in's cookie identifies.
   */
  readonly apiKey?: string;
  /** Begin after this event; 0: with the oldest that is kept. @defaultValue from now on */
  readonly after?: number;
  /** Only events of this job, or of this scene. */
  readonly jobId?: string;
  readonly sceneId?: string;
  readonly onEvent: (event: FarmEvent) => void;
  /** [EV9] How far a frame is; not kept, and maybe from before its `frame` event. */
  readonly onProgress?: (progress: FrameProgress) => void;
  readonly onState?: (state: EventsState) => void;
  readonly setTimer: SetTimer;
  /** From 0 to 1. @defaultValue Math.random */
  readonly random?: () => number;
}

export interface EventsConnection {
  /** Id of the newest event seen, or where the stream began; undefined until the first welcome. */
  readonly lastId: number | undefined;
  close(): void;
}

/** After this long without a failure the next one counts as the first. */
const STEADY_MS = 10_000;

/** Opens the stream; it stays open until `close`, or until an error that trying again cannot help. */
export function openEvents(options: EventsOptions): EventsConnection {
  return new EventsClient(options);
}

class EventsClient implements EventsConnection {
  readonly #options: EventsOptions;
  readonly #url: string;
  #lastId: number | undefined;
  #socket: SocketLike | undefined;
  #failures = 0;
  #closed = false;
  #cancelRetry = nothing;
  #cancelSilence = nothing;
  #cancelSteady = nothing;
  /** Set by the first `alive`: this server sends them, so silence means that it is gone. */
  #serverSendsAlive = false;

  constructor(options: EventsOptions) {
    this.#options = options;
    this.#url = apiUrls(options.url).events;
    this.#lastId = options.after;
    this.#connect();
  }

  get lastId(): number | undefined {
    return this.#lastId;
  }

  close(): void {
    this.#end(null);
  }

  #connect(): void {
    this.#report({ state: 'connecting' });
    if (this.#closed) return;
    const { WebSocket, apiKey } = this.#options;
    const socket = new WebSocket(
      this.#url,
      [],
      apiKey === undefined ? {} : { headers: { authorization: `Bearer ${apiKey}` } },
    );
    this.#socket = socket;
    this.#giveUpAfterSilence();
    let refusal: KilnError | undefined;
    const current = () => this.#socket === socket;
    socket.addEventListener('open', () => {
      if (current()) socket.send(JSON.stringify(this.#hello()));
    });
    socket.addEventListener('message', ({ data }) => {
      if (current()) this.#receive(data);
    });
    socket.addEventListener('error', ({ message }) => {
      if (message) refusal = refusalError(message, this.#what);
    });
    socket.addEventListener('close', ({ code, reason }) => {
      if (current()) this.#fail(refusal ?? closeError(code, reason, this.#what));
    });
  }

  get #what(): string {
    return `the event stream of ${this.#options.url}`;
  }

  #hello(): EventsHello {
    const { jobId, sceneId } = this.#options;
    return {
      type: 'hello',
      protocols: [...EVENTS_PROTOCOLS],
      ...(this.#lastId === undefined ? {} : { after: this.#lastId }),
      ...(jobId === undefined ? {} : { jobId }),
      ...(sceneId === undefined ? {} : { sceneId }),
    };
  }

  #receive(data: unknown): void {
    const message = jsonOf(data);
    this.#cancelSilence();
    if (this.#serverSendsAlive) this.#giveUpAfterSilence();
    if (matches(FarmEvent, message)) this.#take(message);
    else if (matches(EventsWelcome, message)) this.#welcome(message);
    else if (matches(EventsAlive, message)) this.#alive(message);
    else if (matches(EventsProgress, message)) this.#options.onProgress?.(message.data);
    // [WS5] A newer server may send what this build does not know.
    else if (!isRecord(message) || typeof message.type !== 'string' || KNOWN_TYPES.has(message.type)) {
      this.#fail(new KilnError('client.bad_answer', `${this.#what} sent a message that breaks its schema`));
    }
  }

  #take(event: FarmEvent): void {
    // [EV4] Ids grow; what was seen is not handed out again.
    if (this.#lastId !== undefined && event.id <= this.#lastId) return;
    this.#lastId = event.id;
    this.#failures = 0;
    this.#options.onEvent(event);
  }

  #welcome({ cursor, missed }: EventsWelcome): void {
    const after = this.#lastId;
    // [EV5] A cursor below what was seen: the farm's history began anew.
    const anew = after !== undefined && cursor < after;
    if (after === undefined || anew) this.#lastId = cursor;
    this.#cancelSteady = this.#options.setTimer(() => {
      this.#failures = 0;
    }, STEADY_MS);
    this.#report({ state: 'live', missed: anew || missed === true });
  }

  #alive({ cursor }: EventsAlive): void {
    this.#serverSendsAlive = true;
    this.#failures = 0;
    if (this.#lastId !== undefined) this.#lastId = Math.max(this.#lastId, cursor);
    this.#giveUpAfterSilence();
  }

  #giveUpAfterSilence(): void {
    this.#cancelSilence();
    this.#cancelSilence = this.#options.setTimer(() => {
      this.#fail(new KilnError('client.unreachable', `${this.#what} was silent for ${3 * EVENTS_ALIVE_MS} ms`));
    }, 3 * EVENTS_ALIVE_MS);
  }

  #fail(error: KilnError): void {
    if (!error.retryable && error.code !== 'client.bad_answer') {
      this.#end(error);
      return;
    }
    this.#drop();
    this.#failures++;
    const retryInMs = backOffMs(this.#failures, (this.#options.random ?? Math.random)());
    this.#cancelRetry = this.#options.setTimer(() => this.#connect(), retryInMs);
    this.#report({ state: 'waiting', retryInMs, error });
  }

  #end(error: KilnError | null): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#drop();
    this.#cancelRetry();
    this.#report({ state: 'closed', error });
  }

  /** Lets go of the socket; what it still reports is not heard. */
  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#cancelSilence();
    this.#cancelSteady();
    socket?.close();
  }

  #report(state: EventsState): void {
    this.#options.onState?.(state);
  }
}

const KNOWN_TYPES: ReadonlySet<string> = new Set([
  'welcome',
  'alive',
  'progress',
  'scene',
  'job',
  'job.purged',
  'frame',
  'frame.failed',
  'workers',
]);

const nothing = () => {};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

function jsonOf(data: unknown): unknown {
  if (typeof data !== 'string') return undefined;
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}
