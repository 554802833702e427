/**
 * An edge-avoiding à-trous filter (Dammertz et al. 2010) that is guided by each pixel's variance (Schied et al. 2017,
 * section 4, without its reprojection). What is filtered is light: the picture less what surfaces emit, divided by their
 * albedo, so that textures stay sharp. In a texel: light, and the variance of the picture there, of its mean channel: how
 * far light is apart is judged by what it does to the picture, or red light on a red wall would count for nothing.
 */

/** What a surface of no albedo reflects all the same, at its shine. */
const SHINE = 0.05;

/** Pixels of one window whose variances are averaged: that of a pixel alone is known from two halves only. */
const VARIANCE_REACH = 3;

/** A pixel whose own error is more than this part of its light, and brighter than all around it, is a firefly. */
const FIREFLY_ERROR = 0.4;

/** How many standard errors apart pixels may be to be taken for the same light. */
const SAME_LIGHT = 2;

/** Length of a mean normal below which a pixel shows more than one surface. */
const WHOLE = 0.97;

const COMMON = /* glsl */ `
precision highp float;
uniform highp sampler2D normals;
uniform highp sampler2D albedos;
float meanOf(vec3 light) { return dot(light, vec3(1.0 / 3.0)); }
float square(float x) { return x * x; }
bool isNumber(vec4 value) { return !any(isnan(value)) && !any(isinf(value)); }

// What light is multiplied with on its way to the picture; 1 for what stands behind the scene.
vec3 reflectance(ivec2 at) {
  float cover = texelFetch(normals, at, 0).a;
  return texelFetch(albedos, at, 0).rgb + mix(1.0, ${SHINE}, cover);
}

// Slope of the depth per pixel, of the nearer neighbours: the other ones may lie beyond an edge.
vec2 slopeAt(ivec2 at, float depth) {
  ivec2 last = textureSize(albedos, 0) - 1;
  float left = depth - texelFetch(albedos, max(at - ivec2(1, 0), ivec2(0)), 0).a;
  float right = texelFetch(albedos, min(at + ivec2(1, 0), last), 0).a - depth;
  float below = depth - texelFetch(albedos, max(at - ivec2(0, 1), ivec2(0)), 0).a;
  float above = texelFetch(albedos, min(at + ivec2(0, 1), last), 0).a - depth;
  return vec2(abs(left) < abs(right) ? left : right, abs(below) < abs(above) ? below : above);
}

// Whether two pixels show the same surface, 0 to 1.
float alike(vec4 normal, vec4 albedo, vec2 slope, ivec2 there, ivec2 offset) {
  vec4 otherNormal = texelFetch(normals, there, 0);
  vec4 otherAlbedo = texelFetch(albedos, there, 0);
  vec3 turn = normal.xyz - otherNormal.xyz;
  vec3 tint = albedo.rgb - otherAlbedo.rgb;
  float expected = abs(dot(slope, vec2(offset)));
  float apart = abs(albedo.a - otherAlbedo.a) / (expected + 1e-3 * max(albedo.a, 1e-3));
  float cover = normal.a - otherNormal.a;
  return exp(-100.0 * dot(turn, turn) - 30.0 * dot(tint, tint) - apart - 1000.0 * cover * cover);
}
`;

/** From the sums to light and the variance of one pixel alone. */
export const PREPARE = /* glsl */ `
${COMMON}
uniform highp sampler2D sums;
uniform highp sampler2D halfSums;
uniform highp sampler2D emissions;
uniform float samples;
uniform float halfSamples;
out vec4 result;
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  vec4 sum = texelFetch(sums, at, 0);
  // Marked when it is resolved; nothing of it may spread.
  if (!isNumber(sum)) { result = vec4(0.0); return; }
  vec3 divisor = reflectance(at);
  vec3 light = (sum.rgb / samples - texelFetch(emissions, at, 0).rgb) / divisor;
  float variance = square(meanOf(abs(light) * divisor));
  if (halfSamples > 0.0) {
    // Of the mean of all, from the difference of the means of p and q samples: p q (a − b)² ÷ (p + q)².
    vec4 first = texelFetch(halfSums, at, 0);
    float rest = samples - halfSamples;
    vec3 difference = first.rgb / halfSamples - (sum.rgb - first.rgb) / rest;
    variance = square(meanOf(abs(difference))) * halfSamples * rest / (samples * samples);
  }
  result = vec4(light, variance);
}
`;

/** Evens the variance out over a window, and takes fireflies down to the brightest pixel around them. */
export const STEADY = /* glsl */ `
${COMMON}
uniform highp sampler2D lights;
out vec4 result;
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  ivec2 size = textureSize(lights, 0);
  vec4 own = texelFetch(lights, at, 0);
  vec4 normal = texelFetch(normals, at, 0);
  vec4 albedo = texelFetch(albedos, at, 0);
  vec2 slope = slopeAt(at, albedo.a);
  vec3 reflected = reflectance(at);
  float brightest = 0.0;
  float variances = own.a;
  float weights = 1.0;
  for (int y = -${VARIANCE_REACH}; y <= ${VARIANCE_REACH}; y++) {
    for (int x = -${VARIANCE_REACH}; x <= ${VARIANCE_REACH}; x++) {
      ivec2 offset = ivec2(x, y);
      ivec2 there = at + offset;
      if (offset == ivec2(0) || any(lessThan(there, ivec2(0))) || any(greaterThanEqual(there, size))) continue;
      vec4 other = texelFetch(lights, there, 0);
      float weight = alike(normal, albedo, slope, there, offset);
      variances += weight * other.a;
      weights += weight;
      if (max(abs(x), abs(y)) == 1) brightest = max(brightest, meanOf(other.rgb * reflected));
    }
  }
  float bright = meanOf(own.rgb * reflected);
  vec3 light = own.rgb;
  if (bright > brightest && sqrt(own.a) > ${FIREFLY_ERROR} * bright) light *= brightest / bright;
  result = vec4(light, variances / weights);
}
`;

/** One step of the filter: pixels `reach` apart. */
export const STEP = /* glsl */ `
${COMMON}
uniform highp sampler2D lights;
uniform int reach;
out vec4 result;
const float KERNEL[3] = float[3](0.375, 0.25, 0.0625);
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  ivec2 size = textureSize(lights, 0);
  vec4 own = texelFetch(lights, at, 0);
  vec4 normal = texelFetch(normals, at, 0);
  // What stands behind the scene has no noise but that of its edges.
  if (normal.a == 0.0) { result = own; return; }
  vec4 albedo = texelFetch(albedos, at, 0);
  vec2 slope = slopeAt(at, albedo.a);
  vec3 reflected = reflectance(at);
  float same = ${(2 * SAME_LIGHT ** 2).toFixed(1)} * own.a + 1e-12;
  // An edge is a mixture that no other pixel has quite.
  if (length(normal.xyz) < ${WHOLE}) same *= 0.04;
  float weights = KERNEL[0] * KERNEL[0];
  vec4 sum = vec4(own.rgb * weights, own.a * weights * weights);
  for (int y = -2; y <= 2; y++) {
    for (int x = -2; x <= 2; x++) {
      ivec2 offset = ivec2(x, y) * reach;
      ivec2 there = at + offset;
      if (offset == ivec2(0) || any(lessThan(there, ivec2(0))) || any(greaterThanEqual(there, size))) continue;
      vec4 other = texelFetch(lights, there, 0);
      float weight = KERNEL[abs(x)] * KERNEL[abs(y)] * alike(normal, albedo, slope, there, offset)
        * exp(-square(meanOf(abs(other.rgb - own.rgb) * reflected)) / same);
      sum += vec4(other.rgb * weight, other.a * weight * weight);
      weights += weight;
    }
  }
  result = vec4(sum.rgb / weights, sum.a / (weights * weights));
}
`;

/** From light back to the picture, with the alpha that it had. */
export const FINISH = /* glsl */ `
${COMMON}
uniform highp sampler2D lights;
uniform highp sampler2D sums;
uniform highp sampler2D emissions;
uniform float samples;
out vec4 result;
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  vec4 mean = texelFetch(sums, at, 0) / samples;
  vec3 light = texelFetch(lights, at, 0).rgb * reflectance(at);
  result = isNumber(mean) ? vec4(max(light + texelFetch(emissions, at, 0).rgb, 0.0), mean.a) : mean;
}
`;

/** The picture before it is denoised, as exposed. */
export const MEAN = /* glsl */ `
precision highp float;
uniform highp sampler2D sums;
uniform float samples;
uniform float exposure;
out vec4 result;
void main() { result = texelFetch(sums, ivec2(gl_FragCoord.xy), 0) / samples * vec4(vec3(exposure), 1.0); }
`;
