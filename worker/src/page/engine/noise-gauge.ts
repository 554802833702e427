import type { Size } from '@kiln/shared';
import { GLSL3, NoBlending, RawShaderMaterial, type Texture, type WebGLRenderer, type WebGLRenderTarget } from 'three';
import { FullScreenQuad } from 'three/addons/postprocessing/Pass.js';
import { floatTarget } from './accumulation.ts';
import { COVER_VERTEX } from './cover.ts';

/** Edge of the squares of pixels that the GPU sums up, before the rest is read back. */
const SQUARE_PX = 16;

/** Light below so much of white, as exposed, counts as so much: nobody sees the noise of black. */
const DARKEST = 0.01;

/** Halves that agree so far do so by what the surface is, as a background does: their pixels say nothing of noise. */
const NOISELESS = 1e-5;

/**
 * Of both halves A and B of a pixel's samples: |A − B| ÷ (A + B) is the standard error of their mean over that mean,
 * within a pixel from 0 to 1, so that no lone bright pixel decides. Sums up its squares, and the pixels that have any.
 */
const compare = new RawShaderMaterial({
  name: 'noise-gauge',
  glslVersion: GLSL3,
  vertexShader: COVER_VERTEX,
  fragmentShader: /* glsl */ `
precision highp float;
uniform highp sampler2D all;
uniform highp sampler2D firstHalf;
uniform float darkest;
out vec4 sums;
const vec3 LUMINANCE = vec3(0.2126, 0.7152, 0.0722);
void main() {
  ivec2 size = textureSize(all, 0);
  ivec2 corner = ivec2(gl_FragCoord.xy) * ${SQUARE_PX};
  sums = vec4(0.0);
  for (int y = 0; y < ${SQUARE_PX}; y++) {
    for (int x = 0; x < ${SQUARE_PX}; x++) {
      ivec2 at = corner + ivec2(x, y);
      if (any(greaterThanEqual(at, size))) continue;
      vec3 both = texelFetch(all, at, 0).rgb;
      vec3 a = texelFetch(firstHalf, at, 0).rgb;
      float error = dot(abs(2.0 * a - both), LUMINANCE) / max(dot(abs(both), LUMINANCE), darkest);
      // Neither what is no number.
      if (error > ${NOISELESS} && error < 1e30) sums += vec4(error * error, 1.0, 0.0, 0.0);
    }
  }
}
`,
  blending: NoBlending,
  depthTest: false,
  depthWrite: false,
});
const quad = new FullScreenQuad(compare);

/**
 * Estimates how noisy a picture is, whenever it has twice as many samples as the time before: from the difference of the
 * old half of them and the new one. With samples that know nothing of each other the square of the estimate is unbiased;
 * those of a low-discrepancy sequence do better together than their halves, and the estimate is on the safe side.
 */
export class NoiseGauge {
  readonly #renderer: WebGLRenderer;
  readonly #size: Size;
  #squares: WebGLRenderTarget | null = null;

  constructor(renderer: WebGLRenderer, size: Size) {
    this.#renderer = renderer;
    this.#size = size;
  }

  /**
   * @param sums of `samples`.
   * @param half sums of the first half of them.
   * @param white light that exposure makes white.
   * @returns the estimated relative error, root mean square over the pixels that have any noise; 0 when none has.
   */
  compare(sums: Texture, half: Texture, samples: number, white: number): number {
    const { widthPx, heightPx } = this.#size;
    const size = { widthPx: Math.ceil(widthPx / SQUARE_PX), heightPx: Math.ceil(heightPx / SQUARE_PX) };
    this.#squares ??= floatTarget(size);
    compare.uniforms.all = { value: sums };
    compare.uniforms.firstHalf = { value: half };
    compare.uniforms.darkest = { value: DARKEST * white * samples };
    this.#renderer.setRenderTarget(this.#squares);
    quad.render(this.#renderer);
    const squares = new Float32Array(size.widthPx * size.heightPx * 4);
    this.#renderer.readRenderTargetPixels(this.#squares, 0, 0, size.widthPx, size.heightPx, squares);
    let [sum, count] = [0, 0];
    for (let at = 0; at < squares.length; at += 4) {
      sum += squares[at] ?? 0;
      count += squares[at + 1] ?? 0;
    }
    return count === 0 ? 0 : Math.sqrt(sum / count);
  }

  dispose(): void {
    this.#squares?.dispose();
    this.#squares = null;
  }
}
