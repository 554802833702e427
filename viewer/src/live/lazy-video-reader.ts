import { isVideoCodec } from '@kiln/shared';
import { readableCodecs, videoConfigOf } from './readable-codecs.ts';
import type { VideoReader } from './video-reader.ts';
import { yuvOf } from './yuv-picture.ts';

/**
 * Most views never get a video: what reads it is a part of the program that comes later. Where the way has become narrow it
 * would keep the picture waiting: so it is fetched when a picture is at rest.
 */
export class LazyVideoReader {
  #reader: Promise<VideoReader> | null = null;

  /** Who asks first goes on first. */
  get(): Promise<VideoReader> {
    // One that did not come is asked for again.
    this.#reader ??= load().catch((error: unknown) => {
      this.#reader = null;
      throw error;
    });
    return this.#reader;
  }

  /** Where this browser reads videos. */
  prepare(): void {
    if (readableCodecs().some(isVideoCodec)) this.get().catch(() => {});
  }

  close(): void {
    this.#reader?.then((reader) => reader.close()).catch(() => {});
    this.#reader = null;
  }
}

const load = async (): Promise<VideoReader> => {
  const { VideoReader: Reader } = await import('./video-reader.ts');
  return new Reader({ configOf: videoConfigOf, yuvOf });
};
