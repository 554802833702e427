import {
  GLSL3,
  type IUniform,
  NoBlending,
  RawShaderMaterial,
  type Texture,
  type WebGLRenderer,
  type WebGLRenderTarget,
} from 'three';
import { FullScreenQuad } from 'three/addons/postprocessing/Pass.js';
import type { PixelBuffers } from '../../pixel-buffers.ts';
import { floatTarget } from '../accumulation.ts';
import { COVER_VERTEX } from '../cover.ts';
import type { Rest, Shot } from '../engine.ts';
import type { DataPasses } from '../passes/data-passes.ts';
import type { DataPlane } from '../passes/planes.ts';
import { PieceSize } from '../piece-size.ts';
import { drawFeatures } from './features.ts';
import { FINISH, MEAN, PREPARE, STEADY, STEP } from './shaders.ts';

/** How far apart the pixels of each step are: in all a window of 125 pixels. */
const REACHES = [1, 2, 4, 8, 16] as const;

/** A picture's samples: the sums of all, and of the first ones of them. */
export interface SampledLight {
  readonly sums: Texture;
  readonly samples: number;
  /** Null when there are none apart. */
  readonly half: { readonly sums: Texture; readonly samples: number } | null;
}

/**
 * Takes the noise out of linear light before it is exposed and tone mapped, guided by albedo, normal and depth of what is
 * seen and by the variance of each pixel. The same light gives the same bytes on one adapter class.
 */
export class Denoiser {
  readonly #renderer: WebGLRenderer;
  readonly #passes: DataPasses;
  readonly #prepare = new Pass('denoise-prepare', PREPARE);
  readonly #steady = new Pass('denoise-steady', STEADY);
  readonly #step = new Pass('denoise-step', STEP);
  readonly #finish = new Pass('denoise-finish', FINISH);
  readonly #mean = new Pass('mean', MEAN);

  constructor(renderer: WebGLRenderer, passes: DataPasses) {
    this.#renderer = renderer;
    this.#passes = passes;
  }

  /** @returns mean light, RGBA with associated alpha, of one sample as it were. The caller disposes of it. */
  async denoise(shot: Shot, light: SampledLight, rest: Rest): Promise<WebGLRenderTarget> {
    const { sums, samples, half } = light;
    const features = await drawFeatures(this.#renderer, this.#passes, shot, rest);
    let [from, to] = [floatTarget(shot.size), floatTarget(shot.size)];
    try {
      const guides = { normals: features.normal, albedos: features.albedo, emissions: features.emission };
      const draw = async (pass: Pass, values: Readonly<Record<string, unknown>>) => {
        await pass.draw(this.#renderer, to, { ...guides, ...values }, rest);
        [from, to] = [to, from];
      };
      await draw(this.#prepare, { sums, samples, halfSums: half?.sums ?? sums, halfSamples: half?.samples ?? 0 });
      await draw(this.#steady, { lights: from.texture });
      for (const reach of REACHES) await draw(this.#step, { lights: from.texture, reach });
      await draw(this.#finish, { lights: from.texture, sums, samples });
    } catch (error) {
      from.dispose();
      throw error;
    } finally {
      to.dispose();
      features.dispose();
    }
    return from;
  }

  /** The plane `noisy`, where the shot asks for it. */
  before({ size, planes = [], exposureEv }: Shot, { sums, samples }: SampledLight, buffers: PixelBuffers): DataPlane[] {
    if (!planes.includes('noisy')) return [];
    const { widthPx, heightPx } = size;
    const target = floatTarget(size);
    try {
      this.#mean.drawAll(this.#renderer, target, { sums, exposure: 2 ** exposureEv, samples });
      const { buffer } = buffers.take(widthPx * heightPx * BYTES_PER_PX);
      this.#renderer.readRenderTargetPixels(target, 0, 0, widthPx, heightPx, new Float32Array(buffer));
      return [{ name: 'noisy', values: buffer }];
    } finally {
      target.dispose();
    }
  }
}

/** RGBA of 32-bit floats. */
const BYTES_PER_PX = 16;

/** A shader over every pixel, drawn in pieces of rows. */
class Pass {
  readonly #material: RawShaderMaterial;
  readonly #quad: FullScreenQuad;

  constructor(name: string, fragmentShader: string) {
    this.#material = new RawShaderMaterial({
      name,
      glslVersion: GLSL3,
      vertexShader: COVER_VERTEX,
      fragmentShader,
      blending: NoBlending,
      depthTest: false,
      depthWrite: false,
    });
    this.#quad = new FullScreenQuad(this.#material);
  }

  async draw(
    renderer: WebGLRenderer,
    target: WebGLRenderTarget,
    values: Readonly<Record<string, unknown>>,
    rest: Rest,
  ): Promise<void> {
    const piece = new PieceSize(target.height);
    target.scissorTest = true;
    for (let row = 0; row < target.height; ) {
      const rows = Math.min(piece.units, target.height - row);
      target.scissor.set(0, row, target.width, rows);
      this.drawAll(renderer, target, values);
      row += rows;
      piece.took(rows, await rest());
    }
    target.scissorTest = false;
  }

  drawAll(renderer: WebGLRenderer, target: WebGLRenderTarget, values: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries(values)) this.#uniform(name).value = value;
    renderer.setRenderTarget(target);
    this.#quad.render(renderer);
  }

  #uniform(name: string): IUniform {
    this.#material.uniforms[name] ??= { value: null };
    return this.#material.uniforms[name];
  }
}
