/**
 * A picture as a mesh of its own depth: a quad for each depth pixel. Those of one surface share their corners; where depth
 * jumps, they are cut. What a corner is and where depth jumps is found once for each picture, on the GPU; drawing reads
 * it, so that nothing is built again for a view.
 */
import { DEPTH_STEPS, type DepthRange } from '@kiln/shared';
import {
  BufferAttribute,
  BufferGeometry,
  DoubleSide,
  DynamicDrawUsage,
  Mesh,
  NearestFilter,
  type OrthographicCamera,
  type RawShaderMaterial,
  RGBAIntegerFormat,
  Scene,
  UnsignedShortType,
  Vector2,
  type WebGLRenderer,
  WebGLRenderTarget,
} from 'three';
import { FullScreenQuad } from 'three/addons/postprocessing/Pass.js';
import { TEXEL } from '../picture-textures.ts';
import { type FoundCorners, LAYER_COUNT, type TextureWithDepth } from './picture-warp.ts';
import { DEPTH_CODES, PLACED, SAME_CODES, SAME_SURFACE, warpMaterial } from './warp-shaders.ts';

/** The share by which a surface that goes on may be elsewhere. */
export const GOES_ON = 0.02;

/**
 * Of each quad its corners, in order of rows: 64 times the mean code of the depth pixels around that are on the quad's
 * surface. The two bits above say of the neighbour on the left, right, above and below, and of those beyond the
 * corners, whether it is nearer and not joined.
 */
const FIND_CORNERS = /* glsl */ `
${DEPTH_CODES}
out uvec4 corners;
float reciprocalAt(ivec2 at) { return reciprocalOf(float(codeAt(at))); }
// The reciprocal distance of a plane is one in the picture: what a surface that leads away goes on to is on it as well.
bool goesOnTo(ivec2 at, ivec2 next) {
  int own = codeAt(at), before = codeAt(2 * at - next), other = codeAt(next);
  if (own == 0 || before == 0 || other == 0) return false;
  float expected = 2.0 * reciprocalOf(float(own)) - reciprocalOf(float(before));
  float found = reciprocalOf(float(other));
  return abs(expected - found) <= max(${GOES_ON} * max(expected, found), ${SAME_CODES} * reciprocals.y);
}
bool areOne(ivec2 a, ivec2 b) {
  return areJoined(codeAt(a), codeAt(b)) || goesOnTo(a, b) || goesOnTo(b, a);
}
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  int own = codeAt(at);
  uint found[4];
  const ivec2 sides[4] = ivec2[4](ivec2(-1, 0), ivec2(1, 0), ivec2(0, -1), ivec2(0, 1));
  for (int i = 0; i < 4; i += 1) {
    ivec2 outward = ivec2((i & 1) * 2 - 1, (i >> 1) * 2 - 1);
    ivec2 around[3] = ivec2[3](at + ivec2(outward.x, 0), at + ivec2(0, outward.y), at + outward);
    float sum = float(own), count = 1.0;
    for (int n = 0; n < 3; n += 1) {
      if (!areOne(at, around[n])) continue;
      sum += float(codeAt(around[n]));
      count += 1.0;
    }
    uint corner = uint(sum / count * 64.0 + 0.5);
    ivec2 side = at + sides[i];
    if (codeAt(side) > own && !areOne(at, side)) corner |= 0x4000u;
    if (codeAt(around[2]) > own && !areOne(at, around[2])) corner |= 0x8000u;
    found[i] = corner;
  }
  corners = uvec4(found[0], found[1], found[2], found[3]);
}
`;

/** Colour is taken so many of its texels beside what is nearer: the first is mixed with that one's. */
const BESIDE_TEXELS = 1.5;

/** What both share. */
const QUAD = /* glsl */ `
precision highp usampler2D;
uniform usampler2D corners;
// Of a quad, and of a texel of colour, as parts of the picture.
uniform vec2 cell;
uniform vec2 texel;
/** Where in the picture a quad has its colours, away from what is nearer. */
vec4 insideOf(uvec4 found, vec2 from, vec2 to) {
  bvec4 side = notEqual(found & 0x4000u, uvec4(0));
  bvec4 beyond = notEqual(found & 0x8000u, uvec4(0));
  vec2 beside = ${BESIDE_TEXELS.toFixed(1)} * texel;
  vec4 inside = vec4(0.0, 0.0, 1.0, 1.0);
  if (side[0] || (beyond[0] && !side[2]) || (beyond[2] && !side[3])) inside.x = from.x + beside.x;
  if (side[1] || (beyond[1] && !side[2]) || (beyond[3] && !side[3])) inside.z = to.x - beside.x;
  if (side[2]) inside.y = from.y + beside.y;
  if (side[3]) inside.w = to.y - beside.y;
  // Between two nearer ones: in the middle.
  if (inside.x > inside.z) inside.xz = vec2((from.x + to.x) / 2.0);
  if (inside.y > inside.w) inside.yw = vec2((from.y + to.y) / 2.0);
  return inside;
}
float codeOf(uint corner) { return float(corner & 0x3fffu) / 64.0; }
`;

const VERTEX = /* glsl */ `
precision highp float;
precision highp int;
uniform vec2 reciprocals;
// Of a newer picture, if it has one.
uniform bool hasNewer;
uniform highp sampler2D newerDepth;
uniform vec2 newerReciprocals;
uniform mat3 newerTurn;
uniform vec3 newerShift;
uniform vec2 newerTangents;
out vec2 at;
flat out vec4 inside;
${QUAD}
${PLACED}
/** What the newer picture sees where a point is: 1 the point itself, 2 what is behind it; else 0. */
int seenInNewer(vec2 place, float reciprocal) {
  vec2 ahead = vec2(place.x * 2.0 - 1.0, 1.0 - place.y * 2.0);
  vec3 seen = newerTurn * vec3(ahead * tangentsFrom, -1.0) + newerShift * reciprocal;
  vec2 there = seen.xy / (-seen.z * newerTangents);
  if (seen.z >= 0.0 || any(greaterThan(abs(there), vec2(1.0)))) return 0;
  ivec2 size = textureSize(newerDepth, 0);
  ivec2 pixel = min(ivec2(vec2(there.x + 1.0, 1.0 - there.y) / 2.0 * vec2(size)), size - 1);
  float code = texelFetch(newerDepth, pixel, 0).r * 255.0;
  float found = (code < 0.5 ? 0.0 : newerReciprocals.x + (code - 1.0) * newerReciprocals.y) * -seen.z;
  if (found < reciprocal * ${(1 - SAME_SURFACE).toFixed(2)} - newerReciprocals.y) return 2;
  return found <= reciprocal * ${(1 + SAME_SURFACE).toFixed(2)} + newerReciprocals.y ? 1 : 0;
}
/** Whether a quad is there no more, or the newer picture has it and what is around it. */
bool isNeedless(vec2 from, vec2 to, float reciprocal) {
  int middle = seenInNewer((from + to) / 2.0, reciprocal);
  if (middle != 1) return middle == 2;
  return seenInNewer(from - (to - from), reciprocal) == 1 && seenInNewer(to + (to - from), reciprocal) == 1;
}
void main() {
  int columns = textureSize(corners, 0).x;
  ivec2 quad = ivec2((gl_VertexID >> 2) % columns, (gl_VertexID >> 2) / columns);
  int index = gl_VertexID & 3;
  uvec4 found = texelFetch(corners, quad, 0);
  float reciprocal = reciprocals.x + (codeOf(found[index]) - 1.0) * reciprocals.y;
  vec2 from = vec2(quad) * cell;
  inside = insideOf(found, from, from + cell);
  at = min(from + vec2(index & 1, index >> 1) * cell, 1.0);
  gl_Position = placed(at, reciprocal, reciprocal);
  float middle = reciprocals.x + (dot(vec4(codeOf(found[0]), codeOf(found[1]), codeOf(found[2]), codeOf(found[3])), vec4(0.25)) - 1.0) * reciprocals.y;
  if (hasNewer && isNeedless(from, from + cell, middle)) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
}
`;

const FRAGMENT = /* glsl */ `
in vec2 at;
flat in vec4 inside;
out vec4 colour;
${TEXEL}
void main() { colour = texelAt(clamp(at, inside.xy, inside.zw)); }
`;

/** What is infinitely far only turns: each pixel of the view finds its own. */
const SKY_VERTEX = /* glsl */ `
precision highp float;
in vec3 position;
uniform float skyLayer;
uniform vec2 depthScale;
uniform mat3 turn;
uniform vec2 tangentsFrom;
uniform vec2 tangentsTo;
// In the picture's camera; sideways and upwards, 1 is the picture's edge at distance 1.
out vec3 ahead;
void main() {
  ahead = vec3(position.xy * tangentsTo, -1.0) * turn;
  ahead.xy /= tangentsFrom;
  gl_Position = vec4(position.xy, (skyLayer + 1.0) / ${LAYER_COUNT.toFixed(1)} * depthScale.x + depthScale.y, 1.0);
}
`;
const SKY_FRAGMENT = /* glsl */ `
in vec3 ahead;
out vec4 colour;
${QUAD}
${TEXEL}
void main() {
  vec2 place = ahead.xy / -ahead.z;
  if (ahead.z >= 0.0 || any(greaterThan(abs(place), vec2(1.0)))) discard;
  vec2 at = vec2(place.x + 1.0, 1.0 - place.y) / 2.0;
  ivec2 quad = ivec2(at / cell);
  uvec4 found = texelFetch(corners, min(quad, textureSize(corners, 0) - 1), 0);
  if (codeOf(found[0]) > 0.5) discard;
  vec2 from = vec2(quad) * cell;
  vec4 inside = insideOf(found, from, from + cell);
  colour = texelAt(clamp(at, inside.xy, inside.zw));
}
`;

/** Reciprocals of the codes of depth: that of the farthest surface, and each step from there. */
export const reciprocalsOf = ({ nearestM, farthestM }: DepthRange): Vector2 =>
  new Vector2(1 / farthestM, (1 / nearestM - 1 / farthestM) / DEPTH_STEPS);

export class PictureQuads {
  readonly #find = warpMaterial({ fragmentShader: FIND_CORNERS });
  readonly #cover = new FullScreenQuad();
  readonly #materials = { rgb: newMaterials({}), yuv: newMaterials({ YUV: '' }) };
  readonly #mesh = new Mesh<BufferGeometry, RawShaderMaterial>(new BufferGeometry(), this.#materials.rgb.quads);
  readonly #scene = new Scene();
  readonly #renderer: WebGLRenderer;
  /** Of the last two pictures, in turn. */
  readonly #kept: Kept[] = [];

  constructor(renderer: WebGLRenderer) {
    this.#renderer = renderer;
    this.#mesh.frustumCulled = false;
    this.#scene.add(this.#mesh);
  }

  /** @returns valid until two more pictures have come. */
  find(texture: TextureWithDepth, range: DepthRange): FoundCorners {
    const { data, width, height } = texture.depth.image;
    const kept = (this.#kept.length < 2 ? null : this.#kept.shift()) ?? newKept(width, height);
    this.#kept.push(kept);
    const { target } = kept;
    if (target.width !== width || target.height !== height) target.setSize(width, height);
    fillGeometry(kept.geometry, data ?? []);
    this.#find.uniforms.depth = { value: texture.depth };
    this.#find.uniforms.reciprocals = { value: reciprocalsOf(range) };
    this.#renderer.setRenderTarget(target);
    this.#cover.material = this.#find;
    this.#cover.render(this.#renderer);
    return { target, range, texture };
  }

  /** Draws a picture into the present target. @param uniforms of `PLACED`, and of the newer picture. */
  draw(
    { target, range, texture }: FoundCorners,
    uniforms: RawShaderMaterial['uniforms'],
    camera: OrthographicCamera,
  ): void {
    const { quads, sky } = texture.isYuv ? this.#materials.yuv : this.#materials.rgb;
    const texel = new Vector2(1 / texture.width, 1 / texture.height);
    const perQuad = new Vector2(Math.round(texture.width / target.width), Math.round(texture.height / target.height));
    const all = {
      ...texture.uniforms,
      ...uniforms,
      corners: { value: target.texture },
      reciprocals: { value: reciprocalsOf(range) },
      cell: { value: perQuad.multiply(texel) },
      texel: { value: texel },
    };
    const kept = this.#kept.find((one) => one.target === target);
    if (kept && kept.geometry.drawRange.count > 0) {
      Object.assign(quads.uniforms, all);
      this.#mesh.material = quads;
      this.#mesh.geometry = kept.geometry;
      this.#renderer.render(this.#scene, camera);
    }
    Object.assign(sky.uniforms, all);
    this.#cover.material = sky;
    this.#cover.render(this.#renderer);
  }

  dispose(): void {
    for (const { target, geometry } of this.#kept) {
      target.dispose();
      geometry.dispose();
    }
    for (const material of [this.#find, ...Object.values(this.#materials).flatMap(Object.values<RawShaderMaterial>)])
      material.dispose();
    this.#cover.dispose();
  }
}

function newMaterials(defines: Readonly<Record<string, string>>) {
  const quads = warpMaterial({ vertexShader: VERTEX, fragmentShader: FRAGMENT, defines, depthTest: true });
  quads.side = DoubleSide;
  const sky = warpMaterial({ vertexShader: SKY_VERTEX, fragmentShader: SKY_FRAGMENT, defines, depthTest: true });
  return { quads, sky };
}

interface Kept {
  readonly target: WebGLRenderTarget;
  /** Two triangles for each quad of something that stands there. */
  readonly geometry: BufferGeometry;
}

const newKept = (width: number, height: number): Kept => ({
  target: newTarget(width, height),
  geometry: new BufferGeometry(),
});

/** Of a quad's corners, 0 to 3 in order of rows. */
export const TRIANGLES = [0, 2, 1, 1, 2, 3];

/** @param codes of depth: 0 where nothing stands. */
function fillGeometry(geometry: BufferGeometry, codes: ArrayLike<number>): void {
  const most = codes.length * TRIANGLES.length;
  let index = geometry.index;
  if (index === null || index.count < most) {
    geometry.dispose();
    index = new BufferAttribute(new Uint32Array(most), 1).setUsage(DynamicDrawUsage);
    geometry.setIndex(index);
  }
  const { array } = index;
  let count = 0;
  for (let quad = 0; quad < codes.length; quad += 1) {
    if (codes[quad] === 0) continue;
    for (const corner of TRIANGLES) {
      array[count] = quad * 4 + corner;
      count += 1;
    }
  }
  geometry.setDrawRange(0, count);
  index.clearUpdateRanges();
  index.addUpdateRange(0, count);
  index.needsUpdate = true;
}

const newTarget = (width: number, height: number): WebGLRenderTarget =>
  new WebGLRenderTarget(width, height, {
    format: RGBAIntegerFormat,
    type: UnsignedShortType,
    internalFormat: 'RGBA16UI',
    minFilter: NearestFilter,
    magFilter: NearestFilter,
    depthBuffer: false,
  });
