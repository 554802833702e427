/** Runs in the browser: videos made by its own encoders, through `VideoReader`. */
import { VIDEO_CODEC_STRINGS, type VideoCodec } from '@kiln/shared';
import { videoConfigOf } from '../../src/live/readable-codecs.ts';
import { VideoReader } from '../../src/live/video-reader.ts';
import { yuvOf } from '../../src/live/yuv-picture.ts';

interface Made {
  readonly isKey: boolean;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of all of it. */
  readonly grey: number;
  readonly width: number;
}

/** What became of a frame: its grey, to 4 levels, and its width; or why it was not read. */
export type Read = string;

declare global {
  interface Window {
    /** Frames of a video of plain greys, one for each; key frames where asked for, and where the width is another. */
    makeVideo?: (
      codec: VideoCodec,
      frames: readonly [grey: number, width?: number, isKey?: boolean][],
    ) => Promise<void>;
    /**
     * Gives frames of what was made to one reader.
     *
     * @param at which, by its place; `garbled`: other bytes in the place of its own; those of one list at once.
     */
    readVideo?: (steps: readonly (readonly Given[])[]) => Promise<Read[]>;
    /** The next decoder says nothing. */
    silence?: () => void;
    closeReader?: () => void;
    /** Planes of a picture that is as decoders in hardware give it. */
    readNv12?: () => Promise<number[][]>;
  }
}

export interface Given {
  readonly at: number;
  /** @defaultValue `at` + 1 */
  readonly sequence?: number;
  /** What it says it is. @defaultValue what it is */
  readonly delta?: boolean;
  readonly codec?: VideoCodec;
  readonly isGarbled?: boolean;
}

const HEIGHT = 48;
let made: Made[] = [];
let madeAs: VideoCodec = 'vp9';
let reader = new VideoReader({ configOf: videoConfigOf, yuvOf });

window.makeVideo = async (codec, frames) => {
  [made, madeAs] = [[], codec];
  let before = 0;
  let encoder: VideoEncoder | null = null;
  const chunks: EncodedVideoChunk[] = [];
  for (const [at, [grey, width = 64, isKey = false]] of frames.entries()) {
    if (width !== before) {
      encoder?.close();
      encoder = new VideoEncoder({ output: (chunk) => chunks.push(chunk), error: (error) => console.error(error) });
      encoder.configure({
        ...{ codec: VIDEO_CODEC_STRINGS[codec], width, height: HEIGHT, latencyMode: 'realtime', bitrate: 2_000_000 },
        ...(codec === 'h264' && { avc: { format: 'annexb' } }),
      });
    }
    const planes = new Uint8Array((width * HEIGHT * 3) / 2).fill(128).fill(grey, 0, width * HEIGHT);
    const frame = new VideoFrame(planes, {
      format: 'I420',
      codedWidth: width,
      codedHeight: HEIGHT,
      timestamp: at * 40_000,
    });
    encoder?.encode(frame, { keyFrame: isKey || width !== before });
    frame.close();
    await encoder?.flush();
    const chunk = chunks[at];
    if (!chunk) throw new Error('a frame was held back');
    const bytes = new Uint8Array(chunk.byteLength);
    chunk.copyTo(bytes);
    made.push({ isKey: chunk.type === 'key', bytes, grey, width });
    before = width;
  }
  encoder?.close();
  reader.close();
  reader = new VideoReader({ configOf: videoConfigOf, yuvOf });
};

window.readVideo = async (steps) => {
  const read: Read[] = [];
  for (const step of steps) {
    const results = await Promise.allSettled(step.map(readOne));
    for (const result of results) read.push(result.status === 'fulfilled' ? result.value : 'not read');
  }
  return read;
};

async function readOne({ at, sequence = at + 1, codec = madeAs, delta, isGarbled = false }: Given): Promise<Read> {
  const frame = made[at];
  if (!frame) throw new Error(`there is no frame ${at}`);
  const bytes = isGarbled ? frame.bytes.map((byte, i) => (byte * 31 + i * 77) & 255) : frame.bytes;
  const { width, planes } = await reader.decode(codec, { sequence, delta: delta ?? !frame.isKey }, bytes);
  const [{ data }] = planes;
  const middle = data[(HEIGHT / 2) * width + width / 2] ?? 0;
  return Math.abs(middle - frame.grey) <= 4 && width === frame.width
    ? `${frame.grey} ${width}`
    : `other ${middle} ${width}`;
}

window.silence = () => {
  const Real = VideoDecoder;
  globalThis.VideoDecoder = class extends Real {
    constructor(init: VideoDecoderInit) {
      super(init);
      globalThis.VideoDecoder = Real;
    }
    override decode(): void {}
  };
};

window.closeReader = () => reader.close();

window.readNv12 = async () => {
  const data = new Uint8Array([...[10, 20, 30, 40, 50, 60, 70, 80], ...[101, 201, 102, 202]]);
  const frame = new VideoFrame(data, { format: 'NV12', codedWidth: 4, codedHeight: 2, timestamp: 0 });
  const picture = await yuvOf(frame);
  frame.close();
  return picture?.planes.map((plane) => [plane.width, plane.height, ...plane.data]) ?? [];
};
