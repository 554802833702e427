/**
 * [WK24] Claims and small frames of this worker go to the server many at a time: what comes while a request is under way, or
 * soon after its answer, goes with the next one. A lone one does not wait.
 */
import {
  type Assignment,
  type ClaimItem,
  type ErrorBody,
  type ExchangeAnswer,
  type ExchangeLimits,
  errorOf,
  type FrameAccepted,
  type FrameItem,
  KilnError,
} from '@kiln/shared';
import { WORKER_LIMITS } from '../limits.ts';

interface Claim {
  readonly kind: 'claim';
  readonly item: ClaimItem;
  readonly resolve: (assignment: Assignment) => void;
}

interface Frame {
  readonly kind: 'frame';
  readonly item: FrameItem;
  readonly bytes: Uint8Array;
  readonly resolve: (accepted: FrameAccepted) => void;
}

interface Ends {
  readonly signal: AbortSignal;
  readonly reject: (error: unknown) => void;
}

type Entry = (Claim | Frame) & Ends;

/** What an item says beside its bytes takes less: a tenth of it. */
const ITEM_BYTES = 8_192;

/** Sends the body of one request. What it throws is thrown for each of its items. */
export type SendExchange = (body: Uint8Array<ArrayBuffer>) => Promise<ExchangeAnswer>;

export class Exchange {
  readonly #limits: ExchangeLimits;
  readonly #send: SendExchange;
  #waiting: Entry[] = [];
  #underWay = 0;
  #answeredAtMs = Number.NEGATIVE_INFINITY;
  /** Withdraws the next request. */
  #withdraw: (() => void) | null = null;

  constructor(limits: ExchangeLimits, send: SendExchange) {
    this.#limits = limits;
    this.#send = send;
  }

  /** Whether a frame of so many bytes may go this way. */
  takes(sizeBytes: number): boolean {
    return sizeBytes <= this.#limits.frameBytes && sizeBytes + ITEM_BYTES <= this.#limits.bodyBytes;
  }

  /** @throws KilnError as the route of a claim; the signal's reason */
  claim(item: ClaimItem, signal: AbortSignal): Promise<Assignment> {
    return untilAborted(signal, (resolve, ends) => this.#add({ kind: 'claim', item, resolve, ...ends }));
  }

  /** @throws KilnError as the route of a frame; the signal's reason */
  frame(item: FrameItem, bytes: Uint8Array, signal: AbortSignal): Promise<FrameAccepted> {
    return untilAborted(signal, (resolve, ends) => this.#add({ kind: 'frame', item, bytes, resolve, ...ends }));
  }

  #add(entry: Entry): void {
    this.#waiting.push(entry);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#withdraw || this.#waiting.length === 0) return;
    const { exchangeWaitMs, exchangeSpacingMs } = WORKER_LIMITS;
    const waitMs = this.#underWay > 0 ? exchangeWaitMs : this.#answeredAtMs + exchangeSpacingMs - performance.now();
    if (waitMs > 0) {
      const timer = setTimeout(() => this.#next(), waitMs);
      this.#withdraw = () => clearTimeout(timer);
    } else {
      // One turn of the event loop: what one message of Redis or the server set off goes together.
      const turn = setImmediate(() => this.#next());
      this.#withdraw = () => clearImmediate(turn);
    }
  }

  #next(): void {
    this.#withdraw?.();
    this.#withdraw = null;
    const some = this.#take();
    if (some.length > 0) {
      this.#underWay++;
      void this.#exchange(some).finally(() => {
        this.#underWay--;
        this.#answeredAtMs = performance.now();
        this.#withdraw?.();
        this.#withdraw = null;
        this.#schedule();
      });
    }
    this.#schedule();
  }

  /** The first that wait, as many as one request takes. */
  #take(): Entry[] {
    const { claims, frames, bodyBytes } = this.#limits;
    const wanted = this.#waiting.filter(({ signal }) => !signal.aborted);
    const left = { claim: claims, frame: frames, bytes: bodyBytes };
    const end = wanted.findIndex((entry) => {
      left[entry.kind]--;
      left.bytes -= ITEM_BYTES + (entry.kind === 'frame' ? entry.bytes.byteLength : 0);
      return left.claim < 0 || left.frame < 0 || left.bytes < 0;
    });
    this.#waiting = end < 0 ? [] : wanted.slice(end);
    return end < 0 ? wanted : wanted.slice(0, end);
  }

  /** Never rejects. */
  async #exchange(some: readonly Entry[]): Promise<void> {
    const claims = some.filter((entry) => entry.kind === 'claim');
    const frames = some.filter((entry) => entry.kind === 'frame');
    // A claim is small and tried again soon; what frames beside it take is their own affair.
    const late = setTimeout(() => {
      for (const { reject } of claims) reject(new KilnError('client.unreachable', 'claim: no answer in time'));
    }, WORKER_LIMITS.requestMs);
    try {
      const answer = await this.#send(bodyOf(claims, frames));
      for (const [place, claim] of claims.entries()) settle(claim, assignmentOf(answer, place));
      for (const [place, frame] of frames.entries()) settle(frame, answer.frames[place]);
    } catch (error) {
      // One item must not take the others with it.
      const isOfOne = error instanceof KilnError && error.code.startsWith('request.') && !error.retryable;
      if (some.length > 1 && isOfOne) for (const one of some) await this.#exchange([one]);
      else for (const { reject } of some) reject(error);
    } finally {
      clearTimeout(late);
    }
  }
}

/** Rejects with the signal; the request goes on, for others are in it. */
async function untilAborted<T>(
  signal: AbortSignal,
  begin: (resolve: (answer: T) => void, ends: Ends) => void,
): Promise<T> {
  signal.throwIfAborted();
  let onAbort = () => {};
  try {
    return await new Promise<T>((resolve, reject) => {
      onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort);
      begin(resolve, { signal, reject });
    });
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

type Outcome<T> = T | ErrorBody | undefined;

function settle<T extends object>(
  { resolve, reject }: { readonly resolve: (answer: T) => void; readonly reject: (error: unknown) => void },
  outcome: Outcome<T>,
): void {
  if (outcome === undefined) reject(new KilnError('client.bad_answer', 'the server answered too few items'));
  else if ('error' in outcome) reject(errorOf(outcome));
  else resolve(outcome);
}

function assignmentOf({ claims, scenes }: ExchangeAnswer, place: number): Outcome<Assignment> {
  const outcome = claims[place];
  if (outcome === undefined || 'error' in outcome) return outcome;
  const scene = scenes[outcome.sceneIndex];
  return scene && { ...outcome.assignment, scene };
}

const SIZE_BYTES = 4;

/** As `worker-exchange.ts` of `@kiln/shared` has it. */
function bodyOf(claims: readonly Claim[], frames: readonly Frame[]): Uint8Array<ArrayBuffer> {
  const request = { claims: claims.map(({ item }) => item), frames: frames.map(({ item }) => item) };
  const json = Buffer.from(JSON.stringify(request));
  const size = Buffer.alloc(SIZE_BYTES);
  size.writeUInt32LE(json.byteLength);
  return Buffer.concat([size, json, ...frames.map(({ bytes }) => bytes)]);
}
