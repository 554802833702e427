import type { Size } from '@kiln/shared';
import {
  AddEquation,
  CustomBlending,
  FloatType,
  GLSL3,
  NearestFilter,
  OneFactor,
  RawShaderMaterial,
  type Texture,
  type WebGLRenderer,
  WebGLRenderTarget,
} from 'three';
import { FullScreenQuad } from 'three/addons/postprocessing/Pass.js';
import { PAGE_LIMITS } from '../limits.ts';
import { COVER_VERTEX } from './cover.ts';

const add = new FullScreenQuad(
  new RawShaderMaterial({
    name: 'add-sample',
    glslVersion: GLSL3,
    uniforms: { sampleTexture: { value: null } },
    vertexShader: COVER_VERTEX,
    fragmentShader: /* glsl */ `
precision highp float;
uniform highp sampler2D sampleTexture;
out vec4 sum;
void main() { sum = texelFetch(sampleTexture, ivec2(gl_FragCoord.xy), 0); }
`,
    blending: CustomBlending,
    blendEquation: AddEquation,
    blendSrc: OneFactor,
    blendDst: OneFactor,
    depthTest: false,
    depthWrite: false,
  }),
);

/** 32-bit floats, without depth. */
export const floatTarget = ({ widthPx, heightPx }: Size) =>
  new WebGLRenderTarget(widthPx, heightPx, {
    type: FloatType,
    minFilter: NearestFilter,
    magFilter: NearestFilter,
    depthBuffer: false,
  });

/**
 * Sums of linear RGB and alpha per pixel in 32-bit floats, and the number of samples. Blocks of 16 samples are summed
 * apart and added in order, so that ranges of whole blocks rendered apart merge to the same bytes. A sum of one sample
 * is that sample, and is not copied.
 */
export class Accumulation {
  readonly size: Size;
  #samples = 0;
  #only: Texture | null = null;
  /** One that was handed over with a block. */
  #given: Texture | null = null;
  #block: WebGLRenderTarget | null = null;
  #total: WebGLRenderTarget | null = null;
  readonly #renderer: WebGLRenderer;
  readonly #expected: number;

  /** @param expected samples that will be added in all; 1 saves the copy into float targets. */
  constructor(renderer: WebGLRenderer, size: Size, expected: number) {
    this.#renderer = renderer;
    this.size = size;
    this.#expected = expected;
  }

  get samples(): number {
    return this.#samples;
  }

  add(sample: Texture): void {
    this.#samples += 1;
    if (this.#expected === 1) {
      this.#only = sample;
      return;
    }
    if (this.#block === null) this.#block = this.#cleared(floatTarget(this.size));
    this.#addInto(this.#block, sample);
    if (this.#samples % PAGE_LIMITS.samplesPerBlock === 0 && this.#samples < this.#expected) {
      this.#closeBlock(this.#block);
      this.#cleared(this.#block);
    }
  }

  /** The sums so far: within the first block, and whenever a block is full. */
  get sums(): Texture {
    const target = this.#total ?? this.#block;
    if (!target) throw new Error('an accumulation without samples, or of one, has no sums of its own');
    return target.texture;
  }

  addBlock(sum: Texture, count: number): void {
    this.#samples += count;
    if (this.#total === null && count === this.#expected) {
      this.#only = sum;
      this.#given = sum;
      return;
    }
    this.#total ??= this.#cleared(floatTarget(this.size));
    this.#addInto(this.#total, sum);
    sum.dispose();
  }

  /** The sums. Call it once, when every sample is in. */
  finish(): Texture {
    if (this.#only) return this.#only;
    if (this.#block) {
      if (this.#total === null) return this.#block.texture;
      this.#closeBlock(this.#block);
    }
    if (this.#total === null) throw new Error('an accumulation without samples has no sums');
    return this.#total.texture;
  }

  dispose(): void {
    this.#block?.dispose();
    this.#total?.dispose();
    this.#given?.dispose();
    this.#block = this.#total = this.#only = this.#given = null;
  }

  #closeBlock(block: WebGLRenderTarget): void {
    if (this.#total === null) this.#total = this.#cleared(floatTarget(this.size));
    this.#addInto(this.#total, block.texture);
  }

  #cleared(target: WebGLRenderTarget): WebGLRenderTarget {
    this.#renderer.setRenderTarget(target);
    this.#renderer.setClearColor(0, 0);
    this.#renderer.clear(true, false, false);
    return target;
  }

  #addInto(target: WebGLRenderTarget, texture: Texture): void {
    const { material } = add;
    if (material instanceof RawShaderMaterial) material.uniforms.sampleTexture = { value: texture };
    this.#renderer.setRenderTarget(target);
    add.render(this.#renderer);
  }
}
