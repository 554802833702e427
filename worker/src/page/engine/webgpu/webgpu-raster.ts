import { SAMPLES_PER_BLOCK } from '@kiln/shared';
import { HalfFloatType, NearestFilter, RenderTarget, WebGPUCoordinateSystem } from 'three';
import type { LoadedScene } from '../../scene/loaded-scene.ts';
import type { CameraPlacement } from '../camera-placement.ts';
import { type Engine, partOf, type Rest, type SampleSink, type Shot } from '../engine.ts';
import { PieceSize } from '../piece-size.ts';
import { poseShot, RasterStage } from '../raster-stage.ts';
import { CatcherNodeMaterial } from './catcher-node-material.ts';
import { FloatSums } from './float-sums.ts';
import type { TwinScenes } from './twin-scenes.ts';
import type { WebGpuDevice } from './webgpu-device.ts';

/** WebGPU knows no other number than this, and one. */
const MULTISAMPLES = 4;

/**
 * three.js rasterisation on WebGPU. Its samples are those of the raster engine on WebGL: the same jitter, lens and shutter.
 * They are summed on WebGPU in blocks, whose sums go to the page's accumulation: what follows is the same for all engines.
 */
export class WebGpuRasterEngine implements Engine {
  readonly #gpu: WebGpuDevice;
  readonly #scenes: TwinScenes;
  readonly #stage = new RasterStage(WebGPUCoordinateSystem, new CatcherNodeMaterial());

  constructor(gpu: WebGpuDevice, scenes: TwinScenes) {
    this.#gpu = gpu;
    this.#scenes = scenes;
  }

  prepare(scene: LoadedScene): Promise<boolean> {
    return this.#scenes.load(scene);
  }

  async render(shot: Shot, sink: SampleSink, rest: Rest): Promise<CameraPlacement> {
    const { widthPx, heightPx } = shot.size;
    const { scene, release } = this.#scenes.use(shot.scene);
    const sample = new RenderTarget(widthPx, heightPx, {
      type: HalfFloatType,
      samples: shot.multisampled ? MULTISAMPLES : 0,
      minFilter: NearestFilter,
      magFilter: NearestFilter,
    });
    const sums = new FloatSums(this.#gpu, shot.size, sample.texture);
    const twin = { ...shot, scene, staging: scene.stagingLike(shot.staging) };
    // What may end at any sample is handed over sample by sample.
    const isOpen = shot.noiseThreshold > 0 || shot.timeLimitMs > 0;
    // Of a part in the frame all pixels are drawn, and those of the part are read.
    const { samples } = partOf(shot);
    const end = samples.first + samples.count;
    const { begun = 0 } = shot;
    const piece = new PieceSize(isOpen ? 1 : SAMPLES_PER_BLOCK);
    try {
      for (let first = samples.first + begun; !sink.isComplete; ) {
        // So are those of a block whose first ones are summed already.
        const isGoingOn = begun > 0 && first < samples.first + SAMPLES_PER_BLOCK;
        const perBlock = isOpen || isGoingOn ? 1 : SAMPLES_PER_BLOCK;
        const before = first % perBlock;
        const count = Math.min(piece.units, perBlock - before, end - first);
        for (let index = first; index < first + count; index += 1) {
          this.#draw(twin, index, sample);
          sums.add(index % perBlock === 0);
        }
        first += count;
        await this.#gpu.finished();
        if (first % perBlock === 0 || first === end || sink.isWanted) {
          const sum = await sums.read();
          if (perBlock === 1 && shot.samples > 1) {
            sink.add(sum);
            sum.dispose();
          } else sink.addBlock(sum, before + count);
        }
        if (!sink.isComplete) piece.took(count, await rest());
      }
      return poseShot(twin, shot.timeSec);
    } finally {
      sums.dispose();
      sample.dispose();
      release();
    }
  }

  #draw(shot: Shot, index: number, target: RenderTarget): void {
    const { scene, light } = shot;
    const { renderer } = this.#gpu;
    // three filters a panorama for WebGPU by itself.
    this.#stage.light(shot, light.environment.panorama);
    scene.drawOrder.applyTo(renderer);
    const camera = this.#stage.pose(shot, index);
    renderer.setRenderTarget(target);
    renderer.setClearColor(0, 0);
    renderer.render(scene.stage, camera);
    this.#stage.clear();
  }
}
