/** Node's end of the contract with one page: calls by id over the WebSocket that the page opened. */
import { isErrorCode, KilnError } from '@kiln/shared';
import type { RawData, WebSocket } from 'ws';
import type { Log } from '../log.ts';
import type { PageCall, PageEvent, PageResults } from '../page/contract.ts';

type CallName = PageCall['call'];
type Arguments<K extends CallName> = Omit<Extract<PageCall, { call: K }>, 'call' | 'id'>;

export interface PageAnswer<K extends CallName> {
  readonly result: PageResults[K];
  /** Encoded picture, where the call makes one; else empty. A view into the message. */
  readonly bytes: Buffer;
}

interface Pending {
  readonly resolve: (event: { result: PageResults[CallName]; bytes: Buffer }) => void;
  readonly reject: (error: KilnError) => void;
  readonly onDrawn: () => void;
  readonly onProgress: (fraction: number) => void;
  /** Of the caller's signals: one may be of many calls. */
  readonly leaveSignals: () => void;
}

export interface CallHooks {
  /** The GPU is free for the next call. Called once, at the latest when the call ends, however it ends. */
  readonly onDrawn?: () => void;
  readonly onProgress?: (fraction: number) => void;
  /** Aborts when nobody wants what the call draws any more: the page then lets it fail, unless it is drawn. */
  readonly signal?: AbortSignal;
  /** Aborts when something more urgent waits: the page then ends a piece with its next sample. */
  readonly wanted?: AbortSignal;
}

const NOTHING = Buffer.alloc(0);

export class PageClient {
  /** Resolves when the page has said hello; rejects when it is lost before. */
  readonly ready: Promise<void>;
  /** Resolves with the reason when the page is of no more use. */
  readonly lost: Promise<KilnError>;
  readonly #log: Log;
  readonly #pending = new Map<number, Pending>();
  #socket: WebSocket | null = null;
  #lastId = 0;
  #reason: KilnError | null = null;
  #hello: () => void = () => {};
  #markLost: (reason: KilnError) => void = () => {};

  constructor(log: Log) {
    this.#log = log;
    this.lost = new Promise((resolve) => {
      this.#markLost = resolve;
    });
    this.ready = new Promise((resolve, reject) => {
      this.#hello = resolve;
      void this.lost.then(reject);
    });
    // Whoever opens the page awaits it; when that one gave up first, the loss is reported where it happened.
    this.ready.catch(() => {});
  }

  /** Takes the page's socket. A second one is refused: a page has one. */
  attach(socket: WebSocket): void {
    if (this.#socket || this.#reason) {
      socket.close(1008, 'this page has its socket');
      return;
    }
    this.#socket = socket;
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('error', (error) => this.#log.debug({ err: error }, 'the socket of a page failed'));
    socket.on('close', () => this.end(new KilnError('render.page_lost', 'the page went away')));
  }

  /** Whether calls can still be made. */
  get usable(): boolean {
    return this.#reason === null;
  }

  /**
   * Asks the page. There is no time limit here: the caller ends the page when it waits too long.
   *
   * @throws KilnError what the page answered, or why it is lost
   */
  call<K extends CallName>(call: K, args: Arguments<K>, hooks: CallHooks = {}): Promise<PageAnswer<K>> {
    return new Promise((resolve, reject) => {
      if (this.#reason || !this.#socket) {
        hooks.onDrawn?.();
        return reject(this.#reason ?? new KilnError('render.page_lost', 'the page is not connected yet'));
      }
      const id = ++this.#lastId;
      let drawn = false;
      const over = new AbortController();
      this.#pending.set(id, {
        // The result's type follows from the call that it answers, which the page is bound to by the contract.
        resolve: (event) => resolve(event as PageAnswer<K>),
        reject,
        onDrawn: () => {
          if (!drawn) hooks.onDrawn?.();
          drawn = true;
        },
        onProgress: hooks.onProgress ?? (() => {}),
        leaveSignals: () => over.abort(),
      });
      this.#socket.send(JSON.stringify({ call, id, ...args }));
      this.#tellOn(hooks.signal, 'stop', id, over.signal);
      this.#tellOn(hooks.wanted, 'finish', id, over.signal);
    });
  }

  /** What the page answers to this says nothing: how the call ends does. */
  #tellOn(signal: AbortSignal | undefined, call: 'stop' | 'finish', of: number, over: AbortSignal): void {
    const tell = () => {
      if (this.#pending.has(of)) this.#socket?.send(JSON.stringify({ call, id: ++this.#lastId, of }));
    };
    if (signal?.aborted) tell();
    else signal?.addEventListener('abort', tell, { once: true, signal: over });
  }

  /** Ends every call with `reason`; nothing can be asked afterwards. */
  end(reason: KilnError): void {
    if (this.#reason) return;
    this.#reason = reason;
    this.#socket?.terminate();
    for (const pending of this.#pending.values()) {
      pending.leaveSignals();
      pending.onDrawn();
      pending.reject(reason);
    }
    this.#pending.clear();
    this.#markLost(reason);
  }

  #receive(data: RawData, isBinary: boolean): void {
    try {
      const { event, bytes } = isBinary
        ? splitMessage(toBuffer(data))
        : { event: JSON.parse(toBuffer(data).toString('utf8')) as PageEvent, bytes: NOTHING };
      this.#handle(event, bytes);
    } catch (cause) {
      this.end(new KilnError('render.page_lost', 'the page sent what its contract does not allow', { cause }));
    }
  }

  #handle(event: PageEvent, bytes: Buffer): void {
    switch (event.event) {
      case 'hello':
        this.#hello();
        break;
      case 'context-lost':
        this.end(new KilnError('render.page_lost', `the page lost its GPU context: ${event.message}`));
        break;
      case 'progress':
        this.#pending.get(event.id)?.onProgress(event.fraction);
        break;
      case 'drawn':
        this.#pending.get(event.id)?.onDrawn();
        break;
      case 'done':
        this.#settle(event.id)?.resolve({ result: event.result, bytes });
        break;
      case 'failed':
        this.#log.debug({ code: event.code, stack: event.stack }, 'the page failed a call');
        this.#settle(event.id)?.reject(pageError(event.code, event.message, event.stack));
        break;
    }
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.leaveSignals();
    pending?.onDrawn();
    return pending;
  }
}

/** An error of the page as ours; a code that is not in the table is a failure to draw. */
function pageError(code: string, message: string, stack: string): KilnError {
  const known = isErrorCode(code) ? code : 'render.failed';
  return new KilnError(known, message, { cause: stack });
}

/**
 * Splits a binary message of the page: u32 length of the JSON event, little-endian, the event, the bytes.
 *
 * @throws RangeError when the length is outside the message; SyntaxError when the event is not JSON.
 */
function splitMessage(message: Buffer): { readonly event: PageEvent; readonly bytes: Buffer } {
  const eventBytes = message.readUInt32LE(0);
  if (4 + eventBytes > message.length) throw new RangeError(`an event of ${eventBytes} bytes in ${message.length}`);
  return {
    event: JSON.parse(message.toString('utf8', 4, 4 + eventBytes)) as PageEvent,
    bytes: message.subarray(4 + eventBytes),
  };
}

function toBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
