/** How far away what a live picture shows is: from the depth buffer that it was drawn with, reduced on the GPU. */
import { depthSizeOf, type Size } from '@kiln/shared';
import {
  GLSL3,
  NearestFilter,
  NoBlending,
  RawShaderMaterial,
  type Texture,
  type WebGLRenderer,
  WebGLRenderTarget,
} from 'three';
import { FullScreenQuad } from 'three/addons/postprocessing/Pass.js';
import type { CameraPlacement } from './camera-placement.ts';
import { COVER_VERTEX } from './cover.ts';

/** Reciprocals of distances along the line of sight, 1/metres, the top row first; 0 where nothing stands. */
export interface DepthMap extends Size {
  readonly reciprocals: Float32Array;
}

/** The far plane in 24 bits: nothing was drawn there. */
const NOTHING = 0xff_ffff;

/** Rows come out upside down, as those of pictures do. Of each 2 × 2 pixels the nearest, its 24 bits in three bytes. */
const FRAGMENT = /* glsl */ `
precision highp float;
precision highp int;
uniform highp sampler2D depth;
uniform highp sampler2D other;
out vec4 bytes;
void main() {
  ivec2 size = textureSize(depth, 0);
  ivec2 from = ivec2(gl_FragCoord.xy) * 2;
  float nearest = 1.0;
  for (int i = 0; i < 4; i += 1) {
    ivec2 at = min(from + ivec2(i & 1, i >> 1), size - 1);
    at.y = size.y - 1 - at.y;
    nearest = min(nearest, min(texelFetch(depth, at, 0).r, texelFetch(other, at, 0).r));
  }
  uint bits = uint(round(nearest * ${NOTHING.toFixed(1)}));
  bytes = vec4(uvec4(bits & 255u, (bits >> 8u) & 255u, (bits >> 16u) & 255u, 255u)) / 255.0;
}
`;

export class DepthMapper {
  readonly #renderer: WebGLRenderer;
  readonly #material = new RawShaderMaterial({
    name: 'nearest-depth',
    glslVersion: GLSL3,
    vertexShader: COVER_VERTEX,
    fragmentShader: FRAGMENT,
    uniforms: { depth: { value: null }, other: { value: null } },
    blending: NoBlending,
    depthTest: false,
    depthWrite: false,
  });
  readonly #quad = new FullScreenQuad(this.#material);
  /** Of the last picture's size. */
  #target: WebGLRenderTarget | null = null;

  constructor(renderer: WebGLRenderer) {
    this.#renderer = renderer;
  }

  /** Asks the GPU to reduce what is nearer in two depth buffers of `size`, which are free again afterwards. */
  reduce([depth, other]: readonly [Texture, Texture], size: Size): void {
    const { widthPx, heightPx } = depthSizeOf(size);
    if (this.#target?.width !== widthPx || this.#target.height !== heightPx) {
      this.#target?.dispose();
      this.#target = new WebGLRenderTarget(widthPx, heightPx, {
        minFilter: NearestFilter,
        magFilter: NearestFilter,
        depthBuffer: false,
      });
    }
    this.#material.uniforms.depth = { value: depth };
    this.#material.uniforms.other = { value: other };
    this.#renderer.setRenderTarget(this.#target);
    this.#quad.render(this.#renderer);
  }

  /**
   * Reads what was reduced last.
   *
   * @param placement of the perspective camera that saw it.
   */
  read({ near, far }: Pick<CameraPlacement, 'near' | 'far'>): DepthMap {
    const target = this.#target;
    if (!target) throw new Error('nothing was reduced');
    const { width: widthPx, height: heightPx } = target;
    const bytes = new Uint8Array(widthPx * heightPx * 4);
    this.#renderer.readRenderTargetPixels(target, 0, 0, widthPx, heightPx, bytes);
    const reciprocals = new Float32Array(widthPx * heightPx);
    // What a depth buffer holds grows evenly with the reciprocal, from the near plane to the far one.
    const perBit = (1 / near - 1 / far) / NOTHING;
    for (let i = 0; i < reciprocals.length; i += 1) {
      const bits = (bytes[i * 4] ?? 0) | ((bytes[i * 4 + 1] ?? 0) << 8) | ((bytes[i * 4 + 2] ?? 0) << 16);
      if (bits < NOTHING) reciprocals[i] = 1 / near - bits * perBit;
    }
    return { widthPx, heightPx, reciprocals };
  }
}
