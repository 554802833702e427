import { SAMPLES_PER_BLOCK, type Size } from '@kiln/shared';
import { HalfFloatType, NearestFilter, WebGLCoordinateSystem, type WebGLRenderer, WebGLRenderTarget } from 'three';
import type { CameraPlacement } from './camera-placement.ts';
import { type Engine, partOf, type Rest, type SampleSink, type Shot, scissorTo } from './engine.ts';
import { blurGlassAs } from './glass-blur.ts';
import { PieceSize } from './piece-size.ts';
import { poseShot, RasterStage } from './raster-stage.ts';
import { catcherMaterial } from './shadow-catcher.ts';

/** Multisampling of each sample; what every GPU with WebGL 2 can do. */
const MULTISAMPLES = 4;

/** three.js rasterisation on WebGL 2: each sample is one multisampled drawing in half floats, jittered within a pixel. */
export class RasterEngine implements Engine {
  readonly #renderer: WebGLRenderer;
  readonly #targetOf: (shot: Shot) => WebGLRenderTarget;
  readonly #stage = new RasterStage(WebGLCoordinateSystem, catcherMaterial());

  /** @param targetOf a target of `rasterTarget`'s kind, free until the sink has taken its sample. */
  constructor(renderer: WebGLRenderer, targetOf: (shot: Shot) => WebGLRenderTarget) {
    this.#renderer = renderer;
    this.#targetOf = targetOf;
  }

  async render(shot: Shot, sink: SampleSink, rest: Rest): Promise<CameraPlacement> {
    // A block at most: all its commands are queued at once.
    const piece = new PieceSize(SAMPLES_PER_BLOCK);
    const { samples } = partOf(shot);
    for (let done = 0; ; ) {
      const count = Math.min(piece.units, samples.count - done);
      this.#draw(shot, samples.first + done, count, sink);
      done += count;
      if (sink.isComplete) return poseShot(shot, shot.timeSec);
      piece.took(count, await rest());
    }
  }

  #draw(shot: Shot, first: number, count: number, sink: SampleSink): void {
    const { scene, light } = shot;
    this.#stage.light(shot, light.environment.filtered);
    scene.drawOrder.applyTo(this.#renderer);
    blurGlassAs(shot);
    const target = scissorTo(this.#targetOf(shot), shot);
    for (let index = first; index < first + count; index += 1) {
      const camera = this.#stage.pose(shot, index);
      this.#renderer.setRenderTarget(target);
      this.#renderer.setClearColor(0, 0);
      this.#renderer.clear(true, true, false);
      this.#renderer.render(scene.stage, camera);
      this.#stage.clear();
      sink.add(target.texture);
      // By noise or time, in the middle of a piece.
      if (sink.isComplete) return;
    }
  }
}

export const rasterTarget = ({ widthPx, heightPx }: Size, multisampled: boolean): WebGLRenderTarget =>
  new WebGLRenderTarget(widthPx, heightPx, {
    type: HalfFloatType,
    samples: multisampled ? MULTISAMPLES : 0,
    minFilter: NearestFilter,
    magFilter: NearestFilter,
    resolveDepthBuffer: false,
  });

/** Bytes of GPU memory of a pixel of `rasterTarget`: colour and depth of each multisample, and the resolved colour. */
export const rasterBytesPerPx = (multisampled: boolean): number => (multisampled ? MULTISAMPLES * 12 + 8 : 12);
