/** What is on the canvas: the newest picture as it came, or as it would be seen from where the camera is now. */
import type { PictureHeader, Pose } from '@kiln/shared';
import { BlendClock } from './blend-clock.ts';
import type { Rectangle } from './letterbox.ts';
import type { DecodedColour, Plane } from './picture-decoder.ts';
import { PicturePainter } from './picture-painter.ts';
import { samePose } from './pose-pacer.ts';
import { coarserDepth } from './warp/coarser-depth.ts';
import { mostQuads } from './warp/most-quads.ts';
import { WarpPainter } from './warp/warp-painter.ts';

export interface StagedPicture {
  readonly pixels: DecodedColour['pixels'];
  readonly depth: Plane | null;
  /** `tile` of what is better. */
  readonly header: Pick<PictureHeader, 'pose' | 'depth'> & Partial<Pick<PictureHeader, 'better' | 'tile'>>;
  /** Width ÷ height to show it with. */
  readonly aspect: number;
}

export class PictureStage {
  readonly #painter: PicturePainter;
  readonly #warp: WarpPainter;
  readonly #mostQuads: number;
  readonly #clock = new BlendClock();
  #pose: Pose | null = null;
  #isStale = false;

  /** @throws Error when the browser gives no WebGL2 context. */
  constructor(canvas: HTMLCanvasElement) {
    this.#painter = new PicturePainter(canvas);
    this.#warp = new WarpPainter(this.#painter);
    this.#mostQuads = mostQuads(this.#painter.renderer.getContext());
  }

  /** Gives a picture to the GPU, or a better part of the one before; the next `show` shows it. */
  upload({ pixels, depth, header, aspect }: StagedPicture): void {
    this.#isStale = true;
    if (header.better && header.tile) {
      this.#painter.patch(pixels, header.tile);
      return;
    }
    const texture = this.#painter.upload(pixels, aspect, depth && coarserDepth(depth, this.#mostQuads));
    this.#warp.take(header.depth && { texture, range: header.depth, pose: header.pose, aspect });
    this.#clock.restart();
  }

  /** Where the picture is shown, CSS pixels from the lower left corner of the canvas. */
  get box(): Rectangle {
    return this.#painter.box;
  }

  /**
   * To be called on every display frame.
   *
   * @param pose where the camera is; null where the pictures say where it is.
   * @param blends whether a new picture comes in gradually.
   */
  show(pose: Pose | null, nowMs: number, blends: boolean): void {
    const { isNew } = this.#clock;
    const ofTime = this.#clock.share(nowMs);
    const share = blends && this.#warp.canBlend ? ofTime : 1;
    if (!this.#isStale && !isNew && isSame(this.#pose, pose)) return;
    this.#pose = pose;
    this.#isStale = share < 1;
    if (pose && this.#warp.canWarp && (share < 1 || !this.#warp.isSeenFrom(pose))) this.#warp.paint(pose, share);
    else this.#painter.paint();
  }

  /** The newest picture as it was sent, where that is what is seen; else null. */
  readPicture(): ImageData | null {
    const isPicture = this.#pose === null || !this.#warp.canWarp || this.#warp.isSeenFrom(this.#pose);
    return isPicture ? this.#painter.read() : null;
  }

  /** @param widthPx CSS pixels. */
  resize(widthPx: number, heightPx: number, pixelRatio: number): void {
    this.#painter.resize(widthPx, heightPx, pixelRatio);
    this.#isStale = true;
    this.show(this.#pose, this.#clock.lastShownAtMs, false);
  }

  dispose(): void {
    this.#warp.dispose();
    this.#painter.dispose();
  }
}

const isSame = (a: Pose | null, b: Pose | null) => (a && b ? samePose(a, b) : a === b);
