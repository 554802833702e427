/** A frame of the sums that others have drawn: one row of blocks after the other, strip after strip. */
import { KilnError, type Region, type Size, type StageTime } from '@kiln/shared';
import type { GiveWay } from '../draw-queue.ts';
import type { DrawingRoom } from '../engine/draw-picture.ts';
import { unixMs } from '../unix-time.ts';
import { ByteStream } from './byte-stream.ts';
import { ExrRows } from './exr-rows.ts';
import { RowQueue, type TakeRows } from './row-queue.ts';
import { type Look, type RangeRows, STRIP_ROWS, Strips } from './strips.ts';

/** Sums that can be fetched. */
export interface SumsSource {
  readonly region: Region;
  readonly samples: RangeRows['samples'];
  readonly url: string;
}

/**
 * @param take gets the picture's rows from the top, as `drawPicture` gives them: 64 at a time, and at the end what is left.
 * @returns when it was made.
 * @throws KilnError `render.page_lost`, or what was wrong with the sums.
 */
export async function assembleFrame(
  room: DrawingRoom,
  size: Size,
  sources: readonly SumsSource[],
  look: Look,
  { giveWay, take }: { readonly giveWay: GiveWay; readonly take: TakeRows },
): Promise<StageTime> {
  const startedAtMs = unixMs();
  const widest = Math.max(...sources.map(({ region }) => region.widthPx));
  const strips = new Strips(room, widest, look);
  const values = widest * STRIP_ROWS * 4;
  const strip = look.pixelKind === 'srgb8' ? new Uint8Array(values) : new Float32Array(values);
  const queue = new RowQueue(size, look.pixelKind, take);
  try {
    for (const blocks of bandsOf(sources)) {
      const opened = blocks.map(({ region, ranges }) => ({ region, ranges: ranges.map(openRows) }));
      const heightPx = blocks[0]?.region.heightPx ?? 0;
      for (let row = 0; row < heightPx; row += STRIP_ROWS) {
        const count = Math.min(STRIP_ROWS, heightPx - row);
        for (const { region, ranges } of opened) {
          await strips.next(ranges, count, region.widthPx, strip);
          queue.put(strip, count, region);
        }
        if (room.gpu.isLost)
          throw new KilnError('render.page_lost', 'The GPU context was lost while a frame was made.');
        await queue.commit(count);
        await giveWay();
      }
    }
    return { startedAtMs, durationMs: unixMs() - startedAtMs };
  } finally {
    strips.dispose();
  }
}

interface Block {
  readonly region: Region;
  readonly ranges: SumsSource[];
}

/** Blocks beside each other. Sources come block after block, row after row of blocks. */
function bandsOf(sources: readonly SumsSource[]): Block[][] {
  const bands: Block[][] = [];
  for (const source of sources) {
    const { region } = source;
    const band = bands.at(-1);
    const last = band?.at(-1);
    if (last && last.region.x === region.x && last.region.y === region.y) last.ranges.push(source);
    else if (band && last && last.region.y === region.y) band.push({ region, ranges: [source] });
    else bands.push([{ region, ranges: [source] }]);
  }
  return bands;
}

const openRows = ({ samples, url }: SumsSource): RangeRows => ({ samples, rows: new ExrRows(new ByteStream(url)) });
