import { KilnError } from '@kiln/shared';
import { NoToneMapping, PCFShadowMap } from 'three';
import { WebGPURenderer } from 'three/webgpu';

/** What sums of 32-bit floats need of an adapter. */
const NEEDED = 'float32-blendable' satisfies GPUFeatureName;

/** The page's WebGPU device and the three.js renderer on it. It never draws to its canvas. */
export class WebGpuDevice {
  readonly renderer: WebGPURenderer;
  readonly #device: GPUDevice;
  readonly #errors: string[] = [];

  private constructor(device: GPUDevice, renderer: WebGPURenderer) {
    this.#device = device;
    this.renderer = renderer;
    device.addEventListener('uncapturederror', (event) => {
      event.preventDefault();
      this.#errors.push(event.error.message);
    });
  }

  /**
   * @param onLost called once when the device is gone.
   * @throws KilnError `job.unsupported` where there is no WebGPU, or none that can add floats.
   */
  static async open(onLost: (message: string) => void): Promise<WebGpuDevice> {
    const adapter = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) throw new KilnError('job.unsupported', 'This browser gives no WebGPU adapter.');
    if (!adapter.features.has(NEEDED)) {
      throw new KilnError('job.unsupported', `This WebGPU adapter lacks ${NEEDED}, which sums need.`);
    }
    const device = await adapter.requestDevice({
      requiredFeatures: [...adapter.features] as GPUFeatureName[],
      requiredLimits: {
        maxTextureDimension2D: adapter.limits.maxTextureDimension2D,
        maxBufferSize: adapter.limits.maxBufferSize,
        maxStorageBufferBindingSize: adapter.limits.maxStorageBufferBindingSize,
      },
    });
    void device.lost.then(({ reason, message }) => {
      if (reason !== 'destroyed') onLost(`the WebGPU device was lost: ${message}`);
    });
    const renderer = new WebGPURenderer({ canvas: new OffscreenCanvas(1, 1), device, depth: false });
    await renderer.init();
    renderer.toneMapping = NoToneMapping;
    renderer.shadowMap.enabled = true;
    renderer.shadowMap.type = PCFShadowMap;
    return new WebGpuDevice(device, renderer);
  }

  get largestBufferBytes(): number {
    return this.#device.limits.maxStorageBufferBindingSize;
  }

  /**
   * Resolves when the GPU has done everything that was asked of it.
   *
   * @throws KilnError `render.failed` when it refused some of it: something would be missing from the picture.
   */
  async finished(): Promise<void> {
    await this.#device.queue.onSubmittedWorkDone();
    // Its answer comes after all errors of what was asked before.
    this.#device.pushErrorScope('validation');
    await this.#device.popErrorScope();
    const [error] = this.#errors.splice(0);
    if (error === undefined) return;
    throw new KilnError('render.failed', `The GPU refused to draw a part of the picture: ${error}`);
  }
}
