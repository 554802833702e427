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

export class VideoReader {
  readonly #parts: VideoReaderParts;
  #decoder: VideoDecoder | null = null;
  #codec: VideoCodec | null = null;
  /** Of the frame that was taken last: the next is read with it. */
  #sequence = 0;
  /** In the order in which they were given. */
  readonly #awaited: Awaited[] = [];

  constructor(parts: VideoReaderParts) {
    this.#parts = parts;
  }

  /** @throws Error for a frame that cannot be read, and for one whose picture before is missing. */
  async decode(codec: VideoCodec, { sequence, delta = false }: FrameHeader, bytes: Uint8Array): Promise<YuvPicture> {
    const frame = await this.#frame(codec, sequence, delta, bytes);
    try {
      const picture = await this.#parts.yuvOf(frame);
      if (!picture) throw new Error(`a video decodes to ${frame.format ?? 'what cannot be read'}`);
      return picture;
    } finally {
      frame.close();
    }
  }

  #frame(codec: VideoCodec, sequence: number, delta: boolean, data: Uint8Array): Promise<VideoFrame> {
    const decoder = delta ? this.#going(codec, sequence) : this.#begun(codec);
    if (!decoder) return Promise.reject(new Error('the picture before a frame of a video is missing'));
    this.#sequence = sequence;
    return new Promise((resolve, reject) => {
      // It throws where it is none; what it gives comes later.
      decoder.decode(new EncodedVideoChunk({ type: delta ? 'delta' : 'key', timestamp: sequence, data }));
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

  #going(codec: VideoCodec, sequence: number): VideoDecoder | null {
    const isNext = codec === this.#codec && sequence === this.#sequence + 1;
    return isNext && this.#decoder?.state === 'configured' ? this.#decoder : null;
  }

  #begun(codec: VideoCodec): VideoDecoder {
    if (this.#decoder?.state === 'configured' && codec === this.#codec) return this.#decoder;
    this.close();
    const decoder = new VideoDecoder({
      output: (frame) => {
        const awaited = this.#awaited.shift();
        if (awaited) awaited.resolve(frame);
        else frame.close();
      },
      error: (error) => {
        for (const { reject } of this.#awaited.splice(0)) reject(error);
      },
    });
    decoder.configure(this.#parts.configOf(codec));
    [this.#decoder, this.#codec] = [decoder, codec];
    return decoder;
  }

  close(): void {
    if (this.#decoder && this.#decoder.state !== 'closed') this.#decoder.close();
    this.#decoder = null;
    for (const { reject } of this.#awaited.splice(0)) reject(new Error('the video is over'));
  }
}
