/** Which picture comes next: while moving a fast one, at rest a good one, then the one that cannot get better. */
import type { LiveView, PictureCodec, Pose, Size } from '@kiln/shared';
import { withGuardBand } from './guard-band.ts';
import type { Wanted } from './live-input.ts';

/** `moving`: drawn small and fast. `still`: full size, one sample. `final`: full size, all samples. */
export type PictureLevel = 'moving' | 'still' | 'final';

/** JPEG and WebP quality: what an eye that follows a movement does not see is not sent. */
const QUALITY = { moving: 75, still: 85, final: 95 } as const satisfies Record<PictureLevel, number>;

/** Smallest edge of a live picture. */
const LEAST_EDGE_PX = 16;

export interface PicturePlan {
  readonly wanted: Wanted;
  readonly level: PictureLevel;
  /** [LV28] While moving, with a guard band where the viewer warps. */
  readonly pose: Pose;
  readonly size: Size;
  /** Share of the view's width and height. */
  readonly scale: number;
  readonly samples: number;
  readonly format: PictureCodec;
  readonly quality: number;
}

export interface PlanFacts {
  readonly wanted: Wanted;
  /** What was begun last, if anything. */
  readonly begun: { readonly version: number; readonly level: PictureLevel } | null;
  readonly isAtRest: boolean;
  readonly scale: number;
  /** What the viewer can read, best first. */
  readonly codecs: readonly PictureCodec[];
}

/** Null when nothing better can be drawn for what is wanted now. */
export function planPicture(facts: PlanFacts): PicturePlan | null {
  const { wanted, isAtRest, codecs } = facts;
  const level = nextLevel(facts);
  if (level === null) return null;
  const scale = isAtRest ? 1 : facts.scale;
  return {
    wanted,
    level,
    pose: level === 'moving' && wanted.view.depth ? withGuardBand(wanted.pose) : wanted.pose,
    scale,
    size: scaled(wanted.view.size, scale),
    samples: level === 'final' ? wanted.view.samples : 1,
    format: formatFor(wanted.view, codecs),
    quality: QUALITY[level],
  };
}

function nextLevel({ wanted, begun, isAtRest }: PlanFacts): PictureLevel | null {
  const isBegun = begun?.version === wanted.version;
  if (!isAtRest) return isBegun ? null : 'moving';
  if (isBegun && begun.level === 'final') return null;
  // A picture of one sample comes first where the final one takes longer.
  const isLong = wanted.view.samples > 1;
  return isLong && !(isBegun && begun.level === 'still') ? 'still' : 'final';
}

function scaled(size: Size, scale: number): Size {
  const edge = (px: number) => Math.max(LEAST_EDGE_PX, Math.round(px * scale));
  return { widthPx: edge(size.widthPx), heightPx: edge(size.heightPx) };
}

/** The viewer's first choice, unless the picture is see-through and that one cannot say so. */
function formatFor(view: LiveView, codecs: readonly PictureCodec[]): PictureCodec {
  const usable = view.background === 'transparent' ? codecs.filter((codec) => codec !== 'jpeg') : codecs;
  return usable[0] ?? codecs[0] ?? 'jpeg';
}
