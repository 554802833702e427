/** A frame of the sums that others have drawn: block after block, strip after strip. */
import { KilnError, type Region, type StageTime } from '@kiln/shared';
import type { GiveWay } from '../draw-queue.ts';
import type { DrawingRoom } from '../engine/draw-picture.ts';
import { BYTES_PER_PX } from '../pixel-kind.ts';
import { unixMs } from '../unix-time.ts';
import { ExrRows } from './exr-rows.ts';
import { type Look, type RangeRows, STRIP_ROWS, Strips } from './strips.ts';

/** Sums that can be fetched. */
export interface SumsSource {
  readonly region: Region;
  readonly samples: RangeRows['samples'];
  readonly url: string;
}

export interface Assembled {
  /** As `drawPicture` gives them. */
  readonly pixels: Uint8Array<ArrayBuffer>;
  readonly draw: StageTime;
}

/** @throws KilnError `render.page_lost`, or what was wrong with the sums. */
export async function assembleFrame(
  room: DrawingRoom,
  size: { readonly widthPx: number; readonly heightPx: number },
  sources: readonly SumsSource[],
  look: Look,
  giveWay: GiveWay,
): Promise<Assembled> {
  const startedAtMs = unixMs();
  const strips = new Strips(room, Math.max(...sources.map(({ region }) => region.widthPx)), look);
  const pixels = room.buffers.take(size.widthPx * size.heightPx * BYTES_PER_PX[look.pixelKind]);
  const all = look.pixelKind === 'srgb8' ? pixels : new Float32Array(pixels.buffer);
  try {
    for (const { region, ranges } of blocksOf(sources)) {
      const rows = await openAll(ranges);
      try {
        const strip = all.slice(0, region.widthPx * STRIP_ROWS * 4);
        for (let row = 0; row < region.heightPx; row += STRIP_ROWS) {
          const count = Math.min(STRIP_ROWS, region.heightPx - row);
          await strips.next(rows, count, region.widthPx, strip);
          for (let y = 0; y < count; y += 1) {
            const line = strip.subarray(y * region.widthPx * 4, (y + 1) * region.widthPx * 4);
            all.set(line, ((region.y + row + y) * size.widthPx + region.x) * 4);
          }
          await giveWay();
        }
      } finally {
        await Promise.all(rows.map((range) => range.rows.cancel()));
      }
    }
    if (room.gpu.isLost) throw new KilnError('render.page_lost', 'The GPU context was lost while a frame was made.');
    return { pixels, draw: { startedAtMs, durationMs: unixMs() - startedAtMs } };
  } finally {
    strips.dispose();
  }
}

interface Block {
  readonly region: Region;
  readonly ranges: SumsSource[];
}

/** Sources come block after block. */
function blocksOf(sources: readonly SumsSource[]): Block[] {
  const blocks: Block[] = [];
  for (const source of sources) {
    const last = blocks.at(-1);
    const { region } = source;
    if (last && last.region.x === region.x && last.region.y === region.y) last.ranges.push(source);
    else blocks.push({ region, ranges: [source] });
  }
  return blocks;
}

async function openAll(sources: readonly SumsSource[]): Promise<RangeRows[]> {
  return Promise.all(
    sources.map(async ({ samples, url }) => {
      const { body, ok } = await fetch(url);
      if (!ok || !body) throw new Error('sums of the frame are missing');
      return { samples, rows: new ExrRows(body) };
    }),
  );
}
