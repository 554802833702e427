/**
 * Web worker: pixels of movements in, frames of videos out. Streams do not wait for one another; the frames of one come in their
 * order.
 */
import type { VideoCodec } from '@kiln/shared';
import { unixMs } from '../unix-time.ts';
import { type Encoding, encodingsOf } from './video-encoding.ts';
import type { VideoFrameReply, VideoFrameRequest, VideoReply, VideoRequest } from './video-messages.ts';
import { StreamOver, VideoStream } from './video-stream.ts';

/** A stream that nobody moves in for so long has no encoder: it would hold megabytes. */
const IDLE_MS = 10_000;

/** Of the frame that nobody sees. */
const TRIED = { widthPx: 64, heightPx: 64, quality: 40, isKey: true } as const;

interface Line {
  stream: VideoStream | null;
  /** The last frame that was asked for. */
  last: Promise<unknown>;
  timer: ReturnType<typeof setTimeout> | null;
}

const lines = new Map<string, Line>();
let encodings = new Map<VideoCodec, Encoding>();

addEventListener('message', ({ ports: [port] }: MessageEvent) => {
  if (!port) return;
  const reply = (message: VideoReply, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  port.onmessage = ({ data }: MessageEvent<VideoRequest>) => {
    if ('over' in data) end(data.over);
    else if ('supported' in data)
      void supportedOf(data.supported).then((supported) => reply({ id: data.id, supported }));
    else void encode(data).then((answer) => reply(answer, buffersOf(answer)));
  };
});

const buffersOf = ({ pixels, frame }: VideoFrameReply) => [pixels, ...(typeof frame === 'string' ? [] : [frame.bytes])];

async function supportedOf(codecs: readonly VideoCodec[]): Promise<readonly VideoCodec[]> {
  const found = await encodingsOf(codecs);
  encodings = new Map(found.map((encoding) => [encoding.codec, encoding]));
  await Promise.all(found.map(tryOnce));
  return found.map(({ codec }) => codec);
}

/** An encoder is ready sooner where there was one before: in the middle of a movement that would be many pictures' time. */
async function tryOnce(encoding: Encoding): Promise<void> {
  let stream: VideoStream | null = null;
  try {
    stream = new VideoStream(encoding, TRIED);
    await stream.encode({ ...TRIED, pixels: new ArrayBuffer(4 * TRIED.widthPx * TRIED.heightPx) });
  } catch {
    // What it is asked for will tell.
  } finally {
    stream?.close();
  }
}

function encode(request: VideoFrameRequest): Promise<VideoFrameReply> {
  const line: Line = lines.get(request.key) ?? { stream: null, last: Promise.resolve(), timer: null };
  lines.set(request.key, line);
  const answered = line.last.then(() => answer(line, request));
  line.last = answered;
  return answered;
}

/** Never rejects. */
async function answer(line: Line, request: VideoFrameRequest): Promise<VideoFrameReply> {
  const { id, key, pixels, codec } = request;
  const startedAtMs = unixMs();
  const isOver = () => lines.get(key) !== line;
  if (isOver()) return { id, pixels, frame: 'over' };
  if (line.timer) clearTimeout(line.timer);
  try {
    const fitting = line.stream?.fits(request) ? line.stream : null;
    if (!fitting) closeStream(line);
    line.stream = fitting ?? new VideoStream(encodings.get(codec) ?? { codec, takesQuantisers: true }, request);
    const chunk = await line.stream.encode({ ...request, isKey: request.isKey || !fitting });
    const bytes = new ArrayBuffer(chunk.byteLength);
    chunk.copyTo(bytes);
    return { id, pixels, frame: { bytes, isKey: chunk.type === 'key', durationMs: unixMs() - startedAtMs } };
  } catch (error) {
    closeStream(line);
    return { id, pixels, frame: error instanceof StreamOver ? 'over' : 'fault' };
  } finally {
    if (!isOver()) line.timer = setTimeout(() => end(key), IDLE_MS);
  }
}

function end(key: string): void {
  const line = lines.get(key);
  if (!line) return;
  lines.delete(key);
  if (line.timer) clearTimeout(line.timer);
  closeStream(line);
}

function closeStream(line: Line): void {
  line.stream?.close();
  line.stream = null;
}
