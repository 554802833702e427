/** What a live session is told as: lines for people or for programs, files for both, and its sums at the end. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Picture, PictureHeader } from '@kiln/shared';
import { formatBytes, formatDuration } from '../output.ts';
import type { Arrival } from './live-run.ts';

/** One picture, as `--json` prints it. */
export interface PictureLine {
  readonly sequence: number;
  /** Of the pose that it answers, from 1; 0: none. */
  readonly input: number;
  readonly atMs: number;
  readonly latencyMs: number | null;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly codec: string;
  readonly samples: number;
  readonly moving: boolean;
  readonly final: boolean;
  readonly tiles: number;
  readonly bytes: { readonly all: number; readonly colour: number; readonly depth: number };
  readonly stagesMs: Readonly<Record<keyof PictureHeader['stages'], number>>;
  /** Where it is, of `--out`; several of one in tiles. */
  readonly files: readonly string[];
}

const EXTENSIONS = { jpeg: 'jpg', webp: 'webp', png: 'png' } as const;

const rounded = (ms: number) => Math.round(ms * 10) / 10;

/** Gathers the tiles of each picture. */
export class LiveReport {
  readonly #folder: string | null;
  readonly #tell: (line: PictureLine) => void;
  readonly #latencies: number[] = [];
  #gathered: PictureLine | null = null;
  #pictures = 0;
  #bytes = 0;
  #lastAtMs = 0;

  /** @param folder where pictures are put; null: nowhere. */
  constructor(folder: string | null, tell: (line: PictureLine) => void) {
    this.#folder = folder;
    this.#tell = tell;
  }

  async take({ header, colour, depth }: Picture, { atMs, latencyMs, bytes }: Arrival): Promise<void> {
    const before = this.#gathered?.sequence === header.sequence ? this.#gathered : null;
    const file = this.#folder === null ? null : await this.#keep(this.#folder, header, colour);
    const line: PictureLine = {
      sequence: header.sequence,
      input: header.input,
      atMs: rounded(atMs),
      latencyMs: latencyMs === null ? null : rounded(latencyMs),
      widthPx: header.widthPx,
      heightPx: header.heightPx,
      codec: header.codec,
      samples: header.samples,
      moving: header.moving,
      final: header.final,
      tiles: (before?.tiles ?? 0) + 1,
      bytes: {
        all: (before?.bytes.all ?? 0) + bytes,
        colour: (before?.bytes.colour ?? 0) + colour.length,
        depth: (before?.bytes.depth ?? 0) + depth.length,
      },
      stagesMs: inMs(header.stages),
      files: [...(before?.files ?? []), ...(file === null ? [] : [file])],
    };
    this.#gathered = header.lastTile ? null : line;
    if (!header.lastTile) return;
    this.#pictures += 1;
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
      bytes: this.#bytes,
      tookMs: rounded(this.#lastAtMs),
      latencyMs: median === undefined || p95 === undefined ? null : { median: rounded(median), p95: rounded(p95) },
    };
  }

  async #keep(folder: string, { sequence, codec, tile, widthPx, heightPx }: PictureHeader, colour: Uint8Array) {
    const isWhole = tile.widthPx === widthPx && tile.heightPx === heightPx;
    const place = isWhole ? '' : `-${tile.x}-${tile.y}`;
    const path = join(folder, `${String(sequence).padStart(6, '0')}${place}.${EXTENSIONS[codec]}`);
    await writeFile(path, colour);
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

const HEAD = ['PICTURE', 'POSE', 'AT', 'LATENCY', 'DRAW', 'ENCODE', 'SIZE', 'SAMPLES', 'BYTES'];
const WIDTHS = [7, 6, 9, 8, 8, 8, 10, 8, 8];

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
    formatBytes(bytes.all),
  ];
  return `${inColumns(cells)}${kind}`;
}

export function sumsText({ pictures, bytes, tookMs, latencyMs }: LiveReport['sums']): string {
  const rate = tookMs > 0 ? `, ${(pictures / (tookMs / 1_000)).toFixed(1)} a second` : '';
  const late =
    latencyMs === null
      ? ''
      : `; from pose to picture ${latencyMs.median} ms in the median, ${latencyMs.p95} ms at 95 %`;
  return `${pictures} picture${pictures === 1 ? '' : 's'} in ${formatDuration(tookMs)}${rate}, ${formatBytes(bytes)}${late}`;
}
