/** One video: pixels in, frames out, each at once, one at a time: they build on one another. */
import { i420Bytes, JFIF, toJfif } from '../film/i420.ts';
import { type EncodedSize, type Encoding, encoderConfig, FRAMES_PER_SECOND, frameOptions } from './video-encoding.ts';
import type { VideoFrameRequest } from './video-messages.ts';

/** An encoder that says nothing for so long holds frames back, or is stuck: it is of no use here. */
const ENCODE_MS = 2_000;

/** Of what was under way when a stream was ended. */
export class StreamOver extends Error {}

export class VideoStream {
  readonly #encoding: Encoding;
  readonly #encoder: VideoEncoder;
  readonly #size: EncodedSize;
  readonly #planes: Uint8Array<ArrayBuffer>;
  #bitrate: number | undefined;
  #count = 0;
  /** Of the frame that is encoded. */
  #answer: { resolve: (chunk: EncodedVideoChunk) => void; reject: (error: unknown) => void } | null = null;

  /** @throws Error where the browser cannot. */
  constructor(
    encoding: Encoding,
    { widthPx, heightPx, quality }: Pick<VideoFrameRequest, 'widthPx' | 'heightPx' | 'quality'>,
  ) {
    this.#encoding = encoding;
    this.#size = { widthPx, heightPx };
    this.#planes = new Uint8Array(i420Bytes(widthPx, heightPx));
    this.#encoder = new VideoEncoder({
      output: (chunk) => this.#answer?.resolve(chunk),
      error: (error) => this.#answer?.reject(error),
    });
    this.#configure(quality);
  }

  fits({ codec, widthPx, heightPx }: VideoFrameRequest): boolean {
    const isSame = codec === this.#encoding.codec && widthPx === this.#size.widthPx && heightPx === this.#size.heightPx;
    return isSame && this.#encoder.state === 'configured';
  }

  /** @throws Error where it cannot be encoded; `StreamOver`. */
  async encode({
    isKey,
    pixels,
    quality,
  }: Pick<VideoFrameRequest, 'isKey' | 'pixels' | 'quality'>): Promise<EncodedVideoChunk> {
    const { widthPx, heightPx } = this.#size;
    toJfif(new Uint8Array(pixels), widthPx, heightPx, this.#planes);
    const frame = new VideoFrame(this.#planes, {
      format: 'I420',
      codedWidth: widthPx,
      codedHeight: heightPx,
      timestamp: (this.#count * 1_000_000) / FRAMES_PER_SECOND,
      colorSpace: JFIF,
    });
    this.#count += 1;
    try {
      this.#configure(quality);
      this.#encoder.encode(frame, { keyFrame: isKey, ...frameOptions(this.#encoding, quality) });
    } finally {
      frame.close();
    }
    return new Promise<EncodedVideoChunk>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the encoder says nothing')), ENCODE_MS);
      const over =
        <T>(tell: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          tell(value);
        };
      this.#answer = { resolve: over(resolve), reject: over(reject) };
    });
  }

  close(): void {
    if (this.#encoder.state !== 'closed') this.#encoder.close();
    // An encoder that is closed says nothing of what it was given.
    this.#answer?.reject(new StreamOver('the stream is over'));
  }

  /** Where a quality is a bit rate, another one is another configuration; frames go on building on one another. */
  #configure(quality: number): void {
    const config = encoderConfig(this.#encoding, this.#size, quality);
    if (this.#encoder.state === 'configured' && config.bitrate === this.#bitrate) return;
    this.#encoder.configure(config);
    this.#bitrate = config.bitrate;
  }
}
