import type { LiveOutcome, PageCall } from '../contract.ts';
import { liveOrder } from '../encode/frame-order.ts';
import type { PageServices } from '../page-services.ts';

interface EncodedLive extends Pick<LiveOutcome, 'video' | 'encodeMs'> {
  readonly bytes: ArrayBuffer;
}

/** A live picture as it is sent: a frame of a video where one is wanted and the browser can, a picture else. */
export async function encodeLive(
  { encoder, videos }: Pick<PageServices, 'encoder' | 'videos'>,
  { format, quality, size, video }: Extract<PageCall, { call: 'live' }>,
  pixels: Uint8Array<ArrayBuffer>,
  hasAlpha: boolean,
): Promise<EncodedLive> {
  const codec = video && !hasAlpha ? videos.codecOf(video, size) : null;
  const frame = video && codec ? await videos.encode(pixels, size, video, codec, quality) : pixels;
  if (!(frame instanceof Uint8Array)) {
    const { bytes, isKey, durationMs } = frame;
    return { bytes, video: codec && { codec, isKey }, encodeMs: durationMs };
  }
  const { bytes, encode } = await encoder.encode(liveOrder({ pixels: frame, size, format, quality, hasAlpha }));
  return { bytes, video: null, encodeMs: encode.durationMs };
}
