import type { Size } from '@kiln/shared';
import {
  HalfFloatType,
  NearestFilter,
  OrthographicCamera,
  PerspectiveCamera,
  type WebGLRenderer,
  WebGLRenderTarget,
} from 'three';
import type { Studio } from '../scene/studio.ts';
import type { CameraPlacement } from './camera-placement.ts';
import type { Engine, SampleRange, SampleSink, Shot } from './engine.ts';
import { subPixelOffset } from './jitter.ts';
import { neutralBackgroundLight } from './neutral-grey.ts';
import { placeCamera, setCamera } from './shot-camera.ts';

/** Multisampling of each sample; what every GPU with WebGL 2 can do. */
const MULTISAMPLES = 4;

/** How much the environment is blurred when it stands behind the scene: a room out of focus. */
const BACKGROUND_BLUR = 0.35;

/** three.js rasterisation on WebGL 2: each sample is one multisampled drawing in half floats, jittered within a pixel. */
export class RasterEngine implements Engine {
  readonly #renderer: WebGLRenderer;
  readonly #studio: Studio;
  readonly #targetOf: (shot: Shot) => WebGLRenderTarget;
  /** The same two for all pictures: three keeps a transmission target per camera for ever. */
  readonly #cameras = { perspective: new PerspectiveCamera(), orthographic: new OrthographicCamera() };

  /** @param targetOf a target of `rasterTarget`'s kind, free until the sink has taken its sample. */
  constructor(renderer: WebGLRenderer, studio: Studio, targetOf: (shot: Shot) => WebGLRenderTarget) {
    this.#renderer = renderer;
    this.#studio = studio;
    this.#targetOf = targetOf;
  }

  render(shot: Shot, { first, count }: SampleRange, sink: SampleSink): CameraPlacement {
    const { scene, size } = shot;
    scene.pose(shot.clip, shot.timeSec);
    const placement = placeCamera(shot.camera, scene, size.widthPx / size.heightPx);
    this.#setBackground(shot);
    scene.drawOrder.applyTo(this.#renderer);
    scene.requestShadows();
    const target = this.#targetOf(shot);
    for (let index = first; index < first + count; index += 1) {
      const camera = setCamera(this.#cameras, placement, size, subPixelOffset(index));
      this.#renderer.setRenderTarget(target);
      this.#renderer.setClearColor(0, 0);
      this.#renderer.clear(true, true, false);
      this.#renderer.render(scene.stage, camera);
      sink.add(target.texture);
    }
    return placement;
  }

  #setBackground({ scene: { stage }, background, toneMapping, exposureEv }: Shot): void {
    stage.backgroundBlurriness = BACKGROUND_BLUR;
    stage.background = background === 'environment' ? this.#studio.environment : null;
    if (background === 'neutral') stage.background = this.#studio.grey(neutralBackgroundLight(toneMapping, exposureEv));
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
