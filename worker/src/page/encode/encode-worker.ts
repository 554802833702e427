/** Web worker: raw pixels in, an encoded picture with its hash and statistics out. One picture at a time. */
import { IMAGE_FORMATS, type PassFile } from '@kiln/shared';
import type { DataPlane } from '../engine/passes/planes.ts';
import { Garbage } from '../garbage.ts';
import { sha256Hex } from '../sha256.ts';
import { unixMs } from '../unix-time.ts';
import { lendHand, takeHand } from './deflate-beside.ts';
import { turnRows } from './exr-layers.ts';
import { mended } from './mended.ts';
import {
  buffersOf,
  type Encoded,
  type EncodeReply,
  type EncodeRequest,
  type FrameOrigin,
  type HandMessage,
} from './messages.ts';
import { passStatistics } from './pass-statistics.ts';
import { frameFiles } from './picture-file.ts';
import { type Bytes, type Floats, mendData, PixelMeter } from './statistics.ts';

const garbage = new Garbage();

addEventListener('message', ({ ports: [port] }: MessageEvent) => {
  if (!port) return;
  port.onmessage = async ({ data, ports: [other] }: MessageEvent<EncodeRequest | HandMessage>) => {
    if ('hand' in data) {
      if (other) (data.hand === 'lend' ? lendHand : takeHand)(other);
      return;
    }
    const { id } = data;
    const buffers = buffersOf(data);
    try {
      const encoded = await encode(data);
      port.postMessage({ id, buffers, encoded } satisfies EncodeReply, [...buffers, encoded.bytes]);
    } catch (error) {
      const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
      port.postMessage({ id, buffers, error: message, stack } satisfies EncodeReply, buffers);
    }
    garbage.count();
  };
});

async function encode(request: EncodeRequest): Promise<Encoded> {
  const startedAtMs = unixMs();
  const { pixels, nanCount: beautyNans } = pixelsOf(request);
  const nanCount = request.planes.reduce((sum, { values }) => sum + mendData(new Float32Array(values)), beautyNans);
  const one = pixels instanceof Uint8ClampedArray ? 255 : 1;
  const { origin } = request;
  const statistics = origin && { ...measured(origin, pixels, one, request.planes), nanCount };
  const files = await frameFiles(request, pixels);
  const named: PassFile[] = [];
  if (origin) for (const { pass, bytes } of files) named.push({ pass, ...(await describe(bytes)) });
  const sha256 = named[0]?.sha256 ?? '';
  const [first] = files;
  const bytes =
    files.length === 1 && first ? first.bytes : await new Blob(files.map((file) => file.bytes)).arrayBuffer();
  const encode = { startedAtMs, durationMs: unixMs() - startedAtMs };
  const encoded = { bytes, mediaType: IMAGE_FORMATS[request.format].mediaType, encode, sha256, statistics };
  return files.length === 1 ? encoded : { ...encoded, files: named };
}

/** Of the picture, or where the frame does not hold it, of its first pass. */
function measured(
  { settings: { passes }, sampling }: FrameOrigin,
  pixels: Bytes | Floats,
  one: number,
  planes: readonly DataPlane[],
) {
  const [first = 'beauty'] = passes;
  if (first !== 'beauty') return passStatistics(first, planes, sampling.samples);
  const meter = new PixelMeter(one);
  meter.add(pixels);
  return meter.result();
}

const describe = async (bytes: ArrayBuffer) => ({ sha256: await sha256Hex(bytes), sizeBytes: bytes.byteLength });

function pixelsOf({ pixels, bitDepth, hasAlpha, areSums, widthPx, heightPx }: EncodeRequest) {
  if (areSums) return { pixels: turnRows(new Float32Array(pixels), widthPx, heightPx), nanCount: 0 };
  return mended(pixels, bitDepth, hasAlpha);
}
