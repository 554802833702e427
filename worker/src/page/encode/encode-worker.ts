/** Web worker: raw pixels in, an encoded picture with its hash and statistics out. One picture at a time. */
import { IMAGE_FORMATS, type PassFile } from '@kiln/shared';
import { Garbage } from '../garbage.ts';
import { sha256Hex } from '../sha256.ts';
import { unixMs } from '../unix-time.ts';
import { lendHand, takeHand } from './deflate-beside.ts';
import { turnRows } from './exr-layers.ts';
import { mended } from './mended.ts';
import { buffersOf, type Encoded, type EncodeReply, type EncodeRequest, type HandMessage } from './messages.ts';
import { frameFiles } from './picture-file.ts';
import { mendData, PixelMeter } from './statistics.ts';

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
  // Without beauty the file does not hold the picture.
  const hasPicture = origin?.settings.passes.includes('beauty') === true;
  const meter = new PixelMeter(one);
  if (hasPicture) meter.add(pixels);
  const statistics = hasPicture ? { ...meter.result(), nanCount } : null;
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

const describe = async (bytes: ArrayBuffer) => ({ sha256: await sha256Hex(bytes), sizeBytes: bytes.byteLength });

function pixelsOf({ pixels, bitDepth, hasAlpha, areSums, widthPx, heightPx }: EncodeRequest) {
  if (areSums) return { pixels: turnRows(new Float32Array(pixels), widthPx, heightPx), nanCount: 0 };
  return mended(pixels, bitDepth, hasAlpha);
}
