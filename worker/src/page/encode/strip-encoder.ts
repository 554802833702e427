import type { StageTime } from '@kiln/shared';
import type { DataPlane } from '../engine/passes/planes.ts';
import type { PixelBuffers } from '../pixel-buffers.ts';
import { type StartedWorker, startWorker } from '../start-worker.ts';
import { unixMs } from '../unix-time.ts';
import type { StripMessage, StripReply, StripRequest, StripsEncoded } from './strip-messages.ts';

/** Writes one picture's file, in a web worker of its own, as its rows come: while some are written the next are made. */
export class StripEncoder {
  readonly #worker: StartedWorker;
  readonly #buffers: PixelBuffers;
  readonly #startedAtMs = unixMs();
  #written: Promise<StripReply>;
  #settle: { resolve: (reply: StripReply) => void; reject: (error: Error) => void } | null = null;

  private constructor(worker: StartedWorker, buffers: PixelBuffers, first: StripMessage) {
    this.#worker = worker;
    this.#buffers = buffers;
    worker.port.onmessage = ({ data }: MessageEvent<StripReply>) => {
      if ('error' in data) this.fail(Object.assign(new Error(data.error), { stack: data.stack }));
      else this.#settle?.resolve(data);
    };
    this.#written = this.#ask(first, []);
  }

  /**
   * @param buffers get the pixels back that were taken.
   * @param output names the file to Node.
   */
  static async start(buffers: PixelBuffers, request: StripRequest, output: string): Promise<StripEncoder> {
    let encoder: StripEncoder | null = null;
    const worker = await startWorker('strip-worker', (message) => encoder?.fail(new Error(message)));
    encoder = new StripEncoder(worker, buffers, { step: 'open', request, output });
    return encoder;
  }

  /** Takes the next rows, which are of `buffers`, away from their owner. Resolves when those before are written. */
  async add(rows: number, pixels: Uint8Array<ArrayBuffer>, planes: readonly DataPlane[]): Promise<void> {
    await this.#before();
    const buffers = [pixels.buffer, ...planes.map(({ values }) => values)];
    this.#written = this.#ask({ step: 'rows', rows, pixels: pixels.buffer, planes }, buffers);
  }

  /** Call it once, when every row is in. */
  async end(): Promise<Omit<StripsEncoded, 'busyMs'> & { readonly encode: StageTime }> {
    await this.#before();
    const reply = await this.#ask({ step: 'end' }, []);
    if (!('encoded' in reply) || !reply.encoded) throw new Error('the picture was not ended');
    const { busyMs, ...encoded } = reply.encoded;
    return { ...encoded, encode: { startedAtMs: this.#startedAtMs, durationMs: busyMs } };
  }

  /** Stops it, whatever it is doing. */
  dispose(): void {
    this.#worker.end();
  }

  fail(error: Error): void {
    this.#settle?.reject(new Error(`the picture could not be encoded: ${error.message}`, { cause: error }));
  }

  async #before(): Promise<void> {
    const reply = await this.#written;
    if ('buffers' in reply) for (const buffer of reply.buffers) this.#buffers.give(buffer);
  }

  #ask(message: StripMessage, transferred: ArrayBuffer[]): Promise<StripReply> {
    const reply = new Promise<StripReply>((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#worker.port.postMessage(message, transferred);
    });
    // Whoever adds the next rows hears of a failure.
    reply.catch(() => {});
    return reply;
  }
}
