/** The warp's passes with the shaders of `WebGLRenderer`. */
import type { DepthRange } from '@kiln/shared';
import {
  DepthTexture,
  FloatType,
  NearestFilter,
  OrthographicCamera,
  type RawShaderMaterial,
  type WebGLRenderer,
  WebGLRenderTarget,
} from 'three';
import { FullScreenQuad } from 'three/addons/postprocessing/Pass.js';
import { type PictureTexture, TEXEL } from '../picture-textures.ts';
import { FarSide } from './far-side.ts';
import { PictureQuads, reciprocalsOf } from './picture-quads.ts';
import type { FoundCorners, Placing, TextureWithDepth, WarpPasses, WarpTarget } from './picture-warp.ts';
import { warpMaterial } from './warp-shaders.ts';

/** A picture as it is. */
const PLAIN = /* glsl */ `
uniform vec2 size;
out vec4 colour;
${TEXEL}
void main() { colour = texelAt(vec2(gl_FragCoord.x, size.y - gl_FragCoord.y) / size); }
`;

export class GlPasses implements WarpPasses {
  readonly keepsDepth: boolean;
  readonly targets: Readonly<Record<WarpTarget, WebGLRenderTarget>>;
  readonly #renderer: WebGLRenderer;
  readonly #quads: PictureQuads;
  readonly #far: FarSide;
  readonly #camera = new OrthographicCamera();
  readonly #plain = {
    rgb: warpMaterial({ fragmentShader: PLAIN }),
    yuv: warpMaterial({ fragmentShader: PLAIN, defines: { YUV: '' } }),
  };
  readonly #cover = new FullScreenQuad();
  /** Of `PLACED`. */
  readonly #depthScale: readonly [number, number];
  #size: readonly [widthPx: number, heightPx: number] = [1, 1];

  constructor(renderer: WebGLRenderer, keepsDepth: boolean) {
    this.#renderer = renderer;
    this.keepsDepth = keepsDepth;
    this.#depthScale = renderer.capabilities.reversedDepthBuffer ? [-1, 1] : [2, -1];
    this.targets = { older: newTarget(keepsDepth), newer: newTarget(keepsDepth) };
    this.#quads = new PictureQuads(renderer);
    this.#far = new FarSide(renderer);
  }

  find(texture: TextureWithDepth, range: DepthRange): FoundCorners {
    const found = this.#quads.find(texture, range);
    this.findFar(found);
    return found;
  }

  findFar(found: FoundCorners): void {
    this.#far.find(found);
  }

  begin(name: WarpTarget, widthPx: number, heightPx: number): void {
    const target = this.targets[name];
    if (target.width !== widthPx || target.height !== heightPx) target.setSize(widthPx, heightPx);
    this.#size = [widthPx, heightPx];
    this.#renderer.setRenderTarget(target);
    this.#renderer.clear();
  }

  drawQuads(found: FoundCorners, placing: Placing): void {
    const uniforms = { ...this.#uniformsOf(placing), ...newerUniforms(placing, found) };
    this.#quads.draw(found, uniforms, this.#camera);
  }

  uncoverFar(placing: Placing): void {
    this.#far.uncover(this.#uniformsOf(placing));
  }

  drawFar(placing: Placing): void {
    this.#far.draw(this.#uniformsOf(placing), this.#camera);
  }

  drawPlain({ isYuv, uniforms }: PictureTexture): void {
    const material = isYuv ? this.#plain.yuv : this.#plain.rgb;
    Object.assign(material.uniforms, uniforms, { size: { value: this.#size } });
    this.cover(material);
  }

  /** Of `PLACED`. */
  #uniformsOf(placing: Placing): RawShaderMaterial['uniforms'] {
    return asUniforms({ ...placing, depthScale: this.#depthScale });
  }

  /** Covers the present target. */
  cover(material: RawShaderMaterial): void {
    this.#cover.material = material;
    this.#cover.render(this.#renderer);
  }

  dispose(): void {
    this.#quads.dispose();
    this.#far.dispose();
    for (const target of Object.values(this.targets)) target.dispose();
    for (const material of Object.values(this.#plain)) material.dispose();
    this.#cover.dispose();
  }
}

const asUniforms = (values: object): RawShaderMaterial['uniforms'] =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]));

/** Of a newer picture; where there is none, of the picture itself: three sends only what is there from the first on. */
function newerUniforms({ newer, turn, shift, tangentsFrom }: Placing, found: FoundCorners) {
  const { corners, tangents, ...to } = newer ?? { corners: found, turn, shift, tangents: tangentsFrom };
  return asUniforms({
    hasNewer: newer !== null,
    newerDepth: corners.texture.depth,
    newerReciprocals: reciprocalsOf(corners.range),
    newerTurn: to.turn,
    newerShift: to.shift,
    newerTangents: tangents,
  });
}

function newTarget(keepsDepth: boolean): WebGLRenderTarget {
  const target = new WebGLRenderTarget(1, 1, { minFilter: NearestFilter, magFilter: NearestFilter });
  if (keepsDepth) target.depthTexture = new DepthTexture(1, 1, FloatType);
  return target;
}
