/**
 * The newest picture as it would be seen from where the camera is now. In order, each behind the one before: the newest
 * picture, cut where depth jumps; the one before it, which may have seen what that one does not; the far side of their
 * surroundings; and the sky of each. Figures of ways that were tried, 1 − SSIM of a turn by 3° ÷ that of the picture as it was: separate
 * quads 0.13, a joined grid 0.24, a search for each pixel 0.14 to 0.18.
 */
import type { DepthRange, Pose } from '@kiln/shared';
import type { Matrix3, RenderTarget, Vector2, Vector3 } from 'three';
import type { PictureTexture } from '../picture-textures.ts';
import { apartPx, type Reprojection, reprojection, tangentsOf } from './reprojection.ts';

/** A picture that can be warped. */
export interface WarpPicture {
  readonly texture: PictureTexture;
  readonly range: DepthRange;
  /** Where it was seen from, with the field of view of all of it. */
  readonly pose: Pose;
  /** Width ÷ height. */
  readonly aspect: number;
}

/** From where it is looked at, and how large that is shown. */
export interface WarpView {
  readonly pose: Pose;
  /** Width ÷ height. */
  readonly aspect: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** What of a picture is found once. */
export interface FoundCorners {
  readonly target: RenderTarget;
  readonly range: DepthRange;
  readonly texture: PictureTexture;
}

export type TextureWithDepth = PictureTexture & { readonly depth: NonNullable<PictureTexture['depth']> };

/**
 * Layers that are drawn over one another, whatever their depth. What stands anywhere is before what is infinitely far:
 * that is seen in a direction from where the picture was, and something that was hidden there may well be before it.
 */
const LAYERS = {
  newest: { layer: 0, skyLayer: 3 },
  previous: { layer: 1, skyLayer: 4 },
  far: { layer: 2, skyLayer: 5 },
} as const;
/** One more, so that what is infinitely far in the last is not at the end of the depth buffer. */
export const LAYER_COUNT = 7;

/** From a picture to a view: see `Reprojection`. */
export interface Placing {
  readonly turn: Matrix3;
  readonly shift: Vector3;
  /** Half of what is seen at distance 1: of the picture, and of the view. */
  readonly tangentsFrom: Vector2;
  readonly tangentsTo: Vector2;
  /** Metres from the view; what is nearer is cut away. */
  readonly near: number;
  readonly layer: number;
  /** Of what is infinitely far. */
  readonly skyLayer: number;
  /** A newer picture: what that sees through is no longer there. */
  readonly newer: SeenFrom | null;
}

/** A picture that another one's points are looked for in: from the other to this one. */
export interface SeenFrom extends Reprojection {
  readonly corners: FoundCorners;
  readonly tangents: Vector2;
}

export type WarpTarget = 'older' | 'newer';

/** What draws: with the shaders of one kind of renderer. */
export interface WarpPasses {
  /** Whether the targets tell how far away things are, too. */
  readonly keepsDepth: boolean;
  /** Finds a picture's corners and its far side. @returns valid until two more pictures have come. */
  find(texture: TextureWithDepth, range: DepthRange): FoundCorners;
  /** Finds the far side alone: `uncoverFar` and `drawFar` are of that picture from now on. */
  findFar(found: FoundCorners): void;
  /** Finds what of the far side of the last picture is seen there. */
  uncoverFar(placing: Placing): void;
  /** What follows is drawn into this one, which is empty. */
  begin(target: WarpTarget, widthPx: number, heightPx: number): void;
  drawQuads(found: FoundCorners, placing: Placing): void;
  /** Of the picture that was found last, as it was uncovered. */
  drawFar(placing: Placing): void;
  /** Covers the target with the colours of a picture as it is. */
  drawPlain(texture: PictureTexture): void;
  dispose(): void;
}

/** A view from so near to the picture's is the picture itself, pixel for pixel. */
const SAME_VIEW_PX = 0.1;
const SAME_ASPECT = 1e-6;
/** The way there and on is as long as both are, or nearly so. */
const SAME_WAY = 1.1;
/** Nearest that something may come, in distances of the nearest thing of a picture. */
const NEAR_SHARE = 0.02;

/** Cosine of the angle within which what a view uncovers is the same. */
const SAME_SIDE = 0.97;

interface Found extends WarpPicture {
  readonly corners: FoundCorners;
}

/** Of `PictureWarp.prepare`, for each kind of pictures. */
export const PREPARING_STEPS = 4;

export class PictureWarp {
  readonly #passes: WarpPasses;
  #newest: Found | null = null;
  #previous: Found | null = null;
  /** Where nearer things moved, as the far side of the newest was uncovered last. */
  #uncovered: Vector3 | null = null;

  constructor(passes: WarpPasses) {
    this.#passes = passes;
  }

  /** The picture that came; null when it cannot be warped. */
  take(picture: WarpPicture | null): void {
    const { depth } = picture?.texture ?? {};
    if (!picture || !depth) {
      this.#newest = this.#previous = null;
      return;
    }
    this.#uncovered = null;
    const corners = this.#passes.find({ ...picture.texture, depth }, picture.range);
    this.#previous = this.#newest?.aspect === picture.aspect ? this.#newest : null;
    this.#newest = { ...picture, corners };
  }

  /** The picture that is warped; null where there is none. */
  get newest(): WarpPicture | null {
    return this.#newest;
  }

  /** Whether there is a picture that the newest may come in for. */
  get canBlend(): boolean {
    return this.#previous !== null;
  }

  /** Whether the picture is what is seen there. */
  isSeenFrom({ pose, aspect, heightPx }: Omit<WarpView, 'widthPx'>): boolean {
    const newest = this.#newest;
    if (!newest) return true;
    if (Math.abs(aspect / newest.aspect - 1) > SAME_ASPECT) return false;
    return apartPx(newest.pose, pose, newest.range.nearestM, heightPx) < SAME_VIEW_PX;
  }

  /** Distances behind which the layers of the target `newer` are seen, metres: of the newest picture, and of the one before. */
  get nears(): readonly [number, number] {
    return [nearOf(this.#newest), nearOf(this.#previous)];
  }

  /** Draws what is seen into the target `newer`, and `older` as well. @returns whether there is an older one. */
  draw(view: WarpView, withOlder: boolean): boolean {
    const [newest, previous] = [this.#newest, this.#previous];
    if (!newest) return false;
    const isSame = this.isSeenFrom(view);
    if (!isSame || (withOlder && previous)) this.#uncover(placing(newest, view, LAYERS.far));
    if (isSame) this.#drawPlain(newest, view);
    else this.#drawFrom('newer', view, newest, previous);
    if (!withOlder || !previous) return false;
    this.#drawFrom('older', view, previous, newest);
    return true;
  }

  /**
   * Draws once what a view may be made of, of pictures of that kind: GPUs make programs ready at their first use, and a hand
   * would wait for it. What is seen is to be drawn anew afterwards.
   *
   * @param step of `PREPARING_STEPS`: each takes a part of that time.
   */
  prepare(step: number, view: WarpView, { isYuv, uniforms }: PictureTexture): void {
    const newest = this.#newest;
    if (!newest) return;
    const ofKind = { ...newest.corners, texture: { ...newest.corners.texture, isYuv, uniforms } };
    const far = placing(newest, view, LAYERS.far);
    if (step === 0) {
      this.#passes.findFar(ofKind);
      this.#passes.uncoverFar(far);
      this.#passes.findFar(newest.corners);
      this.#uncovered = null;
      return;
    }
    this.#passes.begin('newer', view.widthPx, view.heightPx);
    if (step === 1)
      this.#passes.drawQuads(ofKind, { ...placing(newest, view, LAYERS.newest), newer: seenFrom(newest, newest) });
    else if (step === 2) this.#passes.drawFar(far);
    else this.#passes.drawPlain(ofKind.texture);
  }

  /** Once for all views on one side of the picture. */
  #uncover(placed: Placing): void {
    const nearer = placed.shift.clone().applyMatrix3(placed.turn.clone().transpose()).normalize();
    if (this.#uncovered && this.#uncovered.dot(nearer) > SAME_SIDE) return;
    this.#uncovered = nearer;
    this.#passes.uncoverFar(placed);
  }

  #drawFrom(target: WarpTarget, view: WarpView, first: Found, second: Found | null): void {
    this.#passes.begin(target, view.widthPx, view.heightPx);
    this.#passes.drawQuads(first.corners, placing(first, view, LAYERS.newest));
    if (second && (second === this.#newest || showsMore(first, second, view))) {
      const newer = second === this.#previous ? seenFrom(second, first) : null;
      this.#passes.drawQuads(second.corners, { ...placing(second, view, LAYERS.previous), newer });
    }
    if (this.#newest) this.#passes.drawFar(placing(this.#newest, view, LAYERS.far));
  }

  #drawPlain(picture: Found, view: WarpView): void {
    this.#passes.begin('newer', view.widthPx, view.heightPx);
    if (this.#passes.keepsDepth) this.#passes.drawQuads(picture.corners, placing(picture, view, LAYERS.newest));
    this.#passes.drawPlain(picture.texture);
  }

  dispose(): void {
    this.#passes.dispose();
  }
}

/** A picture from behind another, as seen from the view, has seen no more of what is ahead than that one. */
function showsMore(first: WarpPicture, second: WarpPicture, { pose, heightPx }: WarpView): boolean {
  const apart = (a: Pose, b: Pose) => apartPx(a, b, first.range.nearestM, heightPx);
  const most = Math.max(apart(first.pose, pose), apart(first.pose, second.pose));
  return apart(second.pose, pose) <= most * SAME_WAY;
}

const nearOf = (picture: WarpPicture | null): number => (picture?.range.nearestM ?? 1) * NEAR_SHARE;

function placing(picture: WarpPicture, view: WarpView, layers: Pick<Placing, 'layer' | 'skyLayer'>): Placing {
  const { turn, shift } = reprojection(picture.pose, view.pose);
  return {
    turn,
    shift,
    tangentsFrom: tangentsOf(picture.pose, picture.aspect),
    tangentsTo: tangentsOf(view.pose, view.aspect),
    near: nearOf(picture),
    ...layers,
    newer: null,
  };
}

const seenFrom = (from: WarpPicture, to: Found): SeenFrom => ({
  ...reprojection(from.pose, to.pose),
  corners: to.corners,
  tangents: tangentsOf(to.pose, to.aspect),
});
