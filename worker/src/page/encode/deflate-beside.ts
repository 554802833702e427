/**
 * Large pictures are deflated by two workers: the one that encodes, and another one that lends it a hand. An OpenEXR of
 * 1,920 × 1,080 with 23 channels of floats took 2.2 s of one core, four fifths of it for this.
 */
import { deflate } from './deflate.ts';

export interface Deflated {
  readonly packed: Uint8Array<ArrayBuffer>;
  /** What was given, to be written over. */
  readonly room: ArrayBuffer;
}

interface HandRequest {
  readonly id: number;
  readonly room: ArrayBuffer;
  readonly sizeBytes: number;
}
type HandReply = { readonly id: number } & (Deflated | { readonly room: ArrayBuffer; readonly error: string });

/** Pieces that wait for the other worker, the one that it has in hand included: it need not wait for the next. */
const PIECES_BESIDE = 2;

class Hand {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, { resolve: (deflated: Deflated) => void; reject: (error: Error) => void }>();
  #lastId = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<HandReply>) => {
      const { resolve, reject } = this.#waiting.get(data.id) ?? {};
      this.#waiting.delete(data.id);
      if ('packed' in data) resolve?.(data);
      else reject?.(new Error(data.error));
    };
  }

  get isFree(): boolean {
    return this.#waiting.size < PIECES_BESIDE;
  }

  deflate(room: ArrayBuffer, sizeBytes: number): Promise<Deflated> {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject });
      this.#port.postMessage({ id, room, sizeBytes } satisfies HandRequest, [room]);
    });
  }
}

let hand: Hand | null = null;

/** @param port of a worker that has been told to lend a hand. */
export function takeHand(port: MessagePort): void {
  hand = new Hand(port);
}

/** Deflates for the worker at the other end, between what this one has to do. */
export function lendHand(port: MessagePort): void {
  port.onmessage = async ({ data: { id, room, sizeBytes } }: MessageEvent<HandRequest>) => {
    try {
      const packed = await deflate(new Uint8Array(room, 0, sizeBytes));
      port.postMessage({ id, packed, room } satisfies HandReply, [packed.buffer, room]);
    } catch (error) {
      port.postMessage({ id, room, error: String(error) } satisfies HandReply, [room]);
    }
  };
}

/**
 * Deflates the first bytes of `room`, which is taken away until then. Resolves when the next may come, which may be before
 * this is done.
 */
export async function deflateBeside(room: ArrayBuffer, sizeBytes: number): Promise<{ done: Promise<Deflated> }> {
  if (hand?.isFree) {
    const done = hand.deflate(room, sizeBytes);
    // Whoever waits for all of them hears of it.
    done.catch(() => {});
    return { done };
  }
  const packed = await deflate(new Uint8Array(room, 0, sizeBytes));
  return { done: Promise.resolve({ packed, room }) };
}
