import type { WebGLRenderer } from 'three';
import type { Engine } from '../engine.ts';
import { BlurredPanorama } from '../pathtrace/blurred-panorama.ts';
import { TwinScenes } from './twin-scenes.ts';
import { WebGpuDevice } from './webgpu-device.ts';
import { WebGpuPathTraceEngine } from './webgpu-path-trace.ts';
import { WebGpuRasterEngine } from './webgpu-raster.ts';

export interface WebGpuEngines {
  readonly raster: Engine;
  readonly pathtrace: Engine;
}

/**
 * The engines on one device, which share their scenes.
 *
 * @param webgl of the page: blurs backgrounds as all engines have them.
 * @param onLost called once when the device is gone.
 * @throws KilnError `job.unsupported` where there is no fitting WebGPU.
 */
export async function startWebGpu(webgl: WebGLRenderer, onLost: (message: string) => void): Promise<WebGpuEngines> {
  const device = await WebGpuDevice.open(onLost);
  const scenes = new TwinScenes(device);
  return {
    raster: new WebGpuRasterEngine(device, scenes),
    pathtrace: new WebGpuPathTraceEngine(device, scenes, new BlurredPanorama(webgl)),
  };
}
