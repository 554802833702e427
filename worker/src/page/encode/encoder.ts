/**
 * Encodes pictures off the page's thread. Measured with Chromium 156 on two cores, medians in milliseconds from pixels
 * on the GPU to encoded bytes, read-back and hash included, 640×360 and 1280×720:
 *
 * | way | PNG | JPEG 90 | WebP 90 |
 * | --- | --- | --- | --- |
 * | `canvas.convertToBlob` on the page's thread | 40, 172 | 16, 73 | 36, 234 |
 * | `transferToImageBitmap`, `bitmaprenderer` canvas in a worker | 37, 181 | 12, 80 | 32, 182 |
 * | `readPixels`, `putImageData` in a worker (what is done here) | 38, 212 | 11, 58 | 34, 362 |
 *
 * sharp in Node takes 88, 345 for PNG, 4, 11 for JPEG and 25, 119 for WebP, after the raw pixels came to it in 18, 75: no
 * format gains by it.
 *
 * The machine was busy, the ways are within its noise of each other. The last was taken because reading back costs 0.4
 * and 0.9 ms once the GPU is done, the pixels are at hand for statistics, and the page's thread stays free.
 */
import type { BitDepth, ImageFormat, Size } from '@kiln/shared';
import type { MatteManifests } from '../engine/passes/mattes.ts';
import type { DataPlane } from '../engine/passes/planes.ts';
import { PAGE_LIMITS } from '../limits.ts';
import type { PixelBuffers } from '../pixel-buffers.ts';
import { startWorker } from '../start-worker.ts';
import {
  buffersOf,
  type DepthRange,
  type Encoded,
  type EncodeReply,
  type EncodeRequest,
  type FrameOrigin,
  type HandMessage,
} from './messages.ts';

export interface EncodeOrder {
  readonly pixels: Uint8Array<ArrayBuffer>;
  readonly planes: readonly DataPlane[];
  /** What the ids in the planes stand for; null without planes. */
  readonly mattes: MatteManifests | null;
  /** @defaultValue of a frame without depth */
  readonly depthRange?: DepthRange;
  readonly size: Size;
  readonly format: ImageFormat;
  readonly bitDepth: BitDepth;
  readonly quality: number;
  readonly hasAlpha: boolean;
  readonly areSums: boolean;
  /** Null of a live picture. */
  readonly origin: FrameOrigin | null;
}

const NO_RANGE: DepthRange = { nearM: 0, farM: 1 };

interface Waiting {
  readonly request: EncodeRequest;
  readonly resolve: (encoded: Encoded) => void;
  readonly reject: (error: Error) => void;
}

export class Encoder {
  readonly #idle: MessagePort[];
  readonly #buffers: PixelBuffers;
  readonly #waiting: Waiting[] = [];
  readonly #running = new Map<number, Waiting>();
  #lastId = 0;
  #roomWanted: (() => void)[] = [];

  private constructor(ports: MessagePort[], buffers: PixelBuffers) {
    this.#buffers = buffers;
    this.#idle = ports;
    for (const port of ports) port.onmessage = (event: MessageEvent<EncodeReply>) => this.#receive(port, event.data);
  }

  /** @param buffers get the pixels back that were taken. */
  static async start(buffers: PixelBuffers): Promise<Encoder> {
    const starting = Array.from({ length: PAGE_LIMITS.encodeWorkers }, () =>
      startWorker('encode-worker', (message) => console.error(message)),
    );
    const ports = (await Promise.all(starting)).map(({ port }) => port);
    for (const [index, port] of ports.entries()) {
      const other = ports[(index + 1) % ports.length];
      if (other === undefined || other === port) continue;
      const { port1, port2 } = new MessageChannel();
      port.postMessage({ hand: 'take' } satisfies HandMessage, [port1]);
      other.postMessage({ hand: 'lend' } satisfies HandMessage, [port2]);
    }
    return new Encoder(ports, buffers);
  }

  /** Takes the pixels and planes, which are of `buffers`, away from their owner. Live pictures go before frames. */
  encode({ pixels, size, ...rest }: EncodeOrder): Promise<Encoded> {
    return new Promise((resolve, reject) => {
      const request = { id: ++this.#lastId, pixels: pixels.buffer, depthRange: NO_RANGE, ...size, ...rest };
      const waiting = { request, resolve, reject };
      if (request.origin) this.#waiting.push(waiting);
      else this.#waiting.unshift(waiting);
      this.#next();
    });
  }

  /** Resolves when fewer pictures than the limit are held. */
  async room(): Promise<void> {
    while (this.#waiting.length + this.#running.size >= PAGE_LIMITS.encodeBacklog) {
      await new Promise<void>((resolve) => this.#roomWanted.push(resolve));
    }
  }

  #next(): void {
    const waiting = this.#waiting[0];
    const port = waiting && this.#idle.pop();
    if (!waiting || !port) return;
    this.#waiting.shift();
    this.#running.set(waiting.request.id, waiting);
    port.postMessage(waiting.request, buffersOf(waiting.request));
  }

  #receive(port: MessagePort, reply: EncodeReply): void {
    const waiting = this.#running.get(reply.id);
    this.#running.delete(reply.id);
    this.#idle.push(port);
    for (const buffer of reply.buffers) this.#buffers.give(buffer);
    if ('encoded' in reply) waiting?.resolve(reply.encoded);
    else
      waiting?.reject(
        Object.assign(new Error(`the picture could not be encoded: ${reply.error}`), { stack: reply.stack }),
      );
    for (const go of this.#roomWanted.splice(0)) go();
    this.#next();
  }
}
