import type { Size } from '@kiln/shared';
import { GLSL3, NoBlending, RawShaderMaterial, type Texture, type WebGLRenderer, type WebGLRenderTarget } from 'three';
import { FullScreenQuad } from 'three/addons/postprocessing/Pass.js';
import { floatTarget } from './accumulation.ts';
import { COVER_VERTEX } from './cover.ts';

const copy = new RawShaderMaterial({
  name: 'keep-sums',
  glslVersion: GLSL3,
  vertexShader: COVER_VERTEX,
  fragmentShader: /* glsl */ `
precision highp float;
uniform highp sampler2D all;
out vec4 sums;
void main() { sums = texelFetch(all, ivec2(gl_FragCoord.xy), 0); }
`,
  blending: NoBlending,
  depthTest: false,
  depthWrite: false,
});
const copyQuad = new FullScreenQuad(copy);

/** The sums of a picture as they were when it had a power of two of samples: what its later samples are compared with. */
export class HalfSums {
  readonly #renderer: WebGLRenderer;
  readonly #target: WebGLRenderTarget;
  #samples = 0;

  constructor(renderer: WebGLRenderer, size: Size) {
    this.#renderer = renderer;
    this.#target = floatTarget(size);
  }

  /** 0 before there are any. */
  get samples(): number {
    return this.#samples;
  }

  get sums(): Texture {
    return this.#target.texture;
  }

  /** The same where they can be read. */
  get target(): WebGLRenderTarget {
    return this.#target;
  }

  /** Keeps a copy, and forgets the one before. */
  keep(sums: Texture, samples: number): void {
    copy.uniforms.all = { value: sums };
    this.#renderer.setRenderTarget(this.#target);
    copyQuad.render(this.#renderer);
    this.#samples = samples;
  }

  dispose(): void {
    this.#target.dispose();
  }
}
