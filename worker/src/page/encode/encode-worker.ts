/** Web worker: raw pixels in, an encoded picture with its hash and statistics out. One picture at a time. */
import { FORMAT_MEDIA_TYPE } from '@kiln/shared';
import { Garbage } from '../garbage.ts';
import { sha256Hex } from '../sha256.ts';
import { unixMs } from '../unix-time.ts';
import type { Encoded, EncodeReply, EncodeRequest } from './messages.ts';
import { measurePixels, mendPixels } from './statistics.ts';
import { encodeTransparentPng } from './transparent-png.ts';

const garbage = new Garbage();
let canvas: OffscreenCanvas | null = null;

addEventListener('message', ({ ports: [port] }: MessageEvent) => {
  if (!port) return;
  port.onmessage = async ({ data }: MessageEvent<EncodeRequest>) => {
    const { id, pixels } = data;
    try {
      const encoded = await encode(data);
      port.postMessage({ id, pixels, encoded } satisfies EncodeReply, [pixels, encoded.bytes]);
    } catch (error) {
      const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
      port.postMessage({ id, pixels, error: message, stack } satisfies EncodeReply, [pixels]);
    }
    garbage.count();
  };
});

async function encode(request: EncodeRequest): Promise<Encoded> {
  const startedAtMs = unixMs();
  const pixels = new Uint8ClampedArray(request.pixels);
  const nanCount = mendPixels(pixels, request.hasAlpha);
  const statistics = request.isFrame ? { ...measurePixels(pixels), nanCount } : null;
  const bytes = await compress(request, pixels);
  const sha256 = request.isFrame ? await sha256Hex(bytes) : '';
  const encode = { startedAtMs, durationMs: unixMs() - startedAtMs };
  return { bytes, mediaType: FORMAT_MEDIA_TYPE[request.format], encode, sha256, statistics };
}

async function compress(request: EncodeRequest, pixels: Uint8ClampedArray<ArrayBuffer>): Promise<ArrayBuffer> {
  const { widthPx, heightPx, format, quality, hasAlpha } = request;
  if (hasAlpha && format === 'png') return encodeTransparentPng(pixels, widthPx, heightPx);
  if (!canvas || canvas.width !== widthPx || canvas.height !== heightPx)
    canvas = new OffscreenCanvas(widthPx, heightPx);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error(`no canvas of ${widthPx} × ${heightPx}`);
  context.putImageData(new ImageData(pixels, widthPx, heightPx), 0, 0);
  const type = FORMAT_MEDIA_TYPE[format];
  const blob = await canvas.convertToBlob({ type, quality: quality / 100 });
  if (blob.type !== type) throw new Error(`this browser encodes ${blob.type} where ${type} was asked for`);
  return blob.arrayBuffer();
}
