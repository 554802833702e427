/** The one place where linear light becomes a picture: tone mapping, exposure, sRGB. */
import type { Size, ToneMapping } from '@kiln/shared';
import {
  GLSL3,
  LinearSRGBColorSpace,
  NearestFilter,
  NoBlending,
  RawShaderMaterial,
  type Texture,
  type WebGLRenderer,
  WebGLRenderTarget,
} from 'three';
import { FullScreenQuad } from 'three/addons/postprocessing/Pass.js';
import { COVER_VERTEX } from './cover.ts';

const CURVE = {
  agx: 'AgXToneMapping(light)',
  aces: 'ACESFilmicToneMapping(light)',
  neutral: 'NeutralToneMapping(light)',
  none: 'clamp(light * toneMappingExposure, 0.0, 1.0)',
} as const satisfies Record<ToneMapping, string>;

/**
 * Rows come out upside down, so that reading the target back gives the top row first. A pixel that is not a number, or
 * infinite, has alpha 0 and red 255 (and green 255 when infinite), which no other pixel has: `encode/statistics.ts`
 * counts and mends them.
 */
const fragment = (curve: string) => /* glsl */ `
precision highp float;
#include <tonemapping_pars_fragment>
#include <colorspace_pars_fragment>
uniform highp sampler2D sums;
uniform float share;
out vec4 picture;
void main() {
  ivec2 at = ivec2(gl_FragCoord.x, float(textureSize(sums, 0).y) - gl_FragCoord.y);
  vec4 mean = texelFetch(sums, at, 0) * share;
  if (any(isnan(mean))) { picture = vec4(1.0, 0.0, 0.0, 0.0); return; }
  if (any(isinf(mean))) { picture = vec4(1.0, 1.0, 0.0, 0.0); return; }
  float alpha = clamp(mean.a, 0.0, 1.0);
  if (alpha == 0.0) { picture = vec4(0.0); return; }
  vec3 light = max(mean.rgb, 0.0) / alpha;
  picture = vec4(sRGBTransferOETF(vec4(${curve}, 1.0)).rgb, alpha);
}
`;

export class Resolver {
  readonly #renderer: WebGLRenderer;
  readonly #passes = new Map<ToneMapping, { quad: FullScreenQuad; material: RawShaderMaterial }>();

  constructor(renderer: WebGLRenderer) {
    this.#renderer = renderer;
  }

  /** Draws the mean of `sums` into `target`: sRGB, straight alpha, 8 bits, top row first. */
  resolve(
    sums: Texture,
    samples: number,
    look: { toneMapping: ToneMapping; exposureEv: number },
    target: WebGLRenderTarget,
  ): void {
    const { quad, material } = this.#pass(look.toneMapping);
    material.uniforms.sums = { value: sums };
    material.uniforms.share = { value: 1 / samples };
    material.uniforms.toneMappingExposure = { value: 2 ** look.exposureEv };
    this.#renderer.setRenderTarget(target);
    quad.render(this.#renderer);
  }

  #pass(toneMapping: ToneMapping) {
    let pass = this.#passes.get(toneMapping);
    if (!pass) {
      const material = new RawShaderMaterial({
        name: `resolve-${toneMapping}`,
        glslVersion: GLSL3,
        vertexShader: COVER_VERTEX,
        fragmentShader: fragment(CURVE[toneMapping]),
        blending: NoBlending,
        depthTest: false,
        depthWrite: false,
      });
      pass = { material, quad: new FullScreenQuad(material) };
      this.#passes.set(toneMapping, pass);
    }
    return pass;
  }
}

/** Where pictures are resolved to, and read from. */
export const pictureTarget = ({ widthPx, heightPx }: Size): WebGLRenderTarget =>
  new WebGLRenderTarget(widthPx, heightPx, {
    minFilter: NearestFilter,
    magFilter: NearestFilter,
    depthBuffer: false,
    colorSpace: LinearSRGBColorSpace,
  });
