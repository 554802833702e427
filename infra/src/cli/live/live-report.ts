/** What a live session is told as: lines for people or for programs, files for both, and its sums at the end. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Picture, PictureHeader } from '@kiln/shared';
import { formatBytes, formatDuration } from '../output.ts';
import type { Arrival } from './live-run.ts';
import { PatchedPicture } from './patched-picture.ts';

/** One picture, as `--json` prints it. */
export interface PictureLine {
  /** From 1 to the end of the run, whichever worker draws; those that did not come are left out. */
  readonly sequence: number;
  /** Of what was sent, the number that it answers, from 1; 0: none. */
  readonly input: number;
  readonly atMs: number;
  readonly latencyMs: number | null;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly codec: string;
  readonly samples: number;
  readonly moving: boolean;
  readonly final: boolean;
  /** Parts of the picture before it. */
  readonly better: boolean;
  /** Messages that it came in: parts, or one that is whole. */
  readonly tiles: number;
  readonly bytes: { readonly all: number; readonly colour: number; readonly depth: number };
  readonly stagesMs: Readonly<Record<keyof PictureHeader['stages'], number>>;
  /** Where it is, of `--out`, with all that came before it of the same view. */
  readonly files: readonly string[];
}

const EXTENSIONS = { jpeg: 'jpg', webp: 'webp', png: 'png', vp9: 'vp9', av1: 'av1', h264: 'h264' } as const;

const fileName = (sequence: number) => String(sequence).padStart(6, '0');

const rounded = (ms: number) => Math.round(ms * 10) / 10;

/** Gathers the tiles of each picture. */
export class LiveReport {
  readonly #folder: string | null;
  readonly #tell: (line: PictureLine) => void;
  readonly #latencies: number[] = [];
  readonly #patched = new PatchedPicture();
  #gathered: PictureLine | null = null;
  #pictures = 0;
  #tiles = 0;
  #bytes = 0;
  #lastAtMs = 0;
  /** Number of the last picture, and of all before its `start`: another worker counts from 1 again. */
  #last = 0;
  #before = 0;

  /** @param folder where pictures are put; null: nowhere. */
  constructor(folder: string | null, tell: (line: PictureLine) => void) {
    this.#folder = folder;
    this.#tell = tell;
  }

  async take(picture: Picture, { atMs, latencyMs, bytes }: Arrival): Promise<void> {
    const { header, colour, depth } = picture;
    const sequence = this.#numberOf(header.sequence);
    const before = this.#gathered?.sequence === sequence ? this.#gathered : null;
    const file = this.#folder === null ? null : await this.#keep(join(this.#folder, fileName(sequence)), picture);
    const line: PictureLine = {
      sequence,
      input: header.input,
      atMs: rounded(atMs),
      latencyMs: latencyMs === null ? null : rounded(latencyMs),
      widthPx: header.widthPx,
      heightPx: header.heightPx,
      codec: header.codec,
      samples: header.samples,
      moving: header.moving,
      final: header.final,
      better: header.better,
      tiles: (before?.tiles ?? 0) + 1,
      bytes: {
        all: (before?.bytes.all ?? 0) + bytes,
        colour: (before?.bytes.colour ?? 0) + colour.length,
        depth: (before?.bytes.depth ?? 0) + depth.length,
      },
      stagesMs: inMs(header.stages),
      files: file === null ? [] : [file],
    };
    this.#gathered = header.lastTile ? null : line;
    if (!header.lastTile) return;
    this.#pictures += 1;
    if (header.better) this.#tiles += line.tiles;
    this.#bytes += line.bytes.all;
    this.#lastAtMs = atMs;
    if (latencyMs !== null) this.#latencies.push(latencyMs);
    this.#tell(line);
  }

  /** Of all pictures. */
  get sums() {
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
    const [median, p95] = [at(0.5), at(0.95)];
    return {
      pictures: this.#pictures,
      tiles: this.#tiles,
      bytes: this.#bytes,
      tookMs: rounded(this.#lastAtMs),
      latencyMs: median === undefined || p95 === undefined ? null : { median: rounded(median), p95: rounded(p95) },
    };
  }

  /** Goes on where a worker that took over begins again. */
  #numberOf(sequence: number): number {
    const isTile = sequence === this.#last && this.#gathered !== null;
    if (sequence <= this.#last && !isTile) this.#before += this.#last;
    this.#last = sequence;
    return this.#before + sequence;
  }

  /** @returns null while more of its tiles are to come. */
  async #keep(name: string, picture: Picture): Promise<string | null> {
    const { codec, better, lastTile } = picture.header;
    // What no tile follows is kept as it came.
    if (better || codec === 'png') this.#patched.take(picture);
    if (!lastTile) return null;
    const content = better ? this.#patched.png() : picture.colour;
    if (!content) return null;
    const path = `${name}.${better ? 'png' : EXTENSIONS[codec]}`;
    await writeFile(path, content);
    return path;
  }
}

const inMs = (stages: PictureHeader['stages']): PictureLine['stagesMs'] => ({
  inputWait: rounded(stages.inputWait / 1_000),
  draw: rounded(stages.draw / 1_000),
  readBack: rounded(stages.readBack / 1_000),
  encode: rounded(stages.encode / 1_000),
  workerQueue: rounded(stages.workerQueue / 1_000),
  relay: rounded(stages.relay / 1_000),
});

const HEAD = ['PICTURE', 'INPUT', 'AT', 'LATENCY', 'DRAW', 'ENCODE', 'SIZE', 'SAMPLES', 'TILES', 'BYTES'];
const WIDTHS = [7, 6, 9, 8, 8, 8, 10, 8, 5, 8];

const inColumns = (cells: readonly string[]): string =>
  cells
    .map((cell, index) => cell.padStart(WIDTHS[index] ?? 0))
    .join('  ')
    .trimEnd();

export const LIVE_HEAD = inColumns(HEAD);

/** A line under `LIVE_HEAD`. */
export function liveRow({ sequence, input, atMs, latencyMs, stagesMs, samples, bytes, ...more }: PictureLine): string {
  const ms = (value: number) => `${Math.round(value)} ms`;
  const kind = more.final ? ' final' : more.moving ? ' moving' : '';
  const cells = [
    String(sequence),
    String(input),
    ms(atMs),
    latencyMs === null ? '-' : ms(latencyMs),
    ms(stagesMs.draw),
    ms(stagesMs.encode),
    `${more.widthPx}x${more.heightPx}`,
    String(samples),
    more.better ? String(more.tiles) : '-',
    formatBytes(bytes.all),
  ];
  return `${inColumns(cells)}${kind}`;
}

export function sumsText({ pictures, tiles, bytes, tookMs, latencyMs }: LiveReport['sums']): string {
  const rate = tookMs > 0 ? `, ${(pictures / (tookMs / 1_000)).toFixed(1)} a second` : '';
  const late =
    latencyMs === null
      ? ''
      : `; from input to picture ${latencyMs.median} ms in the median, ${latencyMs.p95} ms at 95 %`;
  const parts = tiles === 0 ? '' : `, of which ${tiles} tile${tiles === 1 ? '' : 's'}`;
  return `${pictures} picture${pictures === 1 ? '' : 's'}${parts} in ${formatDuration(tookMs)}${rate}, ${formatBytes(bytes)}${late}`;
}
