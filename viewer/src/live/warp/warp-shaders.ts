/** What the shaders of the warp share: GLSL ES 3.00. */
import { DEPTH_SLACK } from '@kiln/shared';
import { GLSL3, NoBlending, RawShaderMaterial, type ShaderMaterialParameters } from 'three';
import { LAYER_COUNT } from './picture-warp.ts';

/** Where neighbours are on one surface: their reciprocal distances differ by less. */
export const SAME_SURFACE = 0.05;
/** Nor may rounding tear a surface, however near the nearest thing is. */
export const SAME_CODES = 1.5 + 2 * DEPTH_SLACK;

/** Codes of depth, as `depth.ts` of shared has them: 0 where nothing stands, which is infinitely far. */
export const DEPTH_CODES = /* glsl */ `
uniform highp sampler2D depth;
// Of the farthest surface, and of each step from there.
uniform vec2 reciprocals;
int codeAt(ivec2 at) {
  ivec2 last = textureSize(depth, 0) - 1;
  return int(texelFetch(depth, clamp(at, ivec2(0), last), 0).r * 255.0 + 0.5);
}
float reciprocalOf(float code) { return code < 0.5 ? 0.0 : reciprocals.x + (code - 1.0) * reciprocals.y; }
bool areJoined(int a, int b, float share) {
  if (a == b) return true;
  if (a == 0 || b == 0) return false;
  float one = reciprocalOf(float(a)), other = reciprocalOf(float(b));
  return abs(one - other) <= max(share * max(one, other), ${SAME_CODES} * reciprocals.y);
}
bool areJoined(int a, int b) { return areJoined(a, b, ${SAME_SURFACE}); }
`;

/** Where a point of a picture is in the view of now. */
export const PLACED = /* glsl */ `
uniform mat3 turn;
uniform vec3 shift;
uniform vec2 tangentsFrom;
uniform vec2 tangentsTo;
uniform float near;
uniform float layer;
uniform float skyLayer;
// Of the depth, 0 to 1, what the depth buffer takes: what is twice it less 1, or what is 1 less it.
uniform vec2 depthScale;
// From the upper left corner, 0 to 1; what is before what, the reciprocal distance behind says.
vec4 placed(vec2 at, float reciprocal, float behind) {
  vec2 ahead = vec2(at.x * 2.0 - 1.0, 1.0 - at.y * 2.0);
  vec3 seen = turn * vec3(ahead * tangentsFrom, -1.0) + shift * reciprocal;
  float w = -seen.z;
  float depth = (((behind > 0.0 ? layer : skyLayer) + 1.0) * w - near * behind) / ${LAYER_COUNT.toFixed(1)};
  return vec4(seen.xy / tangentsTo, depth * depthScale.x + w * depthScale.y, w);
}
`;

/** For three's `FullScreenQuad`. */
const COVER_VERTEX = /* glsl */ `
in vec3 position;
void main() { gl_Position = vec4(position.xy, 0.0, 1.0); }
`;

type WarpMaterial = Pick<ShaderMaterialParameters, 'vertexShader' | 'fragmentShader' | 'defines' | 'depthTest'>;

/** @param material covers all of its target by default. */
export const warpMaterial = (material: WarpMaterial): RawShaderMaterial =>
  new RawShaderMaterial({
    glslVersion: GLSL3,
    vertexShader: COVER_VERTEX,
    blending: NoBlending,
    depthTest: false,
    depthWrite: material.depthTest ?? false,
    ...material,
    fragmentShader: `precision highp float;\nprecision highp int;\n#define texture2D texture\n${material.fragmentShader}`,
  });
