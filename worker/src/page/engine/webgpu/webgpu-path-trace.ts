import { type FramePart, KilnError, SAMPLES_PER_BLOCK } from '@kiln/shared';
import {
  type DataTexture,
  DataUtils,
  Matrix4,
  OrthographicCamera,
  PerspectiveCamera,
  Scene,
  WebGPUCoordinateSystem,
} from 'three';
import type { LoadedScene } from '../../scene/loaded-scene.ts';
import { evenPanorama, halfFloatsOf } from '../../scene/panorama.ts';
import { poseKey } from '../../scene/staging.ts';
import type { CameraPlacement } from '../camera-placement.ts';
import { type Engine, partOf, type Rest, type SampleSink, type Shot } from '../engine.ts';
import { neutralBackgroundLight } from '../neutral-grey.ts';
import type { BlurredPanorama } from '../pathtrace/blurred-panorama.ts';
import { lightsOf } from '../pathtrace/traced-scene.ts';
import { PieceSize } from '../piece-size.ts';
import { poseShot } from '../raster-stage.ts';
import { undrawable } from '../scene-features.ts';
import { setCamera } from '../shot-camera.ts';
import { tracedMomentOf } from '../shutter.ts';
import { FloatSums } from './float-sums.ts';
import { PackedScene } from './packed-scene.ts';
import { sampleTexture, TracerKernel } from './tracer-kernel.ts';
import type { TwinScenes } from './twin-scenes.ts';
import type { WebGpuDevice } from './webgpu-device.ts';

/** What a piece is made of, pixels: whole work groups. */
const CELL = { widthPx: 64, heightPx: 8 };

const NO_OFFSET = { x: 0, y: 0 };

/**
 * Path tracing on WebGPU, by three-gpu-pathtracer's one kernel: sample `i` of a pixel is always the same. Its samples are
 * summed in blocks, as those of the rasterisation on WebGPU are.
 */
export class WebGpuPathTraceEngine implements Engine {
  readonly #gpu: WebGpuDevice;
  readonly #scenes: TwinScenes;
  readonly #blurred: BlurredPanorama;
  readonly #cameras = { perspective: new PerspectiveCamera(), orthographic: new OrthographicCamera() };
  /** One colour everywhere. */
  readonly #plain = evenPanorama(0);
  #tracer: { readonly kernel: TracerKernel; readonly packed: PackedScene } | null = null;
  #traced: { readonly scene: LoadedScene; readonly pose: string } | null = null;
  /** Taken over when there is another: to reckon where its light is takes a while. */
  #panorama: DataTexture | null = null;

  constructor(gpu: WebGpuDevice, scenes: TwinScenes, blurred: BlurredPanorama) {
    this.#gpu = gpu;
    this.#scenes = scenes;
    this.#blurred = blurred;
    for (const camera of Object.values(this.#cameras)) camera.coordinateSystem = WebGPUCoordinateSystem;
  }

  prepare(scene: LoadedScene): Promise<boolean> {
    return this.#scenes.load(scene);
  }

  async render(shot: Shot, sink: SampleSink, rest: Rest): Promise<CameraPlacement> {
    if (shot.light.shadowCatcher) {
      throw new KilnError('job.unsupported', 'Path tracing with WebGPU has no shadow catcher; use the backend webgl.');
    }
    const { widthPx, heightPx } = shot.size;
    const part = partOf(shot);
    const { first, count } = part.samples;
    const { scene, release } = this.#scenes.use(shot.scene);
    const twin = { ...shot, scene, staging: scene.stagingLike(shot.staging) };
    const sample = sampleTexture(widthPx, heightPx);
    const sums = new FloatSums(this.#gpu, shot.size, sample);
    // What may end at any sample, or is compared with fewer samples, is handed over sample by sample.
    const isOpen = (shot.noiseThreshold > 0 || shot.timeLimitMs > 0 || shot.denoise) && count > 1;
    const { begun = 0 } = shot;
    const cells = cellsOf(part);
    const piece = new PieceSize(cells * (isOpen ? 1 : SAMPLES_PER_BLOCK));
    let cellsDue = piece.units;
    try {
      for (let index = first + begun; ; index += 1) {
        // So are those of a block whose first ones are summed already.
        const isGoingOn = begun > 0 && index < first + SAMPLES_PER_BLOCK;
        const perBlock = isOpen || isGoingOn ? 1 : SAMPLES_PER_BLOCK;
        let kernel = this.#prepare(twin, index);
        for (let cell = 0; cell < cells; ) {
          const tile = tileOf(part, cell, Math.min(cells, cell + cellsDue), heightPx);
          kernel.draw(index, sample, tile);
          cell += tile.cells;
          cellsDue -= tile.cells;
          if (cellsDue > 0) continue;
          await this.#gpu.finished();
          piece.took(piece.units, await rest());
          kernel = this.#prepare(twin, index);
          cellsDue = piece.units;
        }
        sums.add(index % perBlock === 0);
        const inBlock = (index % perBlock) + 1;
        if (inBlock < perBlock && index + 1 < first + count && !sink.isWanted) continue;
        await this.#gpu.finished();
        const sum = await sums.read();
        if (perBlock === 1) {
          sink.add(sum);
          sum.dispose();
        } else sink.addBlock(sum, inBlock);
        if (sink.isComplete) return poseShot(twin, shot.timeSec);
      }
    } finally {
      sums.dispose();
      sample.dispose();
      release();
    }
  }

  /** Sets everything for a sample that another picture or sample may have changed. */
  #prepare(shot: Shot, index: number): TracerKernel {
    const { scene, staging, size, light, shutterSec = 0 } = shot;
    const timeSec = shot.timeSec + shutterSec * tracedMomentOf(shot, index);
    scene.lights.setSun(light.sun ?? null);
    const placement = poseShot(shot, timeSec);
    const kernel = this.#take(scene, `${poseKey(staging, timeSec)} ${scene.lights.sun.key}`);
    const camera = setCamera(this.#cameras, placement, shot, NO_OFFSET);
    const { x, y, frame } = shot.window ?? { x: 0, y: 0, frame: size };
    // Rows of the kernel count from the bottom.
    kernel.pixelOffset.value.set(x, frame.heightPx - y - size.heightPx);
    kernel.unproject.value.multiplyMatrices(camera.matrixWorld, camera.projectionMatrixInverse);
    kernel.cameraWorld.value.copy(camera.matrixWorld);
    kernel.lensRadius.value = placement.aperture?.radius ?? 0;
    kernel.focusDistance.value = placement.aperture?.focusDistance ?? 1;
    const { bounces, filterGlossy, clampIndirect, exposureEv } = shot;
    kernel.set({ bounces, filterGlossy, clampIndirect: clampIndirect / 2 ** exposureEv });
    this.#light(kernel, shot);
    return kernel;
  }

  /** Has the scene traced as it is posed. */
  #take(scene: LoadedScene, pose: string): TracerKernel {
    if (this.#tracer && this.#traced?.scene === scene && this.#traced.pose === pose) return this.#tracer.kernel;
    const missing = undrawable(scene.stage, 'pathtrace', 'webgpu');
    if (missing.length > 0) {
      throw new KilnError('job.unsupported', `Path tracing cannot draw ${missing.join(', ')}; use the engine raster.`);
    }
    if (this.#traced?.scene !== scene) scene.onDispose(() => this.#forget(scene));
    this.#traced = null;
    const emitters = this.#tracer?.packed.replace(scene.stage);
    this.#tracer ??= this.#start(scene);
    const { kernel, packed } = this.#tracer;
    kernel.setLights(lightsOf(scene.stage), emitters ?? packed.emitters);
    this.#traced = { scene, pose };
    return kernel;
  }

  #start({ stage }: LoadedScene) {
    const packed = new PackedScene(this.#gpu, stage);
    return { packed, kernel: new TracerKernel(this.#gpu, packed) };
  }

  #forget(scene: LoadedScene): void {
    if (this.#traced?.scene !== scene) return;
    this.#traced = null;
    // Without its buffers and textures.
    const emitters = this.#tracer?.packed.replace(new Scene());
    if (emitters) this.#tracer?.kernel.setLights([], emitters);
  }

  #light(kernel: TracerKernel, { light, background, toneMapping, exposureEv }: Shot): void {
    const { panorama } = light.environment;
    if (panorama !== this.#panorama) {
      kernel.environment.updateFrom(panorama);
      this.#panorama = panorama;
    }
    // From the world into the panorama.
    const turn = new Matrix4().makeRotationY(-light.rotationRad);
    kernel.environment.rotationNode.value.setFromMatrix4(turn);
    kernel.environment.intensityNode.value = light.intensity;
    kernel.background.rotationNode.value.copy(turn);
    const isSeen = background === 'environment';
    kernel.background.intensity = isSeen ? light.backgroundIntensity : 1;
    if (isSeen) kernel.background.map = this.#blurred.pixelsOf(light.environment, light.backgroundBlur);
    else if (background === 'neutral')
      kernel.background.map = this.#evenly(neutralBackgroundLight(toneMapping, exposureEv), 1);
    else kernel.background.map = this.#evenly(0, 0);
  }

  #evenly(light: number, alpha: number): DataTexture {
    const texels = halfFloatsOf(this.#plain);
    const [lightNow, alphaNow] = [DataUtils.toHalfFloat(light), DataUtils.toHalfFloat(alpha)];
    if (texels[0] === lightNow && texels[3] === alphaNow) return this.#plain;
    for (let i = 0; i < texels.length; i += 1) texels[i] = i % 4 === 3 ? alphaNow : lightNow;
    this.#plain.needsUpdate = true;
    return this.#plain;
  }
}

const columnsOf = ({ region }: FramePart): number => Math.ceil(region.widthPx / CELL.widthPx);

const cellsOf = (part: FramePart): number => columnsOf(part) * Math.ceil(part.region.heightPx / CELL.heightPx);

/**
 * The largest rectangle of cells that begins with one and ends before another: a part of a row of cells, or whole rows.
 *
 * @param heightPx of the picture.
 */
function tileOf(part: FramePart, cell: number, end: number, heightPx: number) {
  const { region } = part;
  const columns = columnsOf(part);
  const column = cell % columns;
  const row = (cell - column) / columns;
  const rows = column === 0 ? Math.max(1, Math.floor((end - cell) / columns)) : 1;
  const wide = Math.min(columns - column, end - cell);
  const cells = rows > 1 ? rows * columns : wide;
  const left = column * CELL.widthPx;
  const below = row * CELL.heightPx;
  return {
    cells,
    x: region.x + left,
    // Rows of the kernel count from the bottom.
    y: heightPx - region.y - region.heightPx + below,
    widthPx: Math.min(wide * CELL.widthPx, region.widthPx - left),
    heightPx: Math.min(rows * CELL.heightPx, region.heightPx - below),
  };
}
