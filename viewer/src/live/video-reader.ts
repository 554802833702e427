/**
 * [LV40] Frames of a video to their pixels, off the main thread, each at once. In software: it takes two milliseconds for what
 * a live view shows while it moves, and gives planes that can be read.
 */
import type { PictureHeader, VideoCodec } from '@kiln/shared';
import type { YuvPicture } from './yuv-picture.ts';

/** A decoder that says nothing for so long is stuck: the next key frame begins with another. */
const READ_MS = 2_000;

interface Awaited {
  resolve(frame: VideoFrame): void;
  reject(error: unknown): void;
}

type FrameHeader = Pick<PictureHeader, 'sequence' | 'delta'>;

/** Handed in: the part of the program that is fetched later is this one alone. */
interface VideoReaderParts {
  configOf(codec: VideoCodec): VideoDecoderConfig;
  yuvOf(frame: VideoFrame): Promise<YuvPicture | null>;
}

/** One decoder, and what was given to it, in that order. */
class Decoding {
  readonly codec: VideoCodec;
  readonly #decoder: VideoDecoder;
  readonly #awaited: Awaited[] = [];
  /** Of the frame that was taken last: the next is read with it. Null after one that could not be read. */
  #sequence: number | null = null;

  constructor(codec: VideoCodec, config: VideoDecoderConfig) {
    this.codec = codec;
    this.#decoder = new VideoDecoder({
      output: (frame) => {
        const awaited = this.#awaited.shift();
        if (awaited) awaited.resolve(frame);
        else frame.close();
      },
      error: (error) => this.#fail(error),
    });
    this.#decoder.configure(config);
  }

  get isOpen(): boolean {
    return this.#decoder.state === 'configured';
  }

  isBefore(sequence: number): boolean {
    return this.isOpen && this.#sequence !== null && sequence === this.#sequence + 1;
  }

  take({ sequence, delta = false }: FrameHeader, data: Uint8Array): Promise<VideoFrame> {
    return new Promise((resolve, reject) => {
      // What throws is no frame that the next one can be read with.
      this.#sequence = null;
      this.#decoder.decode(new EncodedVideoChunk({ type: delta ? 'delta' : 'key', timestamp: sequence, data }));
      this.#sequence = sequence;
      const timer = setTimeout(() => this.close(), READ_MS);
      const over =
        <T>(tell: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          tell(value);
        };
      this.#awaited.push({ resolve: over(resolve), reject: over(reject) });
    });
  }

  close(): void {
    if (this.#decoder.state !== 'closed') this.#decoder.close();
    this.#fail(new Error('the video is over'));
  }

  #fail(error: unknown): void {
    this.#sequence = null;
    for (const { reject } of this.#awaited.splice(0)) reject(error);
  }
}

export class VideoReader {
  readonly #parts: VideoReaderParts;
  #decoding: Decoding | null = null;

  constructor(parts: VideoReaderParts) {
    this.#parts = parts;
  }

  /** @throws Error for a frame that cannot be read, and for one whose picture before is missing. */
  async decode(codec: VideoCodec, header: FrameHeader, bytes: Uint8Array): Promise<YuvPicture> {
    const frame = await this.#decoderFor(codec, header).take(header, bytes);
    try {
      const picture = await this.#parts.yuvOf(frame);
      if (!picture) throw new Error(`a video decodes to ${frame.format ?? 'what cannot be read'}`);
      return picture;
    } finally {
      frame.close();
    }
  }

  /** With a key frame a video begins, in the decoder that is there where that goes on. */
  #decoderFor(codec: VideoCodec, { sequence, delta = false }: FrameHeader): Decoding {
    const known = this.#decoding?.codec === codec ? this.#decoding : null;
    if (delta) {
      if (known?.isBefore(sequence)) return known;
      throw new Error('the picture before a frame of a video is missing');
    }
    if (known?.isOpen) return known;
    this.close();
    this.#decoding = new Decoding(codec, this.#parts.configOf(codec));
    return this.#decoding;
  }

  close(): void {
    this.#decoding?.close();
    this.#decoding = null;
  }
}
