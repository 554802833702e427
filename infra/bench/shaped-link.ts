/**
 * A network between a browser and a farm, as a proxy: bandwidth, delay, jitter and loss of either direction. What travels is
 * a reliable stream, so that a lost packet is a stall of one round trip. Its buffers are bounded: a sender that is faster
 * than the link is held back.
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface LinkShape {
  readonly roundTripMs: number;
  /** Of the delay of one direction, at most and evenly. */
  readonly jitterMs: number;
  /** Of packets, 0 to 1. */
  readonly lossShare: number;
  readonly bitsPerSec: number;
}

export const OPEN_LINK: LinkShape = { roundTripMs: 0, jitterMs: 0, lossShare: 0, bitsPerSec: Number.POSITIVE_INFINITY };

const PACKET_BYTES = 1_448;
/** What the link holds of one direction: a home router's share. */
const BUFFER_BYTES = 262_144;

export class ShapedLink {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Of what is sent from now on. */
  shape: LinkShape = OPEN_LINK;

  private constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      this.#join(near, far);
      this.#join(far, near);
    });
  }

  /** @param url of the farm, on this machine. */
  static async open(url: string): Promise<ShapedLink> {
    const link = new ShapedLink(Number(new URL(url).port));
    link.#server.listen(0, '127.0.0.1');
    await once(link.#server, 'listening');
    return link;
  }

  /** Of the farm as seen through the link. */
  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the link is closed');
    return `http://127.0.0.1:${address.port}`;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.setNoDelay();
    let freeAtMs = 0;
    let lastAtMs = 0;
    const held = new HeldBytes(to, (isFull) => (isFull ? from.pause() : from.resume()));
    from.on('data', (bytes) => {
      const { roundTripMs, jitterMs, lossShare, bitsPerSec } = this.shape;
      const nowMs = performance.now();
      freeAtMs = Math.max(nowMs, freeAtMs) + (bytes.length * 8_000) / bitsPerSec;
      const packets = Math.ceil(bytes.length / PACKET_BYTES);
      const isLost = Math.random() < 1 - (1 - lossShare) ** packets;
      const delayMs = roundTripMs / 2 + Math.random() * jitterMs + (isLost ? roundTripMs : 0);
      lastAtMs = Math.max(lastAtMs, freeAtMs + delayMs);
      held.put(bytes, lastAtMs);
    });
    const end = () => {
      this.#sockets.delete(from);
      setTimeout(() => to.destroy(), Math.max(0, lastAtMs - performance.now()) + 5);
    };
    from.on('close', end);
    from.on('error', () => {});
  }
}

/** What is on its way in one direction, in its order: timers alone may overtake one another. */
class HeldBytes {
  readonly #to: Socket;
  readonly #onFull: (isFull: boolean) => void;
  readonly #queue: { readonly bytes: Buffer; readonly dueMs: number }[] = [];
  #bytes = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(to: Socket, onFull: (isFull: boolean) => void) {
    this.#to = to;
    // One that reads too slowly holds up what comes next, here.
    to.on('drain', () => this.#run());
    this.#onFull = onFull;
  }

  /** @param dueMs not before that of what was put before. */
  put(bytes: Buffer, dueMs: number): void {
    this.#queue.push({ bytes, dueMs });
    this.#bytes += bytes.length;
    if (this.#bytes > BUFFER_BYTES) this.#onFull(true);
    this.#run();
  }

  #run(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    for (let first = this.#queue[0]; first && !this.#to.writableNeedDrain; first = this.#queue[0]) {
      const waitMs = first.dueMs - performance.now();
      if (waitMs >= 0.5) {
        this.#timer = setTimeout(() => this.#run(), waitMs);
        return;
      }
      this.#queue.shift();
      this.#bytes -= first.bytes.length;
      if (this.#bytes <= BUFFER_BYTES) this.#onFull(false);
      if (!this.#to.destroyed) this.#to.write(first.bytes);
    }
  }
}
