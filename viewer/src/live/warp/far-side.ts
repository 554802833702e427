/**
 * What stands behind things, as far as their surroundings tell: a coarse picture of the farther side of everything, drawn
 * as one sheet behind all else. It is seen where a turn uncovers what no picture has shown, and around the picture,
 * where it goes on beyond its edge.
 */
import {
  BufferAttribute,
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
import { reciprocalsOf, TRIANGLES } from './picture-quads.ts';
import type { FoundCorners } from './picture-warp.ts';
import { DEPTH_CODES, PLACED, warpMaterial } from './warp-shaders.ts';

/** Depth pixels of a cell, in both directions: few, or what is behind something thin is of no cell of its own. */
export const CELL = 3;
/** Cells that the farther side is spread by, one after the other: together more than most move apart in a tenth of a second. */
export const SPREADS = [1, 2, 4, 8];
/** The share by which what is farther must be so: from one cell to the next, few surfaces lead away as steeply. */
export const BEHIND = 0.06;
/** The same where a surface surely is in one piece in the picture, too, from one cell to the next and within both. */
const FLAT = 0.024;
/** Cosine of the angle to where the view uncovers something, up to which it is looked for: one of the eight directions, or two. */
export const SIDEWAYS = 0.9;
/** As `BEHIND`, of what is made up: that is of one kind, though it was found in different places. */
export const MADE_UP = 0.3;
/** How far the sheet goes on around the picture, in its widths: to nearly a right angle. */
export const BEYOND = 20;
/** Weight of colour beside something nearer, which is mixed with that one's. */
export const MIXED = 0.01;

/**
 * Of the depth pixels of each cell the farthest, with the mean colour of those that are joined to it. The second number of
 * `far` says whether that is behind something else, the third how much of its colour is its own, the last whether all of the
 * cell is one surface.
 */
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
  int farthest = 255, nearest = 0;
  for (int i = 0; i < ${CELL * CELL}; i += 1) {
    int code = codeAt(from + ivec2(i % ${CELL}, i / ${CELL}));
    farthest = min(farthest, code);
    nearest = max(nearest, code);
  }
  vec4 sum = vec4(0.0);
  float weights = 0.0, count = 0.0;
  for (int i = 0; i < ${CELL * CELL}; i += 1) {
    ivec2 at = min(from + ivec2(i % ${CELL}, i / ${CELL}), last);
    if (!areJoined(codeAt(at), farthest)) continue;
    uvec4 found = texelFetch(corners, at, 0);
    bool isMixed = any(notEqual(found & 0xc000u, uvec4(0)));
    float weight = isMixed ? ${MIXED} : 1.0;
    sum += weight * texelAt(min((vec2(at) + 0.5) * cell, 1.0));
    weights += weight;
    count += 1.0;
  }
  colour = sum / weights;
  float isBehind = areJoined(farthest, nearest, ${BEHIND}) ? 0.0 : 1.0;
  far = vec4(float(farthest) / 255.0, isBehind, weights / count, areJoined(farthest, nearest, ${FLAT}) ? 1.0 : 0.0);
}
`;

/**
 * What is behind a cell is what is farther beside it, or what is behind those beside it: on the side that the view uncovers,
 * which is opposite to where nearer things move before farther ones.
 */
const SPREAD = /* glsl */ `
uniform highp sampler2D colours;
uniform int reach;
uniform mat3 turn;
uniform vec3 shift;
uniform vec2 tangentsFrom;
layout(location = 0) out vec4 colour;
layout(location = 1) out vec4 far;
${DEPTH_CODES}
ivec2 placeOf(int i) {
  ivec2 there = ivec2(gl_FragCoord.xy) + reach * (ivec2(i % 3, i / 3) - 1);
  return clamp(there, ivec2(0), textureSize(depth, 0) - 1);
}
/** Whether a place around is on that side. */
bool isUncovered(int i, vec2 towards) {
  vec2 there = vec2(i % 3, i / 3) - 1.0;
  return dot(there, towards) > ${SIDEWAYS} * length(there) * length(towards);
}
/** Towards what is uncovered, in cells. */
vec2 uncovered() {
  vec2 ahead = vec2(2.0, -2.0) * gl_FragCoord.xy / vec2(textureSize(depth, 0)) + vec2(-1.0, 1.0);
  vec3 nearer = shift * turn;
  return vec2(-1.0, 1.0) * (nearer.xy + ahead * tangentsFrom * nearer.z);
}
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  colour = texelFetch(colours, at, 0);
  far = texelFetch(depth, at, 0);
  bool isBehind = far.g > 0.5;
  if (isBehind && far.b > 0.5) return;
  vec2 towards = uncovered();
  int own = codeAt(at);
  int farthest = own;
  for (int i = 0; i < 9; i += 1)
    if (!isBehind && isUncovered(i, towards)) farthest = min(farthest, codeAt(placeOf(i)));
  if (!isBehind && areJoined(own, farthest, ${BEHIND})) return;
  vec4 sum = vec4(0.0);
  float codes = 0.0, weights = 0.0, count = 0.0;
  for (int i = 0; i < 9; i += 1) {
    ivec2 there = placeOf(i);
    int code = codeAt(there);
    if (!(isBehind || isUncovered(i, towards)) || !areJoined(code, farthest, ${BEHIND})) continue;
    float weight = max(texelFetch(depth, there, 0).b, ${MIXED});
    sum += weight * texelFetch(colours, there, 0);
    codes += float(code);
    weights += weight;
    count += 1.0;
  }
  colour = sum / weights;
  far = vec4(codes / count / 255.0, 1.0, weights / count, 0.0);
}
`;

/**
 * A point for each cell, in its middle, and a ring of points around. Between what is joined the sheet is smooth; where it
 * leads from one thing to what is behind it, all of that is the farther one, of which nobody knows how far it goes on. Where the
 * picture itself is in one piece, that covers the sheet: it is not drawn.
 */
const VERTEX = /* glsl */ `
precision highp float;
precision highp int;
out vec2 at;
uniform vec2 cell;
${DEPTH_CODES}
${PLACED}
void main() {
  ivec2 size = textureSize(depth, 0);
  int quad = gl_VertexID >> 2;
  ivec2 first = ivec2(quad % (size.x + 1), quad / (size.x + 1)) - 1;
  ivec2 farthestAt = first;
  int farthest = 255, nearest = 0;
  bool isMadeUp = true;
  bool isSeen = any(lessThan(first, ivec2(0))) || any(greaterThanEqual(first, size - 1));
  for (int i = 0; i < 4; i += 1) {
    ivec2 there = first + ivec2(i & 1, i >> 1);
    vec4 found = texelFetch(depth, clamp(there, ivec2(0), size - 1), 0);
    isMadeUp = isMadeUp && found.g > 0.5;
    isSeen = isSeen || found.g > 0.5 || found.a < 0.5;
    int code = int(found.r * 255.0 + 0.5);
    if (code < farthest) farthestAt = there;
    farthest = min(farthest, code);
    nearest = max(nearest, code);
  }
  ivec2 point = first + ivec2(gl_VertexID & 1, (gl_VertexID >> 1) & 1);
  ivec2 inner = clamp(point, ivec2(0), size - 1);
  bool isOne = areJoined(farthest, nearest, ${BEHIND});
  float reciprocal = reciprocalOf(float(codeAt(inner)));
  bool isSmooth = isOne || (isMadeUp && areJoined(farthest, nearest, ${MADE_UP.toFixed(1)}));
  at = (vec2(isSmooth ? inner : clamp(farthestAt, ivec2(0), size - 1)) + 0.5) / vec2(size);
  vec2 place = min((vec2(inner) + 0.5) * cell, 1.0) + vec2(point - inner) * ${BEYOND.toFixed(1)};
  if (!isSeen && areJoined(farthest, nearest, ${FLAT})) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
  else gl_Position = placed(place, reciprocal, isOne ? reciprocal : reciprocalOf(float(farthest)));
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
  /** Of the last picture: as it is, and as one view uncovers it. */
  readonly #reduced = newTarget();
  readonly #targets = [newTarget(), newTarget()] as const;
  #reciprocals = { value: new Vector2() };

  constructor(renderer: WebGLRenderer) {
    this.#renderer = renderer;
    this.#mesh.frustumCulled = false;
    this.#scene.add(this.#mesh);
  }

  /** Takes a picture; `uncover` and `draw` are of the last one. */
  find({ target, range, texture }: FoundCorners): void {
    const columns = Math.ceil(target.width / CELL);
    const rows = Math.ceil(target.height / CELL);
    this.#resize(columns, rows);
    this.#reciprocals = { value: reciprocalsOf(range) };
    const cell = new Vector2(
      Math.round(texture.width / target.width) / texture.width,
      Math.round(texture.height / target.height) / texture.height,
    );
    const reduce = texture.isYuv ? this.#reduce.yuv : this.#reduce.rgb;
    Object.assign(reduce.uniforms, texture.uniforms, {
      corners: { value: target.texture },
      depth: { value: texture.depth },
      reciprocals: this.#reciprocals,
      cell: { value: cell },
    });
    this.#run(reduce, this.#reduced);
    this.#sheet.uniforms.cell = { value: cell.clone().multiplyScalar(CELL) };
  }

  /** Finds what is behind things where a view uncovers it. @param uniforms of `PLACED`. */
  uncover(uniforms: RawShaderMaterial['uniforms']): void {
    let from = this.#reduced;
    for (const [i, reach] of SPREADS.entries()) {
      Object.assign(this.#spread.uniforms, uniforms, this.#uniformsOf(from), { reach: { value: reach } });
      from = this.#targets[i % 2 === 0 ? 0 : 1];
      this.#run(this.#spread, from);
    }
    Object.assign(this.#sheet.uniforms, this.#uniformsOf(from));
  }

  /** Draws it into the present target. @param uniforms of `PLACED`. */
  draw(uniforms: RawShaderMaterial['uniforms'], camera: OrthographicCamera): void {
    Object.assign(this.#sheet.uniforms, uniforms);
    this.#renderer.render(this.#scene, camera);
  }

  #uniformsOf({ textures }: WebGLRenderTarget): RawShaderMaterial['uniforms'] {
    return { colours: { value: textures[0] }, depth: { value: textures[1] }, reciprocals: this.#reciprocals };
  }

  #run(material: RawShaderMaterial, target: WebGLRenderTarget): void {
    this.#cover.material = material;
    this.#renderer.setRenderTarget(target);
    this.#cover.render(this.#renderer);
  }

  #resize(columns: number, rows: number): void {
    if (this.#reduced.width === columns && this.#reduced.height === rows) return;
    for (const target of [this.#reduced, ...this.#targets]) target.setSize(columns, rows);
    this.#mesh.geometry.dispose();
    this.#mesh.geometry = new BufferGeometry().setIndex(sheetIndex(columns, rows));
  }

  dispose(): void {
    for (const target of [this.#reduced, ...this.#targets]) target.dispose();
    for (const material of [...Object.values(this.#reduce), this.#spread, this.#sheet]) material.dispose();
    this.#cover.dispose();
    this.#mesh.geometry.dispose();
  }
}

/** Two triangles between the points of each four cells, and of the ring around. */
export function sheetIndex(columns: number, rows: number): BufferAttribute {
  const index = new Uint32Array((columns + 1) * (rows + 1) * TRIANGLES.length);
  for (let at = 0; at < index.length; at += 1) {
    const quad = Math.floor(at / TRIANGLES.length);
    index[at] = quad * 4 + (TRIANGLES[at % TRIANGLES.length] ?? 0);
  }
  return new BufferAttribute(index, 1);
}

/** Of the colours, which the sheet interpolates, and of the codes of depth. */
function newTarget(): WebGLRenderTarget {
  const target = new WebGLRenderTarget(1, 1, { count: 2, depthBuffer: false });
  const [colours, codes] = target.textures;
  if (colours) colours.minFilter = colours.magFilter = LinearFilter;
  if (codes) codes.minFilter = codes.magFilter = NearestFilter;
  return target;
}
