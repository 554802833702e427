import type { Scene } from 'three';
import { LookUpTables } from './assets/tables.ts';
import { DrawQueue } from './draw-queue.ts';
import { Encoder } from './encode/encoder.ts';
import { Denoiser } from './engine/denoise/denoiser.ts';
import { DepthMapper } from './engine/depth-map.ts';
import { type DrawingRoom, drawPicture } from './engine/draw-picture.ts';
import type { Shot } from './engine/engine.ts';
import { DataPasses } from './engine/passes/data-passes.ts';
import { RasterEngine } from './engine/raster.ts';
import { Resolver } from './engine/resolve.ts';
import { TargetPool } from './engine/target-pool.ts';
import type { Gpu } from './gpu.ts';
import { VideoStreams } from './live/video-streams.ts';
import { PixelBuffers } from './pixel-buffers.ts';
import { Environments } from './scene/environments.ts';
import { GltfReader } from './scene/gltf-reader.ts';
import { LoadedScene, type SceneParts } from './scene/loaded-scene.ts';
import { SceneFiles } from './scene/scene-files.ts';
import { SceneStore } from './scene/scene-store.ts';
import { uploadTextures } from './scene/upload.ts';
import { plainShot } from './shots.ts';

/** What the page holds for all calls. */
export interface PageServices {
  readonly room: DrawingRoom;
  readonly queue: DrawQueue;
  readonly encoder: Encoder;
  readonly videos: VideoStreams;
  readonly scenes: SceneStore;
  readonly environments: Environments;
  readonly tables: LookUpTables;
}

/** Small picture that compiles a scene's shaders and uploads its geometry while it is being loaded. */
const WARM_UP_SIZE = { widthPx: 32, heightPx: 32 };

/** @param onLost called when a GPU context beside `gpu` is gone. */
export async function startServices(gpu: Gpu, onLost: (message: string) => void): Promise<PageServices> {
  const { renderer } = gpu;
  const buffers = new PixelBuffers();
  const environments = new Environments(renderer);
  const [studio, encoder] = await Promise.all([environments.get('studio'), Encoder.start(buffers)]);
  const targets = new TargetPool();
  const targetOf = (shot: Shot) => targets.get(shot).sample;
  const raster = new RasterEngine(renderer, targetOf, (shot) => targets.claim(shot));
  const webgpu = once(async () => {
    const { startWebGpu } = await import('./engine/webgpu/start-webgpu.ts');
    return startWebGpu(renderer, onLost);
  });
  const engines = {
    raster: { webgl: async () => raster, webgpu: async () => (await webgpu()).raster },
    pathtrace: {
      webgl: once(async () => {
        const { PathTraceEngine } = await import('./engine/pathtrace/path-trace-engine.ts');
        return new PathTraceEngine(renderer, targetOf);
      }),
      webgpu: async () => (await webgpu()).pathtrace,
    },
  };
  const passes = new DataPasses(renderer, buffers);
  const denoiser = new Denoiser(renderer, passes);
  const [resolver, depths] = [new Resolver(renderer), new DepthMapper(renderer)];
  const room = { gpu, engines, targets, resolver, denoiser, passes, depths, buffers };
  const queue = new DrawQueue();
  const reader = new GltfReader(renderer);

  const prepare = async (parts: SceneParts, stage: Scene): Promise<LoadedScene> => {
    const scene = new LoadedScene(parts, stage);
    try {
      uploadTextures(renderer, scene);
      await queue.run('import', (giveWay) =>
        drawPicture(room, { ...plainShot(scene, studio), size: WARM_UP_SIZE }, giveWay),
      );
    } catch (error) {
      scene.dispose();
      throw error;
    }
    return scene;
  };
  const scenes = new SceneStore({
    read: (scene, onFraction) => reader.read(new SceneFiles(scene, location.origin), onFraction),
    prepare,
  });
  const videos = new VideoStreams(buffers);
  return { room, queue, encoder, videos, scenes, environments, tables: new LookUpTables() };
}

/** Makes something, a part of the program that is fetched when it is first asked for. What failed once is tried again. */
function once<T>(start: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= start();
    made.catch(() => {
      made = null;
    });
    return made;
  };
}
