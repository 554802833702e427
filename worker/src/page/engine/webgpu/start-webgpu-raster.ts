import type { Engine } from '../engine.ts';
import { TwinScenes } from './twin-scenes.ts';
import { WebGpuDevice } from './webgpu-device.ts';
import { WebGpuRasterEngine } from './webgpu-raster.ts';

/**
 * @param onLost called once when the device is gone.
 * @throws KilnError `job.unsupported` where there is no fitting WebGPU.
 */
export async function startWebGpuRaster(onLost: (message: string) => void): Promise<Engine> {
  const gpu = await WebGpuDevice.open(onLost);
  return new WebGpuRasterEngine(gpu, new TwinScenes(gpu));
}
