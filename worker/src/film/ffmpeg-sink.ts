/** Films by the `ffmpeg` of the system: it gets bare pixels, so that nothing a tenant has made is parsed outside the sandbox. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { promisify } from 'node:util';
import { type FilmCodec, type FrameRate, KilnError, type Size } from '@kiln/shared';
import type { FilmProgress } from '../page/contract.ts';
import type { FilmSink } from './film-sink.ts';

const PROGRAM = 'ffmpeg';

/** ProRes 422 HQ; FFV1 version 3 without loss. Both tagged as what they are. */
const ENCODERS: Readonly<Partial<Record<FilmCodec, readonly string[]>>> = {
  prores: [
    ...[
      '-vf',
      'scale=out_color_matrix=bt709:out_range=tv,format=yuv422p10le,setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709',
    ],
    ...['-c:v', 'prores_ks', '-profile:v', '3', '-vendor', 'apl0', '-f', 'mov'],
    ...['-color_primaries', 'bt709', '-color_trc', 'bt709', '-colorspace', 'bt709', '-color_range', 'tv'],
  ],
  ffv1: [
    ...['-pix_fmt', 'gbrp', '-c:v', 'ffv1', '-level', '3', '-slicecrc', '1', '-f', 'matroska'],
    ...['-color_primaries', 'bt709', '-color_trc', 'iec61966-2-1', '-color_range', 'pc'],
  ],
};

/** What each container gets of a sound: without loss, 24 bits and 48,000 samples a second. */
const SOUND_ENCODERS: Readonly<
  Partial<Record<FilmCodec, { readonly name: string; readonly options: readonly string[] }>>
> = {
  prores: { name: 'pcm-s24', options: ['-c:a', 'pcm_s24le'] },
  ffv1: { name: 'flac', options: ['-c:a', 'flac', '-sample_fmt', 's32'] },
};

/** Characters of what it said last, for the log. */
const KEPT_CHARS = 2_000;

export interface FfmpegOrder {
  readonly codec: FilmCodec;
  readonly size: Size;
  readonly rate: FrameRate;
  /** Of a file that is not there yet. */
  readonly path: string;
  /** Null without. */
  readonly sound: BareSoundFile | null;
}

/** Samples as 32-bit floats, little-endian, of all channels of a moment together. */
export interface BareSoundFile {
  readonly path: string;
  readonly hz: number;
  readonly channels: number;
}

/** Whether this machine has one that encodes ProRes and FFV1. */
export async function hasFfmpeg(): Promise<boolean> {
  const asked = promisify(execFile)(PROGRAM, ['-hide_banner', '-encoders'], { timeout: 10_000 });
  return asked.then(
    ({ stdout }) => ['prores_ks', 'ffv1'].every((name) => stdout.includes(` ${name} `)),
    () => false,
  );
}

export class FfmpegSink implements FilmSink {
  /** Null without sound. */
  readonly audioCodec: string | null;
  readonly #child: ChildProcess;
  readonly #input: Writable;
  readonly #ended: Promise<number | null>;
  #said = '';

  private constructor(child: ChildProcess, input: Writable, audioCodec: string | null) {
    this.audioCodec = audioCodec;
    this.#child = child;
    this.#input = input;
    this.#ended = new Promise((resolve) => {
      child.once('close', (code) => resolve(code));
      child.once('error', (error) => {
        this.#said += error.message;
        resolve(null);
      });
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-KEPT_CHARS);
    });
    // A process that ends early is found by its exit.
    input.on('error', () => {});
  }

  /** @throws KilnError `job.unsupported` for a codec that it is not asked for here. */
  static open({ codec, size, rate, path, sound }: FfmpegOrder): FfmpegSink {
    const encoder = ENCODERS[codec];
    const soundEncoder = SOUND_ENCODERS[codec];
    if (!encoder || !soundEncoder) throw new KilnError('job.unsupported', `ffmpeg is not asked for ${codec} here`);
    const child = spawn(
      PROGRAM,
      [
        ...['-hide_banner', '-loglevel', 'error', '-n', '-f', 'rawvideo', '-pix_fmt', 'rgba'],
        ...['-video_size', `${size.widthPx}x${size.heightPx}`],
        ...['-framerate', `${rate.numerator}/${rate.denominator}`, '-i', 'pipe:0'],
        ...(sound ? ['-f', 'f32le', '-ar', String(sound.hz), '-ac', String(sound.channels), '-i', sound.path] : []),
        ...['-map', '0:v', ...(sound ? ['-map', '1:a', ...soundEncoder.options, '-ar', '48000', '-ac', '2'] : [])],
        ...[...encoder, path],
      ],
      { stdio: ['pipe', 'ignore', 'pipe'] },
    );
    return new FfmpegSink(child, child.stdin, sound ? soundEncoder.name : null);
  }

  async write(_progress: FilmProgress, bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    if (this.#input.destroyed || this.#child.exitCode !== null) throw this.#failure();
    if (this.#input.write(bytes)) return;
    await Promise.race([once(this.#input, 'drain'), this.#ended]);
  }

  async end(): Promise<void> {
    this.#input.end();
    if ((await this.#ended) !== 0) throw this.#failure();
  }

  async close(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  #failure(): KilnError {
    return new KilnError('render.failed', 'ffmpeg could not make the film', { cause: this.#said });
  }
}
