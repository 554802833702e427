import { videoConfigOf } from './readable-codecs.ts';
import type { VideoReader } from './video-reader.ts';
import { yuvOf } from './yuv-picture.ts';

/** Most views never get a video: what reads it is a part of the program that comes with the first one. */
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

  close(): void {
    this.#reader?.then((reader) => reader.close()).catch(() => {});
    this.#reader = null;
  }
}

const load = async (): Promise<VideoReader> => {
  const { VideoReader: Reader } = await import('./video-reader.ts');
  return new Reader({ configOf: videoConfigOf, yuvOf });
};
