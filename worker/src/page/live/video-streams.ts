/** [LV40] Pictures of movements as frames of videos, encoded off the page's thread. */
import { type Size, VIDEO_CODECS, type VideoCodec } from '@kiln/shared';
import type { PixelBuffers } from '../pixel-buffers.ts';
import { startWorker } from '../start-worker.ts';
import type { VideoFrameReply, VideoReply, VideoRequest } from './video-messages.ts';
import type { VideoOrder } from './video-order.ts';

export interface EncodedFrame {
  readonly bytes: ArrayBuffer;
  readonly codec: VideoCodec;
  readonly isKey: boolean;
  readonly durationMs: number;
}

interface VideoWorker {
  readonly port: MessagePort;
  readonly supported: readonly VideoCodec[];
}

export class VideoStreams {
  readonly #buffers: PixelBuffers;
  readonly #answers = new Map<number, (reply: VideoReply) => void>();
  /** Started with the first movement. */
  #worker: Promise<VideoWorker> | null = null;
  #lastId = 0;

  /** @param buffers get the pixels back that were taken. */
  constructor(buffers: PixelBuffers) {
    this.#buffers = buffers;
  }

  /** What of an order's codecs this browser encodes; null: none. */
  async codecOf({ codecs }: VideoOrder): Promise<VideoCodec | null> {
    const supported = await this.#started().then(
      (worker) => worker.supported,
      (): readonly VideoCodec[] => [],
    );
    return codecs.find((codec) => supported.includes(codec)) ?? null;
  }

  /**
   * Takes the pixels, of `buffers`, away from their owner.
   *
   * @returns the pixels where they cannot be encoded.
   */
  async encode(
    pixels: Uint8Array<ArrayBuffer>,
    size: Size,
    { key, isKey }: VideoOrder,
    codec: VideoCodec,
    quality: number,
  ): Promise<EncodedFrame | Uint8Array<ArrayBuffer>> {
    const { port } = await this.#started();
    const id = ++this.#lastId;
    const reply = await this.#ask<VideoFrameReply>(
      port,
      { id, key, codec, isKey, quality, pixels: pixels.buffer, ...size },
      [pixels.buffer],
    );
    if (!reply.frame) return new Uint8Array(reply.pixels);
    this.#buffers.give(reply.pixels);
    return { ...reply.frame, codec };
  }

  /** A stream is over. */
  end(key: string): void {
    this.#worker?.then(({ port }) => port.postMessage({ over: key } satisfies VideoRequest)).catch(() => {});
  }

  #started(): Promise<VideoWorker> {
    this.#worker ??= this.#start().catch((error: unknown) => {
      this.#worker = null;
      throw error;
    });
    return this.#worker;
  }

  async #start(): Promise<VideoWorker> {
    const { port } = await startWorker('video-worker', (message) => console.error(message));
    port.onmessage = ({ data }: MessageEvent<VideoReply>) => {
      this.#answers.get(data.id)?.(data);
      this.#answers.delete(data.id);
    };
    const id = ++this.#lastId;
    const reply = await this.#ask<Extract<VideoReply, { supported: unknown }>>(
      port,
      { id, supported: VIDEO_CODECS },
      [],
    );
    return { port, supported: reply.supported };
  }

  #ask<T extends VideoReply>(
    port: MessagePort,
    request: VideoRequest & { readonly id: number },
    transfer: ArrayBuffer[],
  ): Promise<T> {
    return new Promise((resolve) => {
      this.#answers.set(request.id, (reply) => resolve(reply as T));
      port.postMessage(request, transfer);
    });
  }
}
