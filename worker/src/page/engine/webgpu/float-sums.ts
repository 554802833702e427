import type { Size } from '@kiln/shared';
import {
  AddEquation,
  CustomBlending,
  DataTexture,
  FloatType,
  NearestFilter,
  OneFactor,
  RenderTarget,
  RGBAFormat,
  type Texture,
} from 'three';
import { screenCoordinate, texture, uint, uvec2 } from 'three/tsl';
import { NodeMaterial, QuadMesh } from 'three/webgpu';
import type { WebGpuDevice } from './webgpu-device.ts';

/**
 * Sums samples of one block in 32-bit floats on WebGPU, and hands them over as a texture for WebGL. WebGPU's first row is
 * the upper one, WebGL's the lower one: adding turns them over.
 */
export class FloatSums {
  readonly #gpu: WebGpuDevice;
  readonly #size: Size;
  readonly #target: RenderTarget;
  readonly #material = new NodeMaterial();
  readonly #quad = new QuadMesh(this.#material);

  /** @param sample what each sample is drawn into; of this size. */
  constructor(gpu: WebGpuDevice, size: Size, sample: Texture) {
    this.#gpu = gpu;
    this.#size = size;
    this.#target = new RenderTarget(size.widthPx, size.heightPx, {
      type: FloatType,
      minFilter: NearestFilter,
      magFilter: NearestFilter,
      depthBuffer: false,
    });
    const material = this.#material;
    const row = uint(size.heightPx - 1).sub(screenCoordinate.y.toUint());
    material.fragmentNode = texture(sample).load(uvec2(screenCoordinate.x.toUint(), row));
    material.blending = CustomBlending;
    material.blendEquation = AddEquation;
    material.blendSrc = OneFactor;
    material.blendDst = OneFactor;
    material.depthTest = material.depthWrite = false;
  }

  /** Adds what is in the sample's texture now; the first of a block replaces what was there. */
  add(isFirst: boolean): void {
    const { renderer } = this.#gpu;
    renderer.setRenderTarget(this.#target);
    renderer.autoClear = isFirst;
    this.#quad.render(renderer);
    renderer.autoClear = true;
  }

  /** The sums so far, in a texture that its taker disposes of. */
  async read(): Promise<DataTexture> {
    const { widthPx, heightPx } = this.#size;
    const read = await this.#gpu.renderer.readRenderTargetPixelsAsync(this.#target, 0, 0, widthPx, heightPx);
    if (!(read instanceof Float32Array)) throw new Error('sums are 32-bit floats');
    const sums = new DataTexture(read, widthPx, heightPx, RGBAFormat, FloatType);
    sums.needsUpdate = true;
    return sums;
  }

  dispose(): void {
    this.#target.dispose();
    this.#material.dispose();
  }
}
