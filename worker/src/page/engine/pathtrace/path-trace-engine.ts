import { KilnError, SAMPLES_PER_BLOCK } from '@kiln/shared';
import {
  type DataTexture,
  DataUtils,
  NoBlending,
  OrthographicCamera,
  PerspectiveCamera,
  type Texture,
  type WebGLRenderer,
  type WebGLRenderTarget,
} from 'three';
import { FullScreenQuad } from 'three/addons/postprocessing/Pass.js';
import { SobolNumberMapGenerator } from 'three-gpu-pathtracer/src/utils/SobolNumberMapGenerator.js';
import type { LoadedScene } from '../../scene/loaded-scene.ts';
import { evenPanorama, halfFloatsOf } from '../../scene/panorama.ts';
import { poseKey } from '../../scene/staging.ts';
import type { CameraPlacement } from '../camera-placement.ts';
import { type Engine, partOf, type Rest, type SampleSink, type Shot, scissorTo } from '../engine.ts';
import { neutralBackgroundLight } from '../neutral-grey.ts';
import { PieceSize } from '../piece-size.ts';
import { placeCamera, setCamera } from '../shot-camera.ts';
import { tracedMoment } from '../shutter.ts';
import { BlurredPanorama } from './blurred-panorama.ts';
import { untraceable } from './traceable.ts';
import { TracedScene } from './traced-scene.ts';
import { createTracer } from './tracer-material.ts';

/** Surfaces that a path may pass through without being counted: glass in glass, leaves behind leaves. */
const TRANSPARENT_SURFACES = 12;

const NO_OFFSET = { x: 0, y: 0 };

/**
 * Path tracing on WebGL 2, by the shader of three-gpu-pathtracer. Its random numbers are Owen-scrambled Sobol points, whose
 * index is the sample's: sample `i` of a pixel is always the same.
 */
export class PathTraceEngine implements Engine {
  readonly #renderer: WebGLRenderer;
  readonly #targetOf: (shot: Shot) => WebGLRenderTarget;
  readonly #tracer = createTracer();
  readonly #quad = new FullScreenQuad(this.#tracer.material);
  readonly #cameras = { perspective: new PerspectiveCamera(), orthographic: new OrthographicCamera() };
  readonly #plain = plainPanorama();
  readonly #blurred: BlurredPanorama;
  #panorama: DataTexture | null = null;
  #traced: {
    readonly scene: LoadedScene;
    readonly parts: TracedScene;
    readonly look: string;
    pose: string | null;
  } | null = null;

  /** @param targetOf a target of 32-bit floats, free until the sink has taken its sample. */
  constructor(renderer: WebGLRenderer, targetOf: (shot: Shot) => WebGLRenderTarget) {
    this.#renderer = renderer;
    this.#targetOf = targetOf;
    const { material } = this.#tracer;
    material.blending = NoBlending;
    // Blurred as raster blurs it: by chance, ray for ray, a bright sun stays noise for thousands of samples.
    material.backgroundBlur = 0;
    this.#blurred = new BlurredPanorama(renderer);
    material.sobolTexture = new SobolNumberMapGenerator().generate(renderer).texture;
  }

  async render(shot: Shot, sink: SampleSink, rest: Rest): Promise<CameraPlacement> {
    const { region, samples } = partOf(shot);
    const { heightPx } = region;
    const piece = new PieceSize(heightPx * 4);
    shot.scene.pose(shot.staging, shot.timeSec);
    const placement = placementOf(shot, shot.timeSec);
    let rowsDue = piece.units;
    for (let sample = samples.first; ; sample += 1) {
      this.#prepare(shot, sample);
      for (let row = 0; row < heightPx; ) {
        const rows = Math.min(rowsDue, heightPx - row);
        this.#draw(shot, sample, row, rows);
        row += rows;
        rowsDue -= rows;
        if (row === heightPx) {
          sink.add(this.#targetOf(shot).texture);
          if (sink.isComplete) return placement;
        }
        if (rowsDue > 0) continue;
        piece.took(piece.units, await rest());
        this.#prepare(shot, sample);
        rowsDue = piece.units;
      }
    }
  }

  /** Sets everything for a sample that another picture or sample may have changed. */
  #prepare(shot: Shot, sample: number): void {
    const { scene, size, shutterSec = 0 } = shot;
    const timeSec = shot.timeSec + shutterSec * this.#momentOf(shot, sample);
    this.#take(shot, timeSec);
    const placement = placementOf(shot, timeSec);
    const camera = setCamera(this.#cameras, placement, size, NO_OFFSET);
    const { material, rayScale, isOrthographic, lensRadius, focusDistance, indirectClamp } = this.#tracer;
    material.cameraWorldMatrix.copy(camera.matrixWorld);
    material.invProjectionMatrix.copy(camera.projectionMatrixInverse);
    isOrthographic.value = camera instanceof OrthographicCamera;
    lensRadius.value = placement.aperture?.radius ?? 0;
    focusDistance.value = placement.aperture?.focusDistance ?? 1;
    material.resolution.set(size.widthPx, size.heightPx);
    // The last vertex of a path only looks for light.
    material.bounces = shot.bounces + 1;
    material.filterGlossyFactor = shot.filterGlossy;
    indirectClamp.value = shot.clampIndirect / 2 ** shot.exposureEv;
    material.transmissiveBounces = TRANSPARENT_SURFACES;
    rayScale.value = Math.min(1, scene.sphere.radius);
    this.#light(shot);
  }

  /** A picture that may end early has seen all of the time that the shutter is open whenever it does. */
  #momentOf({ samples, noiseThreshold, timeLimitMs }: Shot, sample: number): number {
    const mayEndEarly = noiseThreshold > 0 || timeLimitMs > 0;
    return mayEndEarly
      ? tracedMoment(sample % SAMPLES_PER_BLOCK, Math.min(samples, SAMPLES_PER_BLOCK))
      : tracedMoment(sample, samples);
  }

  /** Has the scene traced as the shot poses it at a time. */
  #take({ scene, staging, light }: Shot, timeSec: number): void {
    scene.lights.setSun(light.sun ?? null);
    scene.pose(staging, timeSec);
    const pose = `${poseKey(staging, timeSec)} ${scene.lights.sun.key}`;
    if (this.#traced?.scene === scene && this.#traced.pose === pose) return;
    const missing = untraceable(scene.stage);
    if (missing.length > 0) {
      throw new KilnError('job.unsupported', `Path tracing cannot draw ${missing.join(', ')}; use the engine raster.`);
    }
    const look = scene.lookKey(staging, timeSec);
    if (this.#traced?.scene !== scene || this.#traced.look !== look) {
      if (this.#traced?.scene !== scene) scene.onDispose(() => this.#forget(scene));
      this.#traced?.parts.dispose();
      this.#traced = null;
      const parts = new TracedScene(this.#renderer, this.#tracer, scene);
      this.#traced = { scene, parts, look, pose: null };
    }
    this.#traced.parts.bake();
    this.#traced.pose = pose;
  }

  #forget(scene: LoadedScene): void {
    if (this.#traced?.scene !== scene) return;
    this.#traced.parts.dispose();
    this.#traced = null;
  }

  #light({ light, background, toneMapping, exposureEv }: Shot): void {
    const { material } = this.#tracer;
    const { panorama } = light.environment;
    if (panorama !== this.#panorama) {
      material.envMapInfo.updateFrom(panorama);
      this.#panorama = panorama;
    }
    material.environmentIntensity = light.intensity;
    // From the world into the panorama.
    material.environmentRotation.makeRotationY(-light.rotationRad);
    const isSeen = background === 'environment';
    material.backgroundAlpha = isSeen || background === 'neutral' ? 1 : 0;
    material.backgroundIntensity = isSeen ? light.backgroundIntensity : 1;
    material.backgroundRotation.copy(material.environmentRotation);
    material.backgroundMap = isSeen
      ? this.#blurred.of(light.environment, light.backgroundBlur)
      : this.#plain(background === 'neutral' ? neutralBackgroundLight(toneMapping, exposureEv) : 0);
  }

  /** Draws `rows` rows of a sample into its target, from `row` on above the lowest of the shot's part. */
  #draw(shot: Shot, sample: number, row: number, rows: number): void {
    const target = scissorTo(this.#targetOf(shot), shot);
    this.#tracer.material.seed = sample;
    target.scissorTest = true;
    target.scissor.y += row;
    target.scissor.w = rows;
    this.#renderer.setRenderTarget(target);
    this.#quad.render(this.#renderer);
    target.scissorTest = false;
  }
}

const placementOf = ({ camera, scene, size }: Shot, timeSec: number): CameraPlacement =>
  placeCamera(camera, scene, size.widthPx / size.heightPx, timeSec);

/** One grey everywhere, as the panorama of a background; of the kind of all others, so that one program does for all. */
function plainPanorama(): (light: number) => Texture {
  const texture = evenPanorama(0);
  const texels = halfFloatsOf(texture);
  let now = 0;
  return (light) => {
    if (light === now) return texture;
    now = light;
    texels.fill(DataUtils.toHalfFloat(light));
    texture.needsUpdate = true;
    return texture;
  };
}
