import { KilnError } from '@kiln/shared';
import {
  ClampToEdgeWrapping,
  type DataTexture,
  DataUtils,
  HalfFloatType,
  NoBlending,
  OrthographicCamera,
  PerspectiveCamera,
  RepeatWrapping,
  Source,
  type Texture,
  type WebGLRenderer,
  type WebGLRenderTarget,
} from 'three';
import { FullScreenQuad } from 'three/addons/postprocessing/Pass.js';
import type { EnvironmentInfo } from 'three-gpu-pathtracer/src/materials/pathtracing/PhysicalPathTracingMaterial.js';
import { RenderTarget2DArray } from 'three-gpu-pathtracer/src/uniforms/RenderTarget2DArray.js';
import { SobolNumberMapGenerator } from 'three-gpu-pathtracer/src/utils/SobolNumberMapGenerator.js';
import { type LightFromAbove, lightFromAbove } from '../../assets/light-from-above.ts';
import { panoramaAside } from '../../assets/panorama-aside.ts';
import type { LightShares } from '../../assets/panorama-messages.ts';
import type { LoadedScene } from '../../scene/loaded-scene.ts';
import { evenPanorama, halfFloatsOf } from '../../scene/panorama.ts';
import { poseKey } from '../../scene/staging.ts';
import { whileResting } from '../../while-resting.ts';
import type { CameraPlacement } from '../camera-placement.ts';
import { type Engine, partOf, type Rest, type SampleSink, type Shot, scissorTo } from '../engine.ts';
import { aspectOf } from '../frame-window.ts';
import { neutralBackgroundLight } from '../neutral-grey.ts';
import { PieceSize } from '../piece-size.ts';
import { undrawable } from '../scene-features.ts';
import { placeCamera, setCamera } from '../shot-camera.ts';
import { tracedMomentOf } from '../shutter.ts';
import { BlurredPanorama } from './blurred-panorama.ts';
import { type Tile, tileAt } from './tile-at.ts';
import { TracedScene } from './traced-scene.ts';
import { catchShadow, createTracer, tablesOf } from './tracer-material.ts';

/** Surfaces that a path may pass through without being counted: glass in glass, leaves behind leaves. */
const TRANSPARENT_SURFACES = 12;

/** Built-in panoramas, of which the page's own thread reckons in no time where their light is. */
const QUICK_PANORAMA_PX = 131_072;

const NO_OFFSET = { x: 0, y: 0 };

/**
 * Path tracing on WebGL 2, by the shader of three-gpu-pathtracer. Its random numbers are Owen-scrambled Sobol points, whose
 * index is the sample's: sample `i` of a pixel is always the same.
 */
export class PathTraceEngine implements Engine {
  readonly #renderer: WebGLRenderer;
  /** Pixels of a sample that make a piece. */
  readonly #paces = new WeakMap<LoadedScene, number>();
  readonly #targetOf: (shot: Shot) => WebGLRenderTarget;
  readonly #tracer = createTracer();
  readonly #quad = new FullScreenQuad(this.#tracer.material);
  readonly #cameras = { perspective: new PerspectiveCamera(), orthographic: new OrthographicCamera() };
  readonly #textures = new RenderTarget2DArray(1, 1, { type: HalfFloatType });
  readonly #plain = plainPanorama();
  readonly #blurred: BlurredPanorama;
  #panorama: DataTexture | null = null;
  /** Of the panorama: irradiance on level ground. */
  #fromAbove = 0;
  #traced: {
    readonly scene: LoadedScene;
    readonly parts: TracedScene;
    /** Null while it is made ready. */
    pose: string | null;
  } | null = null;
  /** How often a pose was begun to be made ready. */
  #takes = 0;

  /** @param targetOf a target of 32-bit floats, free until the sink has taken its sample. */
  constructor(renderer: WebGLRenderer, targetOf: (shot: Shot) => WebGLRenderTarget) {
    this.#renderer = renderer;
    this.#targetOf = targetOf;
    const { material } = this.#tracer;
    material.blending = NoBlending;
    // Blurred as raster blurs it: by chance, ray for ray, a bright sun stays noise for thousands of samples.
    material.backgroundBlur = 0;
    this.#blurred = new BlurredPanorama(renderer);
    material.textures = this.#textures.texture;
    material.sobolTexture = new SobolNumberMapGenerator().generate(renderer).texture;
  }

  async render(shot: Shot, sink: SampleSink, rest: Rest): Promise<CameraPlacement> {
    const { region, samples } = partOf(shot);
    const { widthPx, heightPx } = region;
    const pixels = widthPx * heightPx;
    // Half of what the last picture of the scene came to: another camera may see what takes longer.
    const piece = new PieceSize(pixels * 4, Math.floor((this.#paces.get(shot.scene) ?? 0) / 2));
    shot.scene.pose(shot.staging, shot.timeSec);
    const placement = placementOf(shot, shot.timeSec);
    let [drawn, due] = [0, piece.units];
    for (let sample = samples.first + (shot.begun ?? 0); ; sample += 1) {
      await this.#prepare(shot, sample, rest);
      for (let at = 0; at < pixels; ) {
        const tile = tileAt(region, at, due);
        this.#draw(shot, sample, tile);
        const count = tile.widthPx * tile.heightPx;
        at += count;
        drawn += count;
        due -= count;
        if (at === pixels) {
          sink.add(this.#targetOf(shot).texture);
          if (sink.isComplete) return placement;
        }
        // What is less than a row waits for the next piece.
        if (due >= widthPx) continue;
        if (at < pixels) sink.tell(at / pixels);
        piece.took(drawn, await rest());
        this.#paces.set(shot.scene, piece.units);
        await this.#prepare(shot, sample, rest);
        [drawn, due] = [0, piece.units];
      }
    }
  }

  /** Sets everything for a sample that another picture or sample may have changed. */
  async #prepare(shot: Shot, sample: number, rest: Rest): Promise<void> {
    const { scene, size, shutterSec = 0 } = shot;
    const timeSec = shot.timeSec + shutterSec * tracedMomentOf(shot, sample);
    const { panorama } = shot.light.environment;
    // Whoever draws while this rests may take over another scene or environment.
    while (this.#panorama !== panorama || !this.#isTaken(shot, timeSec)) {
      if (this.#panorama !== panorama) await this.#takeLight(panorama, rest);
      else await this.#take(shot, timeSec, rest);
    }
    const placement = placementOf(shot, timeSec);
    const camera = setCamera(this.#cameras, placement, shot, NO_OFFSET);
    const { material, rayScale, isOrthographic, lensRadius, focusDistance, indirectClamp, pixelOffset } = this.#tracer;
    material.cameraWorldMatrix.copy(camera.matrixWorld);
    material.invProjectionMatrix.copy(camera.projectionMatrixInverse);
    isOrthographic.value = camera instanceof OrthographicCamera;
    lensRadius.value = placement.aperture?.radius ?? 0;
    focusDistance.value = placement.aperture?.focusDistance ?? 1;
    material.resolution.set(size.widthPx, size.heightPx);
    const { x, y, frame } = shot.window ?? { x: 0, y: 0, frame: size };
    // Rows of a target count from the bottom.
    pixelOffset.value.set(x, frame.heightPx - y - size.heightPx);
    // The last vertex of a path only looks for light.
    material.bounces = shot.bounces + 1;
    material.filterGlossyFactor = shot.filterGlossy;
    indirectClamp.value = shot.clampIndirect / 2 ** shot.exposureEv;
    material.transmissiveBounces = TRANSPARENT_SURFACES;
    rayScale.value = Math.min(1, scene.sphere.radius);
    this.#light(shot);
    this.#layGround(shot);
  }

  /** Poses the scene for a time. @returns whether that is how it is traced. */
  #isTaken({ scene, staging, light }: Shot, timeSec: number): boolean {
    scene.lights.setSun(light.sun ?? null);
    scene.pose(staging, timeSec);
    return this.#traced?.scene === scene && this.#traced.pose === this.#poseKey({ scene, staging }, timeSec);
  }

  #poseKey({ scene, staging }: Pick<Shot, 'scene' | 'staging'>, timeSec: number): string {
    return `${poseKey(staging, timeSec)} ${scene.lights.sun.key}`;
  }

  /** Has the scene traced as it is posed, unless somebody else comes in between. */
  async #take({ scene, staging }: Shot, timeSec: number, rest: Rest): Promise<void> {
    const missing = undrawable(scene.stage, 'pathtrace', 'webgl');
    if (missing.length > 0) {
      throw new KilnError('job.unsupported', `Path tracing cannot draw ${missing.join(', ')}; use the engine raster.`);
    }
    if (this.#traced?.scene !== scene) {
      this.#traced?.parts.end();
      scene.onDispose(() => this.#forget(scene));
      const parts = new TracedScene(this.#renderer, this.#tracer, this.#textures, scene);
      this.#traced = { scene, parts, pose: null };
    }
    const traced = this.#traced;
    const pose = this.#poseKey({ scene, staging }, timeSec);
    traced.pose = null;
    this.#takes += 1;
    const take = this.#takes;
    try {
      await traced.parts.take(scene.lookKey(staging, timeSec), rest);
      if (this.#takes === take) traced.pose = pose;
      else if (this.#traced) this.#traced.pose = null;
    } catch (error) {
      // What another has ended fails, and is begun again.
      if (this.#traced === traced) this.#end();
      if (this.#takes === take) throw error;
    }
  }

  #forget(scene: LoadedScene): void {
    if (this.#traced?.scene === scene) this.#end();
  }

  /** Lets its memory go, of the GPU's too. */
  #end(): void {
    this.#traced?.parts.end();
    this.#traced = null;
    this.#textures.setTextures(this.#renderer, [], 1, 1);
    for (const table of tablesOf(this.#tracer)) table.dispose();
  }

  /** Has the light of an environment looked for where it is. */
  async #takeLight(panorama: DataTexture, rest: Rest): Promise<void> {
    const { envMapInfo } = this.#tracer.material;
    const { width, height } = panorama.image;
    const image = { data: halfFloatsOf(panorama), widthPx: width, heightPx: height };
    if (width * height <= QUICK_PANORAMA_PX) {
      envMapInfo.updateFrom(panorama);
      this.#takeFromAbove(lightFromAbove(image));
    } else {
      const data = new Uint16Array(image.data);
      const shares = await whileResting(panoramaAside('shares', { ...image, data }, [data.buffer]), rest);
      useShares(envMapInfo, panorama, shares);
      this.#takeFromAbove(shares.fromAbove);
    }
    this.#panorama = panorama;
  }

  #takeFromAbove({ light, heights }: LightFromAbove): void {
    const { skyHeights } = this.#tracer.ground;
    skyHeights.value.image.data = heights;
    skyHeights.value.needsUpdate = true;
    this.#fromAbove = light;
  }

  /** The scene is posed as it is traced. */
  #layGround({ scene, light }: Shot): void {
    const { shadowCatcher } = light;
    catchShadow(this.#tracer, Boolean(shadowCatcher));
    if (!shadowCatcher) return;
    const { height, skyLight } = this.#tracer.ground;
    height.value = scene.groundHeight(shadowCatcher);
    skyLight.value = this.#fromAbove * light.intensity;
  }

  #light({ light, background, toneMapping, exposureEv }: Shot): void {
    const { material } = this.#tracer;
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

  /** Draws a tile of a sample into its target; it counts from the lowest left pixel of the shot's part. */
  #draw(shot: Shot, sample: number, { x, y, widthPx, heightPx }: Tile): void {
    const target = scissorTo(this.#targetOf(shot), shot);
    this.#tracer.material.seed = sample;
    target.scissorTest = true;
    target.scissor.x += x;
    target.scissor.y += y;
    target.scissor.z = widthPx;
    target.scissor.w = heightPx;
    this.#renderer.setRenderTarget(target);
    this.#quad.render(this.#renderer);
    target.scissorTest = false;
  }
}

/** What the library's own `updateFrom` does with them. */
function useShares(info: EnvironmentInfo, panorama: DataTexture, { marginal, conditional, total }: LightShares): void {
  info.dispose();
  const { width, height } = panorama.image;
  info.marginalWeights.image = { width: height, height: 1, data: marginal };
  info.conditionalWeights.image = { width, height, data: conditional };
  info.marginalWeights.needsUpdate = info.conditionalWeights.needsUpdate = true;
  info.totalSum = total;
  info.map = panorama.clone();
  info.map.source = new Source({ ...panorama.image });
  info.map.wrapS = RepeatWrapping;
  info.map.wrapT = ClampToEdgeWrapping;
}

const placementOf = (shot: Shot, timeSec: number): CameraPlacement =>
  placeCamera(shot.camera, shot.scene, aspectOf(shot), timeSec);

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
