import { type Region, SAMPLES_PER_BLOCK, type Size } from '@kiln/shared';
import {
  DepthTexture,
  HalfFloatType,
  NearestFilter,
  WebGLCoordinateSystem,
  type WebGLRenderer,
  WebGLRenderTarget,
} from 'three';
import type { LoadedScene } from '../scene/loaded-scene.ts';
import type { CameraPlacement } from './camera-placement.ts';
import { type Engine, partOf, type Rest, type SampleSink, type Shot, scissorTo } from './engine.ts';
import { blurGlassAs } from './glass-blur.ts';
import { PieceSize } from './piece-size.ts';
import { poseShot, RasterStage } from './raster-stage.ts';
import { catcherMaterial } from './shadow-catcher.ts';
import { type KnownPace, StripPace, stripsOf, unknownPace } from './strip-pace.ts';

/** Multisampling of each sample; what every GPU with WebGL 2 can do. */
const MULTISAMPLES = 4;

/** three.js rasterisation on WebGL 2: each sample is one multisampled drawing in half floats, jittered within a pixel. */
export class RasterEngine implements Engine {
  readonly #renderer: WebGLRenderer;
  readonly #targetOf: (shot: Shot) => WebGLRenderTarget;
  readonly #claim: (shot: Shot) => () => void;
  readonly #stage = new RasterStage(WebGLCoordinateSystem, catcherMaterial());
  readonly #paces = new WeakMap<LoadedScene, KnownPace>();

  /**
   * @param targetOf a target of `rasterTarget`'s kind, free until the sink has taken its sample.
   * @param claim keeps it for the shot alone, whoever draws in between, until the answer is called.
   */
  constructor(renderer: WebGLRenderer, targetOf: (shot: Shot) => WebGLRenderTarget, claim: (shot: Shot) => () => void) {
    this.#renderer = renderer;
    this.#targetOf = targetOf;
    this.#claim = claim;
  }

  async render(shot: Shot, sink: SampleSink, rest: Rest): Promise<CameraPlacement> {
    // A part of a sample, or the only one, which the sink does not copy, lies in it while others draw.
    const release = this.#claim(shot);
    try {
      return await this.#render(shot, sink, rest);
    } finally {
      release();
    }
  }

  async #render(shot: Shot, sink: SampleSink, rest: Rest): Promise<CameraPlacement> {
    // A block at most: all its commands are queued at once.
    const piece = new PieceSize(SAMPLES_PER_BLOCK);
    const { samples, region } = partOf(shot);
    const pace = new StripPace(this.#paceOf(shot.scene), region);
    for (let done = shot.begun ?? 0; ; ) {
      const { strips } = pace;
      const count = strips > 1 ? 1 : Math.min(piece.units, samples.count - done);
      const first = samples.first + done;
      const longestMs = strips > 1 ? await this.#drawInStrips(shot, first, stripsOf(region, strips), rest, sink) : 0;
      if (strips === 1) this.#draw(shot, first, count, sink);
      done += count;
      const isLast = sink.isComplete;
      if (!isLast || pace.isUnknown) {
        const ms = await rest();
        if (strips === 1) piece.took(count, ms);
        pace.took(strips, Math.max(longestMs, ms / count));
      }
      if (isLast) return poseShot(shot, shot.timeSec);
    }
  }

  #paceOf(scene: LoadedScene): KnownPace {
    const pace = this.#paces.get(scene) ?? unknownPace();
    this.#paces.set(scene, pace);
    return pace;
  }

  #draw(shot: Shot, first: number, count: number, sink: SampleSink): void {
    this.#prepare(shot);
    const target = scissorTo(this.#targetOf(shot), shot);
    for (let index = first; index < first + count; index += 1) {
      this.#drawSample(shot, index, target);
      sink.add(target.texture);
      // By noise or time, in the middle of a piece.
      if (sink.isComplete) return;
    }
  }

  /**
   * One sample, with a rest after each of its strips but the last.
   *
   * @returns milliseconds that the longest took.
   */
  async #drawInStrips(
    shot: Shot,
    index: number,
    strips: readonly Region[],
    rest: Rest,
    sink: SampleSink,
  ): Promise<number> {
    const target = this.#targetOf(shot);
    let longestMs = 0;
    for (const [at, region] of strips.entries()) {
      this.#prepare(shot);
      this.#drawSample(shot, index, scissorTo(target, { size: shot.size, part: { ...partOf(shot), region } }));
      if (at === strips.length - 1) continue;
      sink.tell((at + 1) / strips.length);
      longestMs = Math.max(longestMs, await rest());
    }
    sink.add(target.texture);
    return longestMs;
  }

  #prepare(shot: Shot): void {
    this.#stage.light(shot, shot.light.environment.filtered);
    shot.scene.drawOrder.applyTo(this.#renderer);
    blurGlassAs(shot);
  }

  #drawSample(shot: Shot, index: number, target: WebGLRenderTarget): void {
    const camera = this.#stage.pose(shot, index);
    this.#renderer.setRenderTarget(target);
    this.#renderer.setClearColor(0, 0);
    this.#renderer.clear(true, true, false);
    this.#renderer.render(shot.scene.stage, camera);
    this.#stage.clear();
  }
}

/** @param hasDepth whether its depth can be read, as `depthTexture`: of as many bits as without, so that no pixel changes. */
export const rasterTarget = (
  { widthPx, heightPx }: Size,
  multisampled: boolean,
  hasDepth: boolean,
): WebGLRenderTarget =>
  new WebGLRenderTarget(widthPx, heightPx, {
    type: HalfFloatType,
    samples: multisampled ? MULTISAMPLES : 0,
    minFilter: NearestFilter,
    magFilter: NearestFilter,
    resolveDepthBuffer: hasDepth,
    depthTexture: hasDepth ? new DepthTexture(widthPx, heightPx) : null,
  });

/** Bytes of GPU memory of a pixel of `rasterTarget`: colour and depth of each multisample, and the resolved colour. */
export const rasterBytesPerPx = (multisampled: boolean): number => (multisampled ? MULTISAMPLES * 12 + 8 : 12);
