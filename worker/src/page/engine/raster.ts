import { SAMPLES_PER_BLOCK, type Size } from '@kiln/shared';
import {
  Color,
  HalfFloatType,
  NearestFilter,
  OrthographicCamera,
  PerspectiveCamera,
  type WebGLRenderer,
  WebGLRenderTarget,
} from 'three';
import type { CameraPlacement } from './camera-placement.ts';
import { type Engine, partOf, type Rest, type SampleSink, type Shot, scissorTo } from './engine.ts';
import { subPixelOffset } from './jitter.ts';
import { neutralBackgroundLight } from './neutral-grey.ts';
import { PieceSize } from './piece-size.ts';
import { placeCamera, setCamera } from './shot-camera.ts';
import { shutterMoment } from './shutter.ts';
import { lookThrough } from './thin-lens.ts';

/** Multisampling of each sample; what every GPU with WebGL 2 can do. */
const MULTISAMPLES = 4;

/** three.js rasterisation on WebGL 2: each sample is one multisampled drawing in half floats, jittered within a pixel. */
export class RasterEngine implements Engine {
  readonly #renderer: WebGLRenderer;
  readonly #targetOf: (shot: Shot) => WebGLRenderTarget;
  /** One colour object for all backgrounds. */
  readonly #grey = new Color();
  /** The same two for all pictures: three keeps a transmission target per camera for ever. */
  readonly #cameras = { perspective: new PerspectiveCamera(), orthographic: new OrthographicCamera() };

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
      if (sink.isComplete) return pose(shot, shot.timeSec);
      piece.took(count, await rest());
    }
  }

  #draw(shot: Shot, first: number, count: number, sink: SampleSink): void {
    const { scene, size, timeSec, shutterSec = 0 } = shot;
    this.#light(shot);
    scene.drawOrder.applyTo(this.#renderer);
    const target = scissorTo(this.#targetOf(shot), shot);
    for (let index = first; index < first + count; index += 1) {
      const placement = pose(shot, timeSec + shutterSec * shutterMoment(index));
      scene.requestShadows();
      const camera = setCamera(this.#cameras, placement, size, subPixelOffset(index));
      if (placement.aperture && camera instanceof PerspectiveCamera) lookThrough(camera, placement.aperture, index);
      this.#renderer.setRenderTarget(target);
      this.#renderer.setClearColor(0, 0);
      this.#renderer.clear(true, true, false);
      this.#renderer.render(scene.stage, camera);
      sink.add(target.texture);
      // By noise or time, in the middle of a piece.
      if (sink.isComplete) return;
    }
  }

  #light({ scene: { stage, lights }, light, background, toneMapping, exposureEv }: Shot): void {
    lights.setSun(light.sun ?? null);
    stage.environment = light.environment.filtered;
    stage.environmentIntensity = light.intensity;
    stage.environmentRotation.y = stage.backgroundRotation.y = light.rotationRad;
    stage.backgroundIntensity = light.backgroundIntensity;
    stage.backgroundBlurriness = light.backgroundBlur;
    stage.background = null;
    if (background === 'environment') {
      const { filtered, panorama } = light.environment;
      stage.background = light.backgroundBlur > 0 ? filtered : panorama;
    }
    if (background === 'neutral') {
      // A colour is not scaled by the background's intensity.
      stage.background = this.#grey.setScalar(neutralBackgroundLight(toneMapping, exposureEv));
    }
  }
}

/** Moves everything to where it is then, the camera too. */
function pose({ scene, staging, camera, size }: Shot, timeSec: number): CameraPlacement {
  scene.pose(staging, timeSec);
  return placeCamera(camera, scene, size.widthPx / size.heightPx, timeSec);
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
