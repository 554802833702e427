/**
 * Frames that one target does not hold: they are drawn on a fixed grid of blocks, each in targets of its own. The grid
 * belongs to the frame, not to the machine: a camera that looks at a block alone rounds otherwise than one that looks at
 * the whole picture, and so the same frame is the same file everywhere, however it is divided within its blocks.
 */
import { KilnError } from './errors.ts';
import { hasData, passFileBytes } from './image-formats.ts';
import { LIMITS } from './limits.ts';
import { passesAlone } from './pass-files.ts';
import type { Region, Tiles } from './schemas/division.ts';
import type { RenderSettings } from './schemas/settings.ts';

/** What is drawn whole, and how what is not is cut up. */
export interface GridPlan {
  /** Frames up to so many pixels, and such an edge, are one block. */
  readonly wholePixels: number;
  readonly wholeEdgePx: number;
  /** Longest edge of a block. */
  readonly blockEdgePx: number;
  /** What is drawn around a block: glass sees a blurred copy of what is behind it. */
  readonly marginPx: number;
}

export const GRID_PLAN: GridPlan = {
  wholePixels: LIMITS.wholeFramePixels,
  wholeEdgePx: LIMITS.wholeFrameEdgePx,
  blockEdgePx: LIMITS.gridBlockEdgePx,
  marginPx: LIMITS.gridMarginPx,
};

/**
 * Refuses passes in files of their own: a frame that is streamed is one file.
 *
 * @param path of the settings in the request: `/layers/0`.
 * @throws KilnError `job.unsupported` at the passes.
 */
export function checkGridded(
  settings: GriddedSettings & Pick<RenderSettings, 'format' | 'separatePasses'>,
  path: string,
): void {
  const alone = passesAlone(settings);
  if (!isGridded(settings) || alone === null || alone.every((pass) => pass === 'beauty')) return;
  const { widthPx, heightPx } = settings.size;
  const message = `a frame of ${widthPx}×${heightPx} with other passes is made of blocks, and has them as layers of one file; use exr, not separate`;
  throw new KilnError('job.unsupported', message, { field: `${path}/passes` });
}

type GriddedSettings = Pick<RenderSettings, 'size' | 'passes' | 'bitDepth'>;

/** Blocks of a frame's grid; one of a frame that is drawn whole. They are as even as can be. */
export function gridOf(settings: GriddedSettings, plan: GridPlan = GRID_PLAN): Tiles {
  const { widthPx, heightPx } = settings.size;
  if (isHeldWhole(settings, plan)) return { columns: 1, rows: 1 };
  return { columns: Math.ceil(widthPx / plan.blockEdgePx), rows: Math.ceil(heightPx / plan.blockEdgePx) };
}

/** Whether a frame is more than one target, or one buffer, holds: then its blocks are streamed into its file. */
export const isGridded = (settings: GriddedSettings, plan: GridPlan = GRID_PLAN): boolean =>
  !isHeldWhole(settings, plan);

function isHeldWhole({ size, passes, bitDepth }: GriddedSettings, plan: GridPlan): boolean {
  const { widthPx, heightPx } = size;
  const pixels = widthPx * heightPx;
  if (pixels > plan.wholePixels || Math.max(widthPx, heightPx) > plan.wholeEdgePx) return false;
  if (!hasData({ passes })) return true;
  return pixels <= LIMITS.passPixels && pixels * passFileBytes(passes, bitDepth) <= LIMITS.wholeFileBytes;
}

/**
 * What targets show when a part of a frame is drawn: the block of the grid that holds it, and its margin within the frame.
 *
 * @param region within one block.
 * @returns null where that is the whole frame.
 */
export function windowOf(settings: GriddedSettings, region: Region, plan: GridPlan = GRID_PLAN): Region | null {
  const { columns, rows } = gridOf(settings, plan);
  if (!isGridded(settings, plan)) return null;
  const { widthPx, heightPx } = settings.size;
  const [left, right] = blockAround(widthPx, columns, region.x);
  const [top, bottom] = blockAround(heightPx, rows, region.y);
  const x = Math.max(0, left - plan.marginPx);
  const y = Math.max(0, top - plan.marginPx);
  return {
    x,
    y,
    widthPx: Math.min(widthPx, right + plan.marginPx) - x,
    heightPx: Math.min(heightPx, bottom + plan.marginPx) - y,
  };
}

function blockAround(length: number, parts: number, at: number): readonly [number, number] {
  for (let index = 0; ; index += 1) {
    const [from, to] = cut(length, parts, index);
    if (at < to) return [from, to];
  }
}

/** Where part `index` of `length` things begins and ends, when they are divided as evenly as can be. */
export const cut = (length: number, parts: number, index: number): readonly [number, number] => [
  Math.floor((length * index) / parts),
  Math.floor((length * (index + 1)) / parts),
];

/** As many blocks as were asked for, or a few more: so that each lies within one of the grid. */
export const tilesWithin = (grid: Tiles, asked: Tiles): Tiles => ({
  columns: multipleOf(grid.columns, asked.columns),
  rows: multipleOf(grid.rows, asked.rows),
});

const multipleOf = (blocks: number, asked: number): number =>
  blocks * Math.max(1, Math.min(Math.ceil(asked / blocks), Math.floor(LIMITS.frameTiles / blocks)));
