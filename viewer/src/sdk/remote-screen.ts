/** Shows the newest picture in the host's scene, as it would be seen from where the host's camera is now. */
import type { Material } from 'three';
import { BlendClock } from '../live/blend-clock.ts';
import type { StagedPicture } from '../live/picture-stage.ts';
import { type PictureTexture, PictureTextures, type TextureRenderer } from '../live/picture-textures.ts';
import { coarserDepth } from '../live/warp/coarser-depth.ts';
import { PictureWarp, PREPARING_STEPS, type WarpPasses, type WarpView } from '../live/warp/picture-warp.ts';
import type { Plane } from '../live/yuv-picture.ts';

/** What the material shows: the targets of the passes. */
interface ShownTargets {
  /** Of the target `newer`; the rest is of `older`. */
  readonly share: number;
  /** As `PictureWarp` has them. */
  readonly nears: readonly [number, number];
  /** Units of the host's world in a metre. */
  readonly scale: number;
}

/** What depends on the kind of renderer. */
export interface ScreenRenderer {
  readonly textures: TextureRenderer;
  readonly passes: WarpPasses;
  /** Covers the view with the targets, as far away as they say. */
  readonly material: Material;
  readonly mostQuads: number;
  show(shown: ShownTargets): void;
  /** Before each drawing of the material: whether the camera is that of the view. */
  seenBy(isSeen: boolean): void;
  /** What is drawn in it leaves the host's renderer as it was. */
  apart(work: () => void): void;
  /**
   * @param graphics `restored` is told when what was given to the GPU is gone, and more can be given to it; `lost`, when nothing can be
   *   any more.
   * @returns what ends it.
   */
  watch(graphics: { restored(): void; lost(): void }): () => void;
  dispose(): void;
}

export class RemoteScreen {
  readonly #renderer: ScreenRenderer;
  readonly #textures: PictureTextures;
  readonly #warp: PictureWarp;
  readonly #clock = new BlendClock();
  #texture: PictureTexture | null = null;
  /** Steps that are done. */
  #prepared = 0;

  constructor(renderer: ScreenRenderer) {
    this.#renderer = renderer;
    this.#textures = new PictureTextures(renderer.textures);
    this.#warp = new PictureWarp(renderer.passes);
  }

  /** Whether there is a picture to show. */
  get hasPicture(): boolean {
    return this.#texture !== null;
  }

  /** Gives a picture to the GPU, or [LV30] a better part of the one before; the next `show` shows it. */
  upload({ pixels, depth, header, aspect }: StagedPicture): void {
    if (header.better && header.tile) {
      if (this.#texture) this.#textures.patch(this.#texture, pixels, header.tile);
      return;
    }
    const coarse: Plane | null = depth && coarserDepth(depth, this.#renderer.mostQuads);
    const texture = this.#textures.upload(pixels, coarse);
    this.#texture = texture;
    this.#renderer.apart(() =>
      this.#warp.take(header.depth && { texture, range: header.depth, pose: header.pose, aspect }),
    );
    this.#clock.restart();
  }

  /**
   * To be called on every display frame.
   *
   * @param blends whether a new picture comes in gradually.
   */
  show(view: WarpView, scale: number, nowMs: number, blends: boolean): void {
    const { isNew } = this.#clock;
    const ofTime = this.#clock.share(nowMs);
    const texture = this.#texture;
    if (!texture) return;
    let share = blends ? ofTime : 1;
    this.#renderer.apart(() => {
      if (this.#warp.newest) {
        if (!isNew && !texture.isYuv) this.#prepare(view);
        if (!this.#warp.draw(view, share < 1)) share = 1;
        return;
      }
      // Where nothing stands all is infinitely far, and as it was seen.
      const { passes } = this.#renderer;
      passes.begin('newer', view.widthPx, view.heightPx);
      passes.drawPlain(texture);
      share = 1;
    });
    this.#renderer.show({ share, nears: this.#warp.nears, scale });
  }

  /** What moving pictures need is made ready piece by piece, before the first of them comes. */
  #prepare(view: WarpView): void {
    if (this.#prepared === PREPARING_STEPS) return;
    this.#warp.prepare(this.#prepared, view, this.#textures.planes());
    this.#prepared += 1;
  }

  /** The GPU has nothing any more of what was uploaded. */
  picturesLost(): void {
    this.#texture = null;
    this.#prepared = 0;
    this.#warp.take(null);
    this.#textures.dispose();
  }

  dispose(): void {
    this.#textures.dispose();
    this.#warp.dispose();
    this.#renderer.dispose();
  }
}
