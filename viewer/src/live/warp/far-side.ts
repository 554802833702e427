/**
 * What stands behind things, as far as their surroundings tell: a coarse picture of the farther side of everything, drawn
 * as one joined sheet behind all else. It is seen where a turn uncovers what no picture has shown, and around the picture,
 * where it goes on beyond its edge.
 */
import {
  BufferGeometry,
  LinearFilter,
  Mesh,
  NearestFilter,
  type OrthographicCamera,
  type RawShaderMaterial,
  Scene,
  Vector2,
  type WebGLRenderer,
  WebGLRenderTarget,
} from 'three';
import { FullScreenQuad } from 'three/addons/postprocessing/Pass.js';
import { TEXEL } from '../picture-textures.ts';
import { reciprocalsOf } from './picture-quads.ts';
import type { FoundCorners } from './picture-warp.ts';
import { DEPTH_CODES, PLACED, warpMaterial } from './warp-shaders.ts';

/** Depth pixels of a cell, in both directions. */
export const CELL = 4;
/** Cells that the farther side is spread by, one after the other: together more than most move apart in a tenth of a second. */
export const SPREADS = [1, 2, 4];
/** The share by which what is farther must be so: a floor that leads away is one surface. */
export const BEHIND = 0.15;
/** How far the sheet goes on around the picture, in its widths: to nearly a right angle. */
export const BEYOND = 20;
/** Weight of colour beside something nearer, which is mixed with that one's. */
export const MIXED = 0.01;

/** Of the depth pixels of each cell the farthest, with the mean colour of those that are joined to it. */
const REDUCE = /* glsl */ `
precision highp usampler2D;
uniform usampler2D corners;
uniform vec2 cell;
layout(location = 0) out vec4 colour;
layout(location = 1) out vec4 far;
${DEPTH_CODES}
${TEXEL}
void main() {
  ivec2 from = ivec2(gl_FragCoord.xy) * ${CELL};
  ivec2 last = textureSize(depth, 0) - 1;
  int farthest = 255;
  for (int i = 0; i < ${CELL * CELL}; i += 1) {
    farthest = min(farthest, codeAt(from + ivec2(i % ${CELL}, i / ${CELL})));
  }
  vec4 sum = vec4(0.0);
  float weights = 0.0;
  for (int i = 0; i < ${CELL * CELL}; i += 1) {
    ivec2 at = min(from + ivec2(i % ${CELL}, i / ${CELL}), last);
    if (!areJoined(codeAt(at), farthest)) continue;
    uvec4 found = texelFetch(corners, at, 0);
    bool isMixed = any(notEqual(found & 0xc000u, uvec4(0)));
    float weight = isMixed ? ${MIXED} : 1.0;
    sum += weight * texelAt(min((vec2(at) + 0.5) * cell, 1.0));
    weights += weight;
  }
  colour = sum / weights;
  far = vec4(float(farthest) / 255.0);
}
`;

/** What is farther in cells around takes the place of what stands before it. */
const SPREAD = /* glsl */ `
uniform highp sampler2D colours;
uniform int reach;
layout(location = 0) out vec4 colour;
layout(location = 1) out vec4 far;
${DEPTH_CODES}
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  ivec2 last = textureSize(depth, 0) - 1;
  int own = codeAt(at);
  int farthest = own;
  for (int i = 0; i < 9; i += 1) farthest = min(farthest, codeAt(at + reach * (ivec2(i % 3, i / 3) - 1)));
  if (areJoined(own, farthest, ${BEHIND})) {
    colour = texelFetch(colours, at, 0);
    far = vec4(float(own) / 255.0);
    return;
  }
  vec4 sum = vec4(0.0);
  float codes = 0.0, count = 0.0;
  for (int i = 0; i < 9; i += 1) {
    ivec2 there = clamp(at + reach * (ivec2(i % 3, i / 3) - 1), ivec2(0), last);
    int code = codeAt(there);
    if (!areJoined(code, farthest, ${BEHIND})) continue;
    sum += texelFetch(colours, there, 0);
    codes += float(code);
    count += 1.0;
  }
  colour = sum / count;
  far = vec4(codes / count / 255.0);
}
`;

/** A point for each cell, in its middle, and a ring of points around. */
const VERTEX = /* glsl */ `
precision highp float;
precision highp int;
out vec2 at;
uniform vec2 cell;
${DEPTH_CODES}
${PLACED}
void main() {
  ivec2 size = textureSize(depth, 0);
  ivec2 point = ivec2(gl_VertexID % (size.x + 2), gl_VertexID / (size.x + 2)) - 1;
  ivec2 inner = clamp(point, ivec2(0), size - 1);
  at = (vec2(inner) + 0.5) / vec2(size);
  vec2 place = min((vec2(inner) + 0.5) * cell, 1.0) + vec2(point - inner) * ${BEYOND.toFixed(1)};
  gl_Position = placed(place, reciprocalOf(float(codeAt(inner))));
}
`;

const FRAGMENT = /* glsl */ `
uniform highp sampler2D colours;
in vec2 at;
out vec4 colour;
void main() { colour = texture(colours, at); }
`;

export class FarSide {
  readonly #renderer: WebGLRenderer;
  readonly #reduce = {
    rgb: warpMaterial({ fragmentShader: REDUCE }),
    yuv: warpMaterial({ fragmentShader: REDUCE, defines: { YUV: '' } }),
  };
  readonly #spread = warpMaterial({ fragmentShader: SPREAD });
  readonly #sheet = warpMaterial({ vertexShader: VERTEX, fragmentShader: FRAGMENT, depthTest: true });
  readonly #cover = new FullScreenQuad();
  readonly #mesh = new Mesh<BufferGeometry, RawShaderMaterial>(new BufferGeometry(), this.#sheet);
  readonly #scene = new Scene();
  #targets = [newTarget(), newTarget()] as const;

  constructor(renderer: WebGLRenderer) {
    this.#renderer = renderer;
    this.#mesh.frustumCulled = false;
    this.#scene.add(this.#mesh);
  }

  /** Finds it in a picture; `draw` draws that of the last one. */
  find({ target, range, texture }: FoundCorners): void {
    const columns = Math.ceil(target.width / CELL);
    const rows = Math.ceil(target.height / CELL);
    this.#resize(columns, rows);
    const reciprocals = { value: reciprocalsOf(range) };
    const cell = new Vector2(
      Math.round(texture.width / target.width) / texture.width,
      Math.round(texture.height / target.height) / texture.height,
    );
    const reduce = texture.isYuv ? this.#reduce.yuv : this.#reduce.rgb;
    Object.assign(reduce.uniforms, texture.uniforms, {
      corners: { value: target.texture },
      depth: { value: texture.depth },
      reciprocals,
      cell: { value: cell },
    });
    this.#run(reduce);
    for (const reach of SPREADS) {
      const [{ textures }] = this.#targets;
      Object.assign(this.#spread.uniforms, {
        colours: { value: textures[0] },
        depth: { value: textures[1] },
        reciprocals,
        reach: { value: reach },
      });
      this.#run(this.#spread);
    }
    const [{ textures }] = this.#targets;
    Object.assign(this.#sheet.uniforms, {
      colours: { value: textures[0] },
      depth: { value: textures[1] },
      reciprocals,
      cell: { value: cell.multiplyScalar(CELL) },
    });
  }

  /** Draws it into the present target. @param uniforms of `PLACED`. */
  draw(uniforms: RawShaderMaterial['uniforms'], camera: OrthographicCamera): void {
    Object.assign(this.#sheet.uniforms, uniforms);
    this.#renderer.render(this.#scene, camera);
  }

  /** The result is in the first target afterwards. */
  #run(material: RawShaderMaterial): void {
    const [other, target] = this.#targets;
    this.#cover.material = material;
    this.#renderer.setRenderTarget(target);
    this.#cover.render(this.#renderer);
    this.#targets = [target, other];
  }

  #resize(columns: number, rows: number): void {
    if (this.#targets[0].width === columns && this.#targets[0].height === rows) return;
    for (const target of this.#targets) target.setSize(columns, rows);
    this.#mesh.geometry.dispose();
    this.#mesh.geometry = new BufferGeometry().setIndex(sheetIndex(columns, rows));
  }

  dispose(): void {
    for (const target of this.#targets) target.dispose();
    for (const material of [...Object.values(this.#reduce), this.#spread, this.#sheet]) material.dispose();
    this.#cover.dispose();
    this.#mesh.geometry.dispose();
  }
}

/** Triangles between the points of all cells, and of the ring around. */
export function sheetIndex(columns: number, rows: number): number[] {
  const index: number[] = [];
  for (let row = 0; row <= rows; row += 1) {
    for (let column = 0; column <= columns; column += 1) {
      const first = row * (columns + 2) + column;
      const below = first + columns + 2;
      index.push(first, below, first + 1, first + 1, below, below + 1);
    }
  }
  return index;
}

/** Of the colours, which the sheet interpolates, and of the codes of depth. */
function newTarget(): WebGLRenderTarget {
  const target = new WebGLRenderTarget(1, 1, { count: 2, depthBuffer: false });
  const [colours, codes] = target.textures;
  if (colours) colours.minFilter = colours.magFilter = LinearFilter;
  if (codes) codes.minFilter = codes.magFilter = NearestFilter;
  return target;
}
