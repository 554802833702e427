/**
 * How pictures of a movement are encoded: with a quantiser for each frame instead of a bit rate, so that no frame is left out
 * or blurred for those before it. Bytes of a picture of a turn by 1.2°, 640 × 360, and 1 − SSIM of its luma:
 *
 * | as | `contentHint: 'detail'` | without |
 * | --- | --- | --- |
 * | VP9, quantiser 44 | | 8.8 kB, 0.0030 |
 * | VP9, 50 | 6.2 kB, 0.0025 | 7.9 kB, 0.0036 |
 * | VP9, 56 | 5.9 kB, 0.0027 | 7.5 kB, 0.0039 |
 * | VP9, 63 | 5.3 kB, 0.0031 | |
 * | AV1, 50 | 7.5 kB, 0.0033 | 9.1 kB, 0.0039 |
 * | AV1, 60 | 6.6 kB, 0.0039 | |
 *
 * Encoding takes 5 to 8 ms each way. Two temporal layers take 7 % more than one; the latency mode `quality` saves VP9 nothing and takes
 * AV1 a third longer. Chromium's H.264 in software takes no quantisers, only a bit rate.
 */
import { VIDEO_CODEC_STRINGS, type VideoCodec } from '@kiln/shared';

/** Quantisers that look like a JPEG of quality 90, and of quality 40. */
const QUANTISERS = {
  vp9: [50, 63],
  av1: [44, 62],
  h264: [27, 44],
} as const satisfies Record<VideoCodec, readonly [number, number]>;

/** Bits a pixel of quality 90, and of quality 40, where a bit rate is all that an encoder takes. */
const PIXEL_BITS = [0.5, 0.08] as const;
/** A new bit rate is told in so many steps between them: each is another configuration. */
const RATE_STEPS = 5;

/** As timestamps say. */
export const FRAMES_PER_SECOND = 25;

export interface Encoding {
  readonly codec: VideoCodec;
  readonly takesQuantisers: boolean;
}

export interface EncodedSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

/** @param quality 1 to 100, as of JPEG. */
export const encoderConfig = (
  { codec, takesQuantisers }: Encoding,
  { widthPx, heightPx }: EncodedSize,
  quality: number,
): VideoEncoderConfig => ({
  codec: VIDEO_CODEC_STRINGS[codec],
  width: widthPx,
  height: heightPx,
  latencyMode: 'realtime',
  // Edges and textures that move on are found again instead of being coded anew.
  ...(codec !== 'h264' && { contentHint: 'detail' }),
  ...(takesQuantisers
    ? { bitrateMode: 'quantizer' }
    : {
        bitrateMode: 'variable',
        framerate: FRAMES_PER_SECOND,
        bitrate: bitrateOf(quality, widthPx * heightPx),
      }),
  // With its parameter sets: there is no other way for them.
  ...(codec === 'h264' && { avc: { format: 'annexb' } }),
});

export function frameOptions({ codec, takesQuantisers }: Encoding, quality: number): VideoEncoderEncodeOptions {
  if (!takesQuantisers) return {};
  const [at90, at40] = QUANTISERS[codec];
  const quantizer = Math.round(at40 + (at90 - at40) * shareOf(quality));
  return { vp9: { vp9: { quantizer } }, av1: { av1: { quantizer } }, h264: { avc: { quantizer } } }[codec];
}

/** What this browser encodes with. */
export async function encodingsOf(codecs: readonly VideoCodec[]): Promise<Encoding[]> {
  if (!('VideoEncoder' in globalThis)) return [];
  const isSupported = async (encoding: Encoding) => {
    const config = encoderConfig(encoding, { widthPx: 640, heightPx: 360 }, 90);
    const support = await VideoEncoder.isConfigSupported(config).catch(() => null);
    return support?.supported === true;
  };
  const found: Encoding[] = [];
  for (const codec of codecs) {
    const ways = [true, false].map((takesQuantisers): Encoding => ({ codec, takesQuantisers }));
    const answers = await Promise.all(ways.map(isSupported));
    found.push(...ways.filter((_, i) => answers[i]).slice(0, 1));
  }
  return found;
}

function bitrateOf(quality: number, pixels: number): number {
  const [at90, at40] = PIXEL_BITS;
  const share = Math.round(shareOf(quality) * RATE_STEPS) / RATE_STEPS;
  return Math.round(pixels * FRAMES_PER_SECOND * at40 * (at90 / at40) ** share);
}

/** 0 of quality 40 and below, 1 of 90 and above. */
const shareOf = (quality: number): number => (Math.min(90, Math.max(40, quality)) - 40) / 50;
