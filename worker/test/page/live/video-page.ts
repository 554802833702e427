/** Runs in the browser: pictures through `VideoStreams`, read again by the browser. The size of a picture is what its encoder does. */
import { type Size, VIDEO_CODEC_STRINGS, type VideoCodec } from '@kiln/shared';
import { VideoStreams } from '../../../src/page/live/video-streams.ts';
import { PixelBuffers } from '../../../src/page/pixel-buffers.ts';

export interface Shown {
  readonly codec: VideoCodec | null;
  /** `pixels` came back as they were given. */
  readonly became: 'key' | 'delta' | 'pixels' | 'other pixels' | 'lost';
}

export interface Order {
  readonly key?: string;
  readonly codecs: readonly VideoCodec[];
  /** @defaultValue 64 × 48 */
  readonly widthPx?: number;
  readonly heightPx?: number;
  readonly isKey?: boolean;
  readonly quality?: number;
}

declare global {
  interface Window {
    /** Encodes a picture of another time each; ends the stream at once where asked to. */
    encodeVideo?: (order: Order, endsAtOnce?: boolean) => Promise<Shown>;
    endVideo?: (key: string) => void;
    /** What is taken of these codecs at once, and when it is known what the browser encodes. */
    codecsOfNew?: (codecs: readonly VideoCodec[]) => Promise<(VideoCodec | null)[]>;
    /** Mean difference of luma of each frame that was encoded since it was asked last, and its bytes. */
    readVideo?: () => Promise<{ apart: number; bytes: number }[]>;
  }
}

const streams = new VideoStreams(new PixelBuffers());
let time = 0;
let sent: { codec: VideoCodec; isKey: boolean; bytes: ArrayBuffer; luma: Uint8Array }[] = [];

window.codecsOfNew = async (codecs) => {
  const fresh = new VideoStreams(new PixelBuffers());
  const taken = () => fresh.codecOf({ key: 'a', codecs, isKey: true }, { widthPx: 64, heightPx: 48 });
  const atOnce = taken();
  await fresh.ready();
  return [atOnce, taken()];
};

window.endVideo = (key) => streams.end(key);

window.encodeVideo = async (
  { key = 'a', codecs, widthPx = 64, heightPx = 48, isKey = false, quality = 90 },
  endsAtOnce = false,
) => {
  time += 1;
  const size = { widthPx, heightPx };
  const given = pictureAt(time, size);
  const order = { key, codecs, isKey };
  await streams.ready();
  const codec = streams.codecOf(order, size);
  if (!codec) return { codec, became: 'pixels' };
  const encoding = streams.encode(given.slice(), size, order, codec, quality);
  // It has been handed over by then.
  if (endsAtOnce) setTimeout(() => streams.end(key));
  const frame = await encoding.catch(() => null);
  if (frame === null) return { codec, became: 'lost' };
  if (frame instanceof Uint8Array)
    return { codec, became: frame.every((level, i) => level === given[i]) ? 'pixels' : 'other pixels' };
  sent.push({ ...frame, luma: lumaOf(given) });
  return { codec, became: frame.isKey ? 'key' : 'delta' };
};

window.readVideo = async () => {
  const frames = sent;
  sent = [];
  const { codec = 'vp9' } = frames[0] ?? {};
  const read: VideoFrame[] = [];
  const decoder = new VideoDecoder({ output: (frame) => read.push(frame), error: (error) => console.error(error) });
  decoder.configure({ codec: VIDEO_CODEC_STRINGS[codec], optimizeForLatency: true });
  for (const [timestamp, { isKey, bytes }] of frames.entries())
    decoder.decode(new EncodedVideoChunk({ type: isKey ? 'key' : 'delta', timestamp, data: bytes }));
  await decoder.flush();
  decoder.close();
  const figures: { apart: number; bytes: number }[] = [];
  for (const [at, { luma, bytes }] of frames.entries()) {
    const frame = read[at];
    if (!frame) throw new Error(`frame ${at} was held back`);
    const { displayWidth: width, displayHeight: height } = frame;
    const planes = new Uint8Array(frame.allocationSize());
    const [first] = await frame.copyTo(planes);
    frame.close();
    let sum = 0;
    for (let i = 0; i < width * height; i += 1) {
      const there = (first?.offset ?? 0) + Math.floor(i / width) * (first?.stride ?? width) + (i % width);
      sum += Math.abs((planes[there] ?? 0) - (luma[i] ?? 0));
    }
    figures.push({ apart: width * height === luma.length ? sum / luma.length : 255, bytes: bytes.byteLength });
  }
  return figures;
};

/** A disc that goes to the right, on a grainy slope of grey that goes with it. */
function pictureAt(at: number, { widthPx, heightPx }: Size): Uint8Array<ArrayBuffer> {
  const pixels = new Uint8Array(widthPx * heightPx * 4);
  for (let i = 0; i < widthPx * heightPx; i += 1) {
    const [x, y] = [i % widthPx, Math.floor(i / widthPx)];
    const isDisc = (x - ((8 + at * 3) % widthPx)) ** 2 + (y - heightPx / 2) ** 2 < 64;
    const [along, down] = [x - at * 3, y];
    const grain = 14 * Math.sin(along * 1.1) * Math.sin(down * 0.9) + 9 * Math.sin(along * 0.37 + down * 2.3);
    const grey = 60 + (128 * x) / widthPx + grain;
    pixels.set(isDisc ? [230, 120, 40, 255] : [grey, grey, grey + 10, 255], i * 4);
  }
  return pixels;
}

/** ITU-R BT.601, full range. */
const lumaOf = (pixels: Uint8Array) =>
  Uint8Array.from({ length: pixels.length / 4 }, (_, i) => {
    const [r = 0, g = 0, b = 0] = pixels.subarray(i * 4, i * 4 + 3);
    return Math.round(0.299 * r + 0.587 * g + 0.114 * b);
  });
