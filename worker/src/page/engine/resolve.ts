/** The one place where linear light becomes a picture: tone mapping, exposure, sRGB. */
import { type Background, isDisplayColor, type Size, type ToneMapping } from '@kiln/shared';
import {
  Color,
  FloatType,
  GLSL3,
  LinearSRGBColorSpace,
  NearestFilter,
  NoBlending,
  RawShaderMaterial,
  type Texture,
  UnsignedByteType,
  Vector4,
  type WebGLRenderer,
  WebGLRenderTarget,
} from 'three';
import { FullScreenQuad } from 'three/addons/postprocessing/Pass.js';
import type { PixelKind } from '../pixel-kind.ts';
import { COVER_VERTEX } from './cover.ts';
import type { Shot } from './engine.ts';
import { TABLE_SHADER, type TableKind, TableTexture, tableKind } from './table-texture.ts';

const CURVE = {
  agx: 'AgXToneMapping(light)',
  aces: 'ACESFilmicToneMapping(light)',
  neutral: 'NeutralToneMapping(light)',
  none: 'clamp(light * toneMappingExposure, 0.0, 1.0)',
} as const satisfies Record<ToneMapping, string>;

/**
 * From `mean`, the linear light of a pixel with associated alpha, to what a display shows. Up to `leastAlpha` it is
 * nothing: a colour without alpha marks what is no number. A backdrop is light of the display: it is put behind after
 * the curve, so that it comes out as it was given.
 */
const shown = (curve: string, leastAlpha: string, hasTable: boolean) => /* glsl */ `
  float alpha = clamp(mean.a, 0.0, 1.0);
  vec3 light = alpha > 0.0 ? max(mean.rgb, 0.0) / alpha : vec3(0.0);
  vec3 display = ${curve};
  ${hasTable ? 'display = sRGBTransferEOTF(vec4(throughTable(sRGBTransferOETF(vec4(display, 1.0)).rgb), 1.0)).rgb;' : ''}
  if (backdrop.a > 0.0) {
    picture = vec4(sRGBTransferOETF(vec4(mix(backdrop.rgb, display, alpha), 1.0)).rgb, 1.0);
    return;
  }
  if (alpha <= ${leastAlpha}) { picture = vec4(0.0); return; }
  picture = vec4(sRGBTransferOETF(vec4(display, 1.0)).rgb, alpha);
`;

const RESULT = {
  srgb8: (curve, hasTable) => `
  if (any(isnan(mean))) { picture = vec4(1.0, 0.0, 0.0, 0.0); return; }
  if (any(isinf(mean))) { picture = vec4(1.0, 1.0, 0.0, 0.0); return; }
  ${shown(curve, '0.501 / 255.0', hasTable)}`,
  srgb: (curve, hasTable) => `
  if (any(isnan(mean))) { picture = vec4(0.0, 0.0, 0.0, -1.0); return; }
  if (any(isinf(mean))) { picture = vec4(0.0, 0.0, 0.0, -2.0); return; }
  ${shown(curve, '0.0', hasTable)}`,
  linear: () => `
  picture = vec4(mean.rgb * toneMappingExposure, mean.a);
  picture += backdrop * max(0.0, 1.0 - mean.a);`,
} as const satisfies Record<PixelKind, (curve: string, hasTable: boolean) => string>;

/**
 * Rows come out upside down, so that reading the target back gives the top row first. What is no number is marked (see
 * `PixelKind`): `encode/statistics.ts` counts and mends it.
 */
const fragment = (result: string, tableShader: string) => /* glsl */ `
precision highp float;
#include <tonemapping_pars_fragment>
#include <colorspace_pars_fragment>
uniform highp sampler2D sums;
uniform float share;
uniform vec4 backdrop;
${tableShader}out vec4 picture;
void main() {
  ivec2 at = ivec2(gl_FragCoord.x, float(textureSize(sums, 0).y) - gl_FragCoord.y);
  vec4 mean = texelFetch(sums, at, 0) * share;
  ${result}
}
`;

/** How light becomes a picture. */
type ResolvedLook = Pick<Shot, 'toneMapping' | 'exposureEv' | 'background' | 'lut'>;

export class Resolver {
  readonly #renderer: WebGLRenderer;
  readonly #table = new TableTexture();
  readonly #passes = new Map<string, { quad: FullScreenQuad; material: RawShaderMaterial }>();

  constructor(renderer: WebGLRenderer) {
    this.#renderer = renderer;
  }

  /**
   * Draws the mean of `sums` into `target`, as `kind` says, top row first. Linear light is not tone mapped. A colour as
   * the background is put behind here: the sums are those of a transparent one.
   */
  resolve(sums: Texture, samples: number, look: ResolvedLook, kind: PixelKind, target: WebGLRenderTarget): void {
    // Linear light is of no display.
    const table = kind === 'linear' ? null : (look.lut ?? null);
    const { quad, material } = this.#pass(look.toneMapping, kind, tableKind(table));
    if (table) Object.assign(material.uniforms, this.#table.uniforms(table));
    material.uniforms.sums = { value: sums };
    material.uniforms.share = { value: 1 / samples };
    material.uniforms.toneMappingExposure = { value: 2 ** look.exposureEv };
    material.uniforms.backdrop = { value: backdropOf(look.background) };
    this.#renderer.setRenderTarget(target);
    quad.render(this.#renderer);
  }

  #pass(toneMapping: ToneMapping, kind: PixelKind, table: TableKind) {
    const name = `resolve-${kind}-${toneMapping}-${table}`;
    let pass = this.#passes.get(name);
    if (!pass) {
      const material = new RawShaderMaterial({
        name,
        glslVersion: GLSL3,
        vertexShader: COVER_VERTEX,
        fragmentShader: fragment(RESULT[kind](CURVE[toneMapping], table !== 'none'), TABLE_SHADER[table]),
        blending: NoBlending,
        depthTest: false,
        depthWrite: false,
      });
      pass = { material, quad: new FullScreenQuad(material) };
      this.#passes.set(name, pass);
    }
    return pass;
  }
}

/** Linear light of a background that is a colour; nothing of others. */
function backdropOf(background: Background): Vector4 {
  if (!isDisplayColor(background)) return new Vector4(0, 0, 0, 0);
  const { r, g, b } = new Color(background);
  return new Vector4(r, g, b, 1);
}

/** Where pictures are resolved to, and read from. */
export const pictureTarget = ({ widthPx, heightPx }: Size, kind: PixelKind): WebGLRenderTarget =>
  new WebGLRenderTarget(widthPx, heightPx, {
    type: kind === 'srgb8' ? UnsignedByteType : FloatType,
    minFilter: NearestFilter,
    magFilter: NearestFilter,
    depthBuffer: false,
    colorSpace: LinearSRGBColorSpace,
  });
