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

/** Frames in a row that could not be encoded: this stream has no more of the codec at this size. */
const TRIES = 3;

interface Faults {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly counts: Map<VideoCodec, number>;
}

export class VideoStreams {
  readonly #buffers: PixelBuffers;
  readonly #answers = new Map<number, { resolve(reply: VideoReply): void; reject(error: Error): void }>();
  /** By the stream's key. */
  readonly #faults = new Map<string, Faults>();
  /** Started with the first movement that is to be a video. */
  #worker: Promise<MessagePort> | null = null;
  /** Of the worker that runs; none before it has said so. */
  #supported: readonly VideoCodec[] = [];
  #lastId = 0;

  /** @param buffers get the pixels back that were taken. */
  constructor(buffers: PixelBuffers) {
    this.#buffers = buffers;
  }

  /**
   * What of an order's codecs this browser encodes; null: none, or not known yet. A movement does not wait for that: its first
   * pictures stand for themselves.
   */
  codecOf({ codecs, key }: VideoOrder, size: Size): VideoCodec | null {
    this.#started().catch(() => {});
    const counts = this.#faultsOf(key, size)?.counts;
    return codecs.find((codec) => this.#supported.includes(codec) && (counts?.get(codec) ?? 0) < TRIES) ?? null;
  }

  /** Resolves when it is known what this browser encodes. */
  async ready(): Promise<void> {
    await this.#started();
  }

  /**
   * Takes the pixels, of `buffers`, away from their owner.
   *
   * @returns the pixels where they cannot be encoded.
   * @throws Error when the worker is lost, and the pixels with it.
   */
  async encode(
    pixels: Uint8Array<ArrayBuffer>,
    size: Size,
    { key, isKey }: VideoOrder,
    codec: VideoCodec,
    quality: number,
  ): Promise<EncodedFrame | Uint8Array<ArrayBuffer>> {
    const port = await this.#started();
    const id = ++this.#lastId;
    const request = { id, key, codec, isKey, quality, pixels: pixels.buffer, ...size };
    const reply = await this.#ask<VideoFrameReply>(port, request, [pixels.buffer]).catch((error: unknown) => {
      this.#failed(key, size, codec);
      throw error;
    });
    const { frame } = reply;
    if (frame === 'fault') this.#failed(key, size, codec);
    if (frame === 'fault' || frame === 'over') return new Uint8Array(reply.pixels);
    this.#faults.get(key)?.counts.delete(codec);
    this.#buffers.give(reply.pixels);
    return { ...frame, codec };
  }

  /** A stream is over. */
  end(key: string): void {
    this.#faults.delete(key);
    this.#worker?.then((port) => port.postMessage({ over: key } satisfies VideoRequest)).catch(() => {});
  }

  /** Those of another size count no more. */
  #faultsOf(key: string, { widthPx, heightPx }: Size): Faults | null {
    const known = this.#faults.get(key);
    return known?.widthPx === widthPx && known.heightPx === heightPx ? known : null;
  }

  #failed(key: string, size: Size, codec: VideoCodec): void {
    const { widthPx, heightPx } = size;
    const { counts } = this.#faultsOf(key, size) ?? { counts: new Map<VideoCodec, number>() };
    this.#faults.set(key, { widthPx, heightPx, counts: counts.set(codec, (counts.get(codec) ?? 0) + 1) });
  }

  #started(): Promise<MessagePort> {
    this.#worker ??= this.#start().catch((error: unknown) => {
      this.#worker = null;
      throw error;
    });
    return this.#worker;
  }

  async #start(): Promise<MessagePort> {
    const { port, end } = await startWorker('video-worker', (message) => {
      console.error(message);
      end();
      this.#worker = null;
      this.#supported = [];
      for (const { reject } of this.#answers.values()) reject(new Error(message));
      this.#answers.clear();
    });
    port.onmessage = ({ data }: MessageEvent<VideoReply>) => {
      this.#answers.get(data.id)?.resolve(data);
      this.#answers.delete(data.id);
    };
    const id = ++this.#lastId;
    const reply = await this.#ask<Extract<VideoReply, { supported: unknown }>>(
      port,
      { id, supported: VIDEO_CODECS },
      [],
    );
    this.#supported = reply.supported;
    return port;
  }

  #ask<T extends VideoReply>(
    port: MessagePort,
    request: VideoRequest & { readonly id: number },
    transfer: ArrayBuffer[],
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#answers.set(request.id, { resolve: (reply) => resolve(reply as T), reject });
      port.postMessage(request, transfer);
    });
  }
}
