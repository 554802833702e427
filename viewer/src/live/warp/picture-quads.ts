/**
 * A picture as a mesh of its own depth: a quad for each depth pixel. Those of one surface share their corners; where depth
 * jumps, they are cut. What a corner is and where depth jumps is found once for each picture, on the GPU; drawing reads
 * it, so that nothing is built again for a view.
 */
import { DEPTH_STEPS, type DepthRange } from '@kiln/shared';
import {
  DoubleSide,
  InstancedBufferGeometry,
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
import type { FoundCorners, TextureWithDepth } from './picture-warp.ts';
import { DEPTH_CODES, PLACED, warpMaterial } from './warp-shaders.ts';

/**
 * Of each quad its corners, in order of rows: 64 times the mean code of the depth pixels around that are on the quad's
 * surface. The two bits above say of the neighbour on the left, right, above and below, and of those beyond the
 * corners, whether it is nearer and not joined.
 */
const FIND_CORNERS = /* glsl */ `
${DEPTH_CODES}
out uvec4 corners;
bool isNearer(int code, int own) { return code > own && !areJoined(code, own); }
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  int own = codeAt(at);
  uint found[4];
  const ivec2 sides[4] = ivec2[4](ivec2(-1, 0), ivec2(1, 0), ivec2(0, -1), ivec2(0, 1));
  for (int i = 0; i < 4; i += 1) {
    ivec2 outward = ivec2((i & 1) * 2 - 1, (i >> 1) * 2 - 1);
    int across = codeAt(at + outward);
    int around[3] = int[3](codeAt(at + ivec2(outward.x, 0)), codeAt(at + ivec2(0, outward.y)), across);
    float sum = float(own), count = 1.0;
    for (int n = 0; n < 3; n += 1) {
      if (!areJoined(around[n], own)) continue;
      sum += float(around[n]);
      count += 1.0;
    }
    uint corner = uint(sum / count * 64.0 + 0.5);
    if (isNearer(codeAt(at + sides[i]), own)) corner |= 0x4000u;
    if (isNearer(across, own)) corner |= 0x8000u;
    found[i] = corner;
  }
  corners = uvec4(found[0], found[1], found[2], found[3]);
}
`;

/** Colour is taken so many of its texels beside what is nearer: the first is mixed with that one's. */
const BESIDE_TEXELS = 1.5;

const VERTEX = /* glsl */ `
precision highp float;
precision highp int;
precision highp usampler2D;
uniform usampler2D corners;
uniform vec2 reciprocals;
// Of a quad, and of a texel of colour, as parts of the picture.
uniform vec2 cell;
uniform vec2 texel;
out vec2 at;
flat out vec4 inside;
${PLACED}
void main() {
  ivec2 quad = ivec2(gl_VertexID >> 2, gl_InstanceID);
  int index = gl_VertexID & 3;
  uvec4 found = texelFetch(corners, quad, 0);
  float code = float(found[index] & 0x3fffu) / 64.0;
  float reciprocal = code < 0.5 ? 0.0 : reciprocals.x + (code - 1.0) * reciprocals.y;
  vec2 from = vec2(quad) * cell;
  vec2 to = from + cell;
  bvec4 side = notEqual(found & 0x4000u, uvec4(0));
  bvec4 beyond = notEqual(found & 0x8000u, uvec4(0));
  vec2 beside = ${BESIDE_TEXELS.toFixed(1)} * texel;
  inside = vec4(0.0, 0.0, 1.0, 1.0);
  if (side[0] || (beyond[0] && !side[2]) || (beyond[2] && !side[3])) inside.x = from.x + beside.x;
  if (side[1] || (beyond[1] && !side[2]) || (beyond[3] && !side[3])) inside.z = to.x - beside.x;
  if (side[2]) inside.y = from.y + beside.y;
  if (side[3]) inside.w = to.y - beside.y;
  // Between two nearer ones: in the middle.
  if (inside.x > inside.z) inside.xz = vec2((from.x + to.x) / 2.0);
  if (inside.y > inside.w) inside.yw = vec2((from.y + to.y) / 2.0);
  at = min(from + vec2(index & 1, index >> 1) * cell, 1.0);
  gl_Position = placed(at, reciprocal);
}
`;

const FRAGMENT = /* glsl */ `
in vec2 at;
flat in vec4 inside;
out vec4 colour;
${TEXEL}
void main() { colour = texelAt(clamp(at, inside.xy, inside.zw)); }
`;

/** Reciprocals of the codes of depth: that of the farthest surface, and each step from there. */
export const reciprocalsOf = ({ nearestM, farthestM }: DepthRange): Vector2 =>
  new Vector2(1 / farthestM, (1 / nearestM - 1 / farthestM) / DEPTH_STEPS);

export class PictureQuads {
  readonly #find = warpMaterial({ fragmentShader: FIND_CORNERS });
  readonly #cover = new FullScreenQuad(this.#find);
  readonly #materials = { rgb: newMaterial({}), yuv: newMaterial({ YUV: '' }) };
  readonly #mesh = new Mesh<InstancedBufferGeometry, RawShaderMaterial>(
    new InstancedBufferGeometry(),
    this.#materials.rgb,
  );
  readonly #scene = new Scene();
  readonly #renderer: WebGLRenderer;
  /** Of the last two pictures, in turn. */
  readonly #targets: WebGLRenderTarget[] = [];

  constructor(renderer: WebGLRenderer) {
    this.#renderer = renderer;
    this.#mesh.frustumCulled = false;
    this.#scene.add(this.#mesh);
  }

  /** @returns valid until two more pictures have come. */
  find(texture: TextureWithDepth, range: DepthRange): FoundCorners {
    const { width, height } = texture.depth.image;
    const target = (this.#targets.length < 2 ? null : this.#targets.shift()) ?? newTarget(width, height);
    this.#targets.push(target);
    if (target.width !== width || target.height !== height) target.setSize(width, height);
    this.#find.uniforms.depth = { value: texture.depth };
    this.#find.uniforms.reciprocals = { value: reciprocalsOf(range) };
    this.#renderer.setRenderTarget(target);
    this.#cover.render(this.#renderer);
    return { target, range, texture };
  }

  /** Draws a picture into the present target. @param uniforms of `PLACED`. */
  draw(
    { target, range, texture }: FoundCorners,
    uniforms: RawShaderMaterial['uniforms'],
    camera: OrthographicCamera,
  ): void {
    this.#resize(target.width, target.height);
    const material = texture.isYuv ? this.#materials.yuv : this.#materials.rgb;
    const texel = new Vector2(1 / texture.width, 1 / texture.height);
    const perQuad = new Vector2(Math.round(texture.width / target.width), Math.round(texture.height / target.height));
    Object.assign(material.uniforms, texture.uniforms, uniforms, {
      corners: { value: target.texture },
      reciprocals: { value: reciprocalsOf(range) },
      cell: { value: perQuad.multiply(texel) },
      texel: { value: texel },
    });
    this.#mesh.material = material;
    this.#renderer.render(this.#scene, camera);
  }

  /** A row of quads, as often as there are rows. */
  #resize(columns: number, rows: number): void {
    const { geometry } = this.#mesh;
    if (geometry.index?.count !== columns * 6) {
      geometry.dispose();
      const index = Array.from({ length: columns }, (_, i) => [0, 2, 1, 1, 2, 3].map((corner) => i * 4 + corner));
      this.#mesh.geometry = new InstancedBufferGeometry().setIndex(index.flat());
    }
    this.#mesh.geometry.instanceCount = rows;
  }

  dispose(): void {
    for (const target of this.#targets) target.dispose();
    for (const material of [this.#find, ...Object.values(this.#materials)]) material.dispose();
    this.#cover.dispose();
    this.#mesh.geometry.dispose();
  }
}

function newMaterial(defines: Readonly<Record<string, string>>): RawShaderMaterial {
  const material = warpMaterial({ vertexShader: VERTEX, fragmentShader: FRAGMENT, defines, depthTest: true });
  material.side = DoubleSide;
  return material;
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
