/** What is on the canvas: the newest picture as it came, or as it would be seen from where the camera is now. */
import type { PictureHeader, Pose } from '@kiln/shared';
import { BlendClock } from './blend-clock.ts';
import { pictureBlob } from './picture-blob.ts';
import type { DecodedColour } from './picture-decoder.ts';
import { PicturePainter } from './picture-painter.ts';
import { samePose } from './pose-pacer.ts';
import { coarserDepth } from './warp/coarser-depth.ts';
import { mostQuads } from './warp/most-quads.ts';
import { WarpPainter } from './warp/warp-painter.ts';
import type { Plane } from './yuv-picture.ts';

export interface StagedPicture {
  readonly pixels: DecodedColour['pixels'];
  readonly depth: Plane | null;
  /** `tile` of what is better. */
  readonly header: Pick<PictureHeader, 'pose' | 'depth'> & Partial<Pick<PictureHeader, 'better' | 'tile'>>;
  /** Width ÷ height to show it with. */
  readonly aspect: number;
}

/** A place in a picture, 0 to 1: from the left edge, and from the upper one. */
interface PicturePoint {
  readonly x: number;
  readonly y: number;
}

export class PictureStage {
  readonly #canvas: HTMLCanvasElement;
  readonly #painter: PicturePainter;
  readonly #warp: WarpPainter;
  readonly #mostQuads: number;
  readonly #clock = new BlendClock();
  #pose: Pose | null = null;
  #isStale = false;

  /**
   * @param showsPage whether the page is seen behind what is see-through; otherwise it is a checkerboard.
   * @throws NoWebGl when the browser gives no WebGL2 context.
   */
  constructor(canvas: HTMLCanvasElement, showsPage = false) {
    this.#canvas = canvas;
    this.#painter = new PicturePainter(canvas, showsPage);
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

  /** Width ÷ height that it is shown with. */
  get aspect(): number {
    const { width, height } = this.#painter.box;
    return Math.max(1, width) / Math.max(1, height);
  }

  /** The place in the picture of a point of the page; null beside the picture. @param clientX as events of the mouse have it. */
  pointAt(clientX: number, clientY: number): PicturePoint | null {
    const { left, bottom } = this.#canvas.getBoundingClientRect();
    const box = this.#painter.box;
    const x = (clientX - left - box.x) / box.width;
    const y = 1 - (bottom - clientY - box.y) / box.height;
    return x >= 0 && x < 1 && y >= 0 && y < 1 ? { x, y } : null;
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
    const isSeen = !this.#isStale && !isNew && isSame(this.#pose, pose);
    // While nothing moves there is time for it.
    if (isSeen && !(pose && this.#warp.prepare())) return;
    this.#pose = pose;
    this.#isStale = share < 1;
    if (pose && this.#warp.canWarp && (share < 1 || !this.#warp.isSeenFrom(pose))) this.#warp.paint(pose, share);
    else this.#painter.paint();
  }

  /** The GPU has nothing any more of what was uploaded. */
  picturesLost(): void {
    this.#warp.take(null);
    this.#warp.programsLost();
    this.#painter.forget();
    this.#isStale = true;
  }

  /** What is seen: the newest picture as it was sent, where that is it. As `LiveViewport` has it. */
  async toBlob(type: string, quality: number | undefined): Promise<Blob> {
    const isPicture = this.#pose === null || !this.#warp.canWarp || this.#warp.isSeenFrom(this.#pose);
    const picture = isPicture ? this.#painter.read() : null;
    if (picture) return pictureBlob(picture, type, quality);
    return new Promise((resolve, reject) => {
      const give = (blob: Blob | null) => (blob ? resolve(blob) : reject(new Error(`this browser writes no ${type}`)));
      this.#canvas.toBlob(give, type, quality);
    });
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
