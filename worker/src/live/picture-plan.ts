/** Which picture comes next: while moving a fast one, at rest a good one, then the one that cannot get better. */
import {
  isStillCodec,
  isVideoCodec,
  type LiveView,
  type PictureCodec,
  type Pose,
  type Size,
  type StillCodec,
  type VideoCodec,
} from '@kiln/shared';
import { withGuardBand } from './guard-band.ts';
import type { Wanted } from './live-input.ts';

/**
 * `moving`: drawn small and fast. `still`: full size, one sample. `final`: full size, all samples; where the viewer takes tiles
 * ([LV30]), better and better until then.
 */
const LEVELS = ['moving', 'still', 'final'] as const;
export type PictureLevel = (typeof LEVELS)[number];

/** JPEG and WebP quality: what an eye that follows a movement does not see is not sent. */
const QUALITY = { still: 85, final: 95 } as const satisfies Record<Exclude<PictureLevel, 'moving'>, number>;

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
  readonly format: StillCodec;
  /** [LV40] What it may be a frame of, best first; none: it stands for itself. */
  readonly video: readonly VideoCodec[];
  readonly quality: number;
}

export interface PlanFacts {
  readonly wanted: Wanted;
  /** What was begun last, if anything. */
  readonly begun: { readonly version: number; readonly level: PictureLevel } | null;
  readonly isAtRest: boolean;
  readonly scale: number;
  /** What the way to the viewer has room for. */
  readonly link: { readonly quality: number; readonly isWide: boolean };
  /** What the viewer can read, best first. */
  readonly codecs: readonly PictureCodec[];
  /** Whether it has read the last videos. */
  readonly readsVideos: boolean;
}

/** Null when nothing better can be drawn for what is wanted now. */
export function planPicture(facts: PlanFacts): PicturePlan | null {
  const { wanted, isAtRest, codecs } = facts;
  const level = nextLevel(facts);
  if (level === null) return null;
  const scale = isAtRest ? 1 : facts.scale;
  const video = level === 'moving' ? videosFor(wanted.view, facts) : [];
  return {
    wanted,
    level,
    pose: level === 'moving' && wanted.view.depth ? withGuardBand(wanted.pose) : wanted.pose,
    scale,
    size: scaled(wanted.view.size, scale, video.length > 0),
    video,
    samples: level === 'final' ? wanted.view.samples : 1,
    format: formatFor(wanted.view, codecs),
    quality: qualityFor(level, facts.link),
  };
}

/** The first picture at rest is not to keep the next movement waiting behind it. */
function qualityFor(level: PictureLevel, { quality, isWide }: PlanFacts['link']): number {
  if (level === 'moving') return quality;
  return level === 'still' && !isWide ? quality : QUALITY[level];
}

/**
 * A picture that stands for itself is cheaper to make, and a video to send: so it is one where the way is narrow, or where the
 * viewer would rather. Not of a see-through picture: a video has no alpha.
 */
function videosFor({ background }: LiveView, { codecs, link, readsVideos }: PlanFacts): VideoCodec[] {
  const isWanted = readsVideos && (!link.isWide || codecs.slice(0, 1).some(isVideoCodec));
  return isWanted && background !== 'transparent' ? codecs.filter(isVideoCodec) : [];
}

function nextLevel({ wanted, begun, isAtRest }: PlanFacts): PictureLevel | null {
  const isBegun = begun?.version === wanted.version;
  if (!isAtRest) return isBegun ? null : 'moving';
  if (isBegun && begun.level === 'final') return null;
  // A picture of one sample comes first where the final one takes longer.
  const isLong = wanted.view.samples > 1 || wanted.view.tiles === true;
  return isLong && !(isBegun && begun.level === 'still') ? 'still' : 'final';
}

/** [LV30] Whether it is drawn piece by piece, and comes as tiles. */
export const isRefined = ({ level, wanted: { view } }: PicturePlan): boolean =>
  level === 'final' && view.tiles === true;

/** Whose turn it takes. */
export const kindOf = (plan: PicturePlan): 'live' | 'refine' =>
  plan.samples > 1 || isRefined(plan) ? 'refine' : 'live';

/** Whether the picture of one sample is the first of those that a resting view is refined with. */
export const isFirstOf = ({ engine = 'raster', lens = null, shutterAngleDeg = 0 }: LiveView): boolean =>
  engine === 'raster' && lens === null && shutterAngleDeg === 0;

/** Without loss, if the viewer can read such a one; a see-through one is without loss anyway. */
export const exactFormat = (codecs: readonly PictureCodec[], otherwise: StillCodec): StillCodec =>
  codecs.includes('png') ? 'png' : otherwise;

/** [LV41] How a resting picture is written once more, as it stands. */
export function standingFormats(view: LiveView, codecs: readonly PictureCodec[]) {
  const format = formatFor(view, codecs);
  return { format, exactFormat: exactFormat(codecs, format), quality: QUALITY.final };
}

/** A see-through view is drawn upon a background where the viewer can read nothing that says so. */
export const losesAlpha = ({ background }: LiveView, codecs: readonly PictureCodec[]): boolean =>
  background === 'transparent' && !codecs.includes('webp') && !codecs.includes('png');

/** @param isVideo edges of a video are even. */
function scaled(size: Size, scale: number, isVideo: boolean): Size {
  const step = isVideo ? 2 : 1;
  const edge = (px: number) => Math.max(LEAST_EDGE_PX, Math.round((px * scale) / step) * step);
  return { widthPx: edge(size.widthPx), heightPx: edge(size.heightPx) };
}

/** The viewer's first choice, unless the picture is see-through and that one cannot say so. */
function formatFor(view: LiveView, codecs: readonly PictureCodec[]): StillCodec {
  const stills = codecs.filter(isStillCodec);
  const usable = view.background === 'transparent' ? stills.filter((codec) => codec !== 'jpeg') : stills;
  return usable[0] ?? stills[0] ?? 'jpeg';
}

/** Of any picture of a version, the least. */
export const leastRankOf = (version: number): number => version * LEVELS.length;

/** Newer inputs rank above older ones, better pictures of one input above worse ones. */
export const rankOf = ({ wanted, level }: PicturePlan): number => leastRankOf(wanted.version) + LEVELS.indexOf(level);
