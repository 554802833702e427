import { type FilmCodec, KilnError, type Size } from '@kiln/shared';
import {
  Mp4OutputFormat,
  Output,
  QUALITY_VERY_HIGH,
  StreamTarget,
  type VideoCodec,
  VideoSample,
  VideoSampleSource,
  WebMOutputFormat,
} from 'mediabunny';
import type { FilmBytes } from './film-bytes.ts';
import type { FilmMaker, FilmMakerOrder, FilmPicture } from './film-maker.ts';
import { evenSize } from './film-size.ts';
import { BT709_LIMITED, i420Bytes, toI420 } from './i420.ts';
import { Soundtrack } from './soundtrack.ts';

export interface VideoMakerOrder extends FilmMakerOrder {
  readonly container: 'mp4' | 'webm';
  readonly codec: FilmCodec;
  /** A sound file. */
  readonly audio: Blob | null;
}

const CODECS: Readonly<Partial<Record<FilmCodec, VideoCodec>>> = { h264: 'avc', vp9: 'vp9', av1: 'av1' };

/** So often a film can be entered without decoding what was before, in seconds. */
const KEY_FRAME_SEC = 2;

/** MP4 and WebM by WebCodecs. The index of an MP4 stands at its head: there is room for it, because the length is known. */
export class VideoMaker implements FilmMaker {
  readonly size: Size;
  readonly #order: VideoMakerOrder;
  readonly #output: Output;
  readonly #video: VideoSampleSource;
  readonly #soundtrack: Soundtrack | null;
  readonly #planes: Uint8Array<ArrayBuffer>;
  #pictures = 0;

  private constructor(
    order: VideoMakerOrder,
    size: Size,
    output: Output,
    video: VideoSampleSource,
    soundtrack: Soundtrack | null,
  ) {
    this.#order = order;
    this.size = size;
    this.#output = output;
    this.#video = video;
    this.#soundtrack = soundtrack;
    this.#planes = new Uint8Array(i420Bytes(size.widthPx, size.heightPx));
  }

  /** @throws KilnError `job.unsupported` when this browser has no such encoder, or cannot read the sound. */
  static async open(order: VideoMakerOrder, bytes: FilmBytes): Promise<VideoMaker> {
    const codec = CODECS[order.codec];
    if (!codec) throw new KilnError('job.unsupported', `the page has no encoder for ${order.codec}`);
    const { rate, container, pictureCount } = order;
    const target = new StreamTarget(new WritableStream({ write: ({ data, position }) => bytes.write(position, data) }));
    const format =
      container === 'mp4' ? new Mp4OutputFormat({ fastStart: 'reserve' }) : new WebMOutputFormat({ appendOnly: false });
    const output = new Output({ format, target });
    const video = new VideoSampleSource({
      codec,
      bitrate: QUALITY_VERY_HIGH,
      keyFrameInterval: KEY_FRAME_SEC,
      latencyMode: 'quality',
    });
    output.addVideoTrack(video, {
      frameRate: rate.numerator / rate.denominator,
      maximumPacketCount: pictureCount,
    });
    const endSec = (pictureCount * rate.denominator) / rate.numerator;
    const soundtrack = order.audio ? await Soundtrack.open(order.audio, container, output, endSec) : null;
    await output.start();
    return new VideoMaker(order, evenSize(order.size), output, video, soundtrack);
  }

  async add({ rgba }: FilmPicture): Promise<void> {
    const { widthPx, heightPx } = this.size;
    const { numerator, denominator } = this.#order.rate;
    const timestamp = (this.#pictures * denominator) / numerator;
    const duration = denominator / numerator;
    this.#pictures += 1;
    await this.#soundtrack?.feed(timestamp + duration);
    toI420(rgba, widthPx, heightPx, this.#planes);
    const sample = new VideoSample(this.#planes, {
      format: 'I420',
      codedWidth: widthPx,
      codedHeight: heightPx,
      timestamp,
      duration,
      colorSpace: BT709_LIMITED,
    });
    try {
      await this.#video.add(sample);
    } finally {
      sample.close();
    }
  }

  async end(): Promise<{ readonly audioCodec: string | null }> {
    await this.#soundtrack?.end();
    await this.#output.finalize();
    return { audioCodec: this.#soundtrack?.codec ?? null };
  }
}
