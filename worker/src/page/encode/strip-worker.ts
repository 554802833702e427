/** Web worker: a picture's rows in, its file out to Node, part by part. For pictures that nothing holds whole; one each. */
import { IMAGE_FORMATS, LIMITS, type PixelStatistics } from '@kiln/shared';
import { sendPart } from '../output.ts';
import { pixelKindFor } from '../pixel-kind.ts';
import { mended } from './mended.ts';
import { PreviewSums, previewFile } from './preview.ts';
import { type RowWriter, rowWriter } from './row-writer.ts';
import { mendData, PixelMeter } from './statistics.ts';
import type { StripMessage, StripReply, StripRequest, StripsEncoded } from './strip-messages.ts';

class StripFile {
  readonly #request: StripRequest;
  readonly #output: string;
  readonly #writer: RowWriter;
  readonly #meter: PixelMeter;
  /** Null of a file without a picture. */
  readonly #preview: PreviewSums | null;
  #nanCount = 0;
  #at: number;
  #busyMs = 0;

  constructor(request: StripRequest, output: string) {
    this.#request = request;
    this.#output = output;
    this.#writer = rowWriter(request);
    const kind = pixelKindFor(request.bitDepth);
    this.#meter = new PixelMeter(kind === 'srgb8' ? 255 : 1);
    const hasPicture = request.origin?.settings.passes.includes('beauty') === true;
    this.#preview = hasPicture ? new PreviewSums(request, LIMITS.previewEdgePx, kind, request.hasAlpha) : null;
    this.#at = this.#writer.headBytes;
  }

  async add({ rows, pixels: buffer, planes }: Extract<StripMessage, { step: 'rows' }>): Promise<void> {
    const startedAt = performance.now();
    const { bitDepth, hasAlpha } = this.#request;
    const { pixels, nanCount } = mended(buffer, bitDepth, hasAlpha);
    this.#nanCount += planes.reduce((sum, { values }) => sum + mendData(new Float32Array(values)), nanCount);
    this.#meter.add(pixels);
    this.#preview?.add(pixels, rows);
    await this.#writer.add(rows, pixels, planes);
    await this.#send(this.#writer.drain());
    this.#busyMs += performance.now() - startedAt;
  }

  async end(): Promise<StripsEncoded> {
    const startedAt = performance.now();
    await this.#send(await this.#writer.end());
    await sendPart(this.#output, 0, this.#writer.head());
    const { mediaType } = IMAGE_FORMATS[this.#request.format];
    const preview = this.#preview && (await previewFile(this.#preview));
    const statistics: PixelStatistics | null = preview && { ...this.#meter.result(), nanCount: this.#nanCount };
    return { mediaType, statistics, preview, busyMs: this.#busyMs + performance.now() - startedAt };
  }

  async #send(parts: readonly Uint8Array<ArrayBuffer>[]): Promise<void> {
    for (const part of parts) {
      await sendPart(this.#output, this.#at, part);
      this.#at += part.length;
    }
  }
}

addEventListener('message', ({ ports: [port] }: MessageEvent) => {
  if (!port) return;
  let file: StripFile | null = null;
  port.onmessage = async ({ data }: MessageEvent<StripMessage>) => {
    try {
      const reply = await answer(data);
      port.postMessage(reply, 'buffers' in reply ? [...reply.buffers] : []);
    } catch (error) {
      const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
      port.postMessage({ error: message, stack } satisfies StripReply);
    }
  };

  async function answer(message: StripMessage): Promise<StripReply> {
    if (message.step === 'open') {
      file = new StripFile(message.request, message.output);
      return { buffers: [] };
    }
    if (!file) throw new Error('no picture was begun');
    if (message.step === 'end') return { buffers: [], encoded: await file.end() };
    await file.add(message);
    return { buffers: [message.pixels, ...message.planes.map(({ values }) => values)] };
  }
});
