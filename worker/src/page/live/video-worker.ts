/**
 * Web worker: pixels of a movement in, frames of a video out, each at once: none waits for a later one. With a quantiser for
 * each frame instead of a bit rate, so that no frame is left out or blurred for those before it. Bytes of a picture of a turn
 * by 1.2°, 640 × 360, and 1 − SSIM of its luma: JPEG of quality 75 13.3 kB, 0.0090; VP9 of quantiser 45 6.2 kB, 0.0037.
 */
import { VIDEO_CODEC_STRINGS, type VideoCodec } from '@kiln/shared';
import { i420Bytes, JFIF, toJfif } from '../film/i420.ts';
import { unixMs } from '../unix-time.ts';
import type { VideoFrameReply, VideoFrameRequest, VideoReply, VideoRequest } from './video-messages.ts';

/** Quantisers that look like a JPEG of quality 90, and of quality 40. */
const QUANTISERS = {
  vp9: [44, 63],
  av1: [44, 62],
  h264: [27, 44],
} as const satisfies Record<VideoCodec, readonly [number, number]>;

/** A stream that nobody moves in for so long has no encoder: it would hold megabytes. */
const IDLE_MS = 10_000;

class Stream {
  readonly #codec: VideoCodec;
  readonly #encoder: VideoEncoder;
  readonly #widthPx: number;
  readonly #heightPx: number;
  readonly #planes: Uint8Array<ArrayBuffer>;
  #count = 0;
  /** Of the frame that is encoded. */
  #answer: { resolve: (chunk: EncodedVideoChunk) => void; reject: (error: unknown) => void } | null = null;

  constructor({ codec, widthPx, heightPx }: VideoFrameRequest) {
    this.#codec = codec;
    this.#widthPx = widthPx;
    this.#heightPx = heightPx;
    this.#planes = new Uint8Array(i420Bytes(widthPx, heightPx));
    this.#encoder = new VideoEncoder({
      output: (chunk) => this.#answer?.resolve(chunk),
      error: (error) => this.#answer?.reject(error),
    });
    this.#encoder.configure(configOf(codec, widthPx, heightPx));
  }

  fits({ codec, widthPx, heightPx }: VideoFrameRequest): boolean {
    const isSame = codec === this.#codec && widthPx === this.#widthPx && heightPx === this.#heightPx;
    return isSame && this.#encoder.state === 'configured';
  }

  async encode({ isKey, pixels, quality }: VideoFrameRequest): Promise<EncodedVideoChunk> {
    toJfif(new Uint8Array(pixels), this.#widthPx, this.#heightPx, this.#planes);
    const frame = new VideoFrame(this.#planes, {
      format: 'I420',
      codedWidth: this.#widthPx,
      codedHeight: this.#heightPx,
      timestamp: this.#count * 40_000,
      colorSpace: JFIF,
    });
    this.#count += 1;
    const encoded = new Promise<EncodedVideoChunk>((resolve, reject) => {
      this.#answer = { resolve, reject };
    });
    const quantizer = quantiserOf(this.#codec, quality);
    const options = { vp9: { vp9: { quantizer } }, av1: { av1: { quantizer } }, h264: { avc: { quantizer } } };
    try {
      this.#encoder.encode(frame, { keyFrame: isKey, ...options[this.#codec] });
    } finally {
      frame.close();
    }
    return encoded;
  }

  close(): void {
    if (this.#encoder.state !== 'closed') this.#encoder.close();
    // An encoder that is closed says nothing of what it was given.
    this.#answer?.reject(new Error('the stream is over'));
  }
}

const streams = new Map<string, { stream: Stream; timer: ReturnType<typeof setTimeout> }>();
/** One frame at a time: they build on one another. */
let last: Promise<unknown> = Promise.resolve();

addEventListener('message', ({ ports: [port] }: MessageEvent) => {
  if (!port) return;
  const reply = (message: VideoReply, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  port.onmessage = ({ data }: MessageEvent<VideoRequest>) => {
    if ('over' in data) end(data.over);
    else if ('supported' in data)
      void supportedOf(data.supported).then((supported) => reply({ id: data.id, supported }));
    else {
      last = last
        .then(() => answer(data))
        .then((answered) => reply(answered, [answered.pixels, ...(answered.frame ? [answered.frame.bytes] : [])]));
    }
  };
});

async function answer(request: VideoFrameRequest): Promise<VideoFrameReply> {
  const { id, key, pixels } = request;
  const startedAtMs = unixMs();
  try {
    const known = streams.get(key);
    const fitting = known?.stream.fits(request) ? known.stream : null;
    if (!fitting) end(key);
    else if (known) clearTimeout(known.timer);
    const stream = fitting ?? new Stream(request);
    streams.set(key, { stream, timer: setTimeout(() => end(key), IDLE_MS) });
    const chunk = await stream.encode({ ...request, isKey: request.isKey || !fitting });
    const bytes = new ArrayBuffer(chunk.byteLength);
    chunk.copyTo(bytes);
    return { id, pixels, frame: { bytes, isKey: chunk.type === 'key', durationMs: unixMs() - startedAtMs } };
  } catch {
    end(key);
    return { id, pixels, frame: null };
  }
}

function end(key: string): void {
  const known = streams.get(key);
  if (!known) return;
  clearTimeout(known.timer);
  known.stream.close();
  streams.delete(key);
}

const configOf = (codec: VideoCodec, width: number, height: number): VideoEncoderConfig => ({
  codec: VIDEO_CODEC_STRINGS[codec],
  width,
  height,
  latencyMode: 'realtime',
  bitrateMode: 'quantizer',
  // With its parameter sets: there is no other way for them.
  ...(codec === 'h264' && { avc: { format: 'annexb' } }),
});

async function supportedOf(codecs: readonly VideoCodec[]): Promise<readonly VideoCodec[]> {
  if (!('VideoEncoder' in globalThis)) return [];
  const isSupported = async (codec: VideoCodec) => {
    const support = await VideoEncoder.isConfigSupported(configOf(codec, 640, 360)).catch(() => null);
    return support?.supported === true;
  };
  const answers = await Promise.all(codecs.map(isSupported));
  return codecs.filter((_, i) => answers[i]);
}

function quantiserOf(codec: VideoCodec, quality: number): number {
  const [at90, at40] = QUANTISERS[codec];
  return Math.round(at40 + ((at90 - at40) * (Math.min(90, Math.max(40, quality)) - 40)) / 50);
}
