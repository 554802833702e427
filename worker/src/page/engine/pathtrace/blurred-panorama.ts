import {
  DataTexture,
  GLSL3,
  HalfFloatType,
  LinearFilter,
  NoBlending,
  RawShaderMaterial,
  RepeatWrapping,
  RGBAFormat,
  type Texture,
  type WebGLRenderer,
  WebGLRenderTarget,
} from 'three';
import { FullScreenQuad } from 'three/addons/postprocessing/Pass.js';
import type { Environment } from '../../scene/environments.ts';
import { setUpPanorama } from '../../scene/panorama.ts';
import { COVER_VERTEX } from '../cover.ts';

/**
 * As three's background shader looks an environment up, for each pixel of a panorama. (The library's own generator needs
 * a shader chunk that three has no more.)
 */
const FRAGMENT = /* glsl */ `
precision highp float;
uniform highp samplerCube filtered;
uniform float level;
uniform vec2 size;
out vec4 light;
void main() {
  float longitude = (gl_FragCoord.x / size.x - 0.5) * 6.283185307179586;
  float polar = (1.0 - gl_FragCoord.y / size.y) * 3.141592653589793;
  vec3 direction = vec3(sin(polar) * cos(longitude), cos(polar), sin(polar) * sin(longitude));
  light = vec4(textureLod(filtered, direction, level).rgb, 1.0);
}
`;

/** An environment out of focus as raster shows it, as a panorama. The last one is kept. */
export class BlurredPanorama {
  readonly #renderer: WebGLRenderer;
  readonly #quad: FullScreenQuad;
  readonly #material: RawShaderMaterial;
  #target: WebGLRenderTarget | null = null;
  #pixels: DataTexture | null = null;
  #of: { readonly panorama: DataTexture; readonly blur: number } | null = null;

  constructor(renderer: WebGLRenderer) {
    this.#renderer = renderer;
    this.#material = new RawShaderMaterial({
      name: 'blur-panorama',
      glslVersion: GLSL3,
      vertexShader: COVER_VERTEX,
      fragmentShader: FRAGMENT,
      blending: NoBlending,
      depthTest: false,
      depthWrite: false,
    });
    this.#quad = new FullScreenQuad(this.#material);
  }

  /** @param blur 0 to 1. */
  of({ panorama, filtered }: Environment, blur: number): Texture {
    if (blur === 0) return panorama;
    const { width, height } = panorama.image;
    if (this.#target && this.#of?.panorama === panorama && this.#of.blur === blur) return this.#target.texture;
    this.#target?.dispose();
    this.#target = new WebGLRenderTarget(width, height, {
      type: HalfFloatType,
      minFilter: LinearFilter,
      magFilter: LinearFilter,
      wrapS: RepeatWrapping,
      depthBuffer: false,
    });
    // Of the levels of roughness that three filters an environment to: its chunk `envmap_common_pars_fragment`.
    const lastLevel = (filtered.mipmaps ?? []).length - 1;
    this.#material.uniforms.filtered = { value: filtered };
    this.#material.uniforms.level = { value: lastLevel * blur * (2 - blur) };
    this.#material.uniforms.size = { value: [width, height] };
    this.#renderer.setRenderTarget(this.#target);
    this.#quad.render(this.#renderer);
    this.#of = { panorama, blur };
    this.#pixels?.dispose();
    this.#pixels = null;
    return this.#target.texture;
  }

  /** The same for another renderer. */
  pixelsOf(environment: Environment, blur: number): Texture {
    const blurred = this.of(environment, blur);
    if (!this.#target || blurred !== this.#target.texture) return blurred;
    if (this.#pixels) return this.#pixels;
    const { width, height } = this.#target;
    const read = new Uint16Array(width * height * 4);
    this.#renderer.readRenderTargetPixels(this.#target, 0, 0, width, height, read);
    this.#pixels = new DataTexture(read, width, height, RGBAFormat, HalfFloatType);
    setUpPanorama(this.#pixels);
    this.#pixels.needsUpdate = true;
    return this.#pixels;
  }
}
