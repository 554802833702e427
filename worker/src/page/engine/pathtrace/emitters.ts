/**
 * Surfaces that glow, as lights that are looked for: a ray that meets a small lamp by chance is rare, and bright. A
 * triangle is chosen in proportion to its area and luminance, a point on it evenly, and both ways to reach it are
 * weighted (Veach 1997, section 9.2). The library knows lamps without a surface only.
 */
import {
  type BufferGeometry,
  Color,
  DataTexture,
  FloatType,
  type Material,
  RGBAFormat,
  Triangle,
  Vector3,
} from 'three';

/** Texels in a row of the table: odd, as all tables' (see `odd-size.ts`). */
const ROW = 1_023;

export interface Emitters {
  /** Row by row, a texel each: share of the light of all triangles up to this one, and its three vertices. */
  readonly table: DataTexture;
  readonly count: number;
  /** Sum of area in square metres × luminance. */
  readonly weight: number;
}

/** @param geometry baked, indexed. @param luminances of materials, by its `materialIndex`. */
export function emittersOf(geometry: BufferGeometry, luminances: readonly number[]): Emitters {
  const position = geometry.getAttribute('position');
  const materialIndex = geometry.getAttribute('materialIndex');
  const index = geometry.index;
  const found: { readonly corners: readonly [number, number, number]; readonly upTo: number }[] = [];
  let weight = 0;
  const triangle = new Triangle(new Vector3(), new Vector3(), new Vector3());
  for (let at = 0; index && at < index.count && luminances.some((luminance) => luminance > 0); at += 3) {
    const corners = [index.getX(at), index.getX(at + 1), index.getX(at + 2)] as const;
    const luminance = luminances[materialIndex.getX(corners[0])] ?? 0;
    if (luminance === 0) continue;
    triangle.setFromAttributeAndIndices(position, ...corners);
    const light = triangle.getArea() * luminance;
    if (!(light > 0)) continue;
    weight += light;
    found.push({ corners, upTo: weight });
  }
  const rows = Math.max(3, Math.ceil(found.length / ROW) | 1);
  const texels = new Float32Array(ROW * rows * 4);
  found.forEach(({ corners, upTo }, at) => {
    texels.set([upTo / weight, ...corners], at * 4);
  });
  const table = new DataTexture(texels, ROW, rows, RGBAFormat, FloatType);
  return { table, count: found.length, weight };
}

/** Of the light that a material gives off by itself, its texture left aside. */
export function luminanceOf(material: Material): number {
  const { emissive, emissiveIntensity } = { emissive: null, emissiveIntensity: 0, ...material };
  if (!((emissive as unknown) instanceof Color)) return 0;
  const { r, g, b } = emissive as unknown as Color;
  return (0.2126 * r + 0.7152 * g + 0.0722 * b) * Number(emissiveIntensity);
}

/** Declarations of the shader, after those of the library. */
export const EMITTER_FUNCTIONS = /* glsl */ `
uniform sampler2D emitters;
uniform uint emitterCount;
uniform float emitterWeight;

// Probability per solid angle of looking this way for a point of a glowing surface, seen at an angle of this cosine.
float emitterPdf( Material material, float dist, float cosine ) {
  float density = luminance( material.emissiveIntensity * material.emissive ) / emitterWeight;
  return density * dist * dist / max( cosine, 1e-6 );
}

// The power heuristic, also where one of them is infinite.
float emitterMis( float a, float b ) {
  float ratio = b / a;
  return 1.0 / ( 1.0 + ratio * ratio );
}

vec3 emittedLight( Material material, uvec3 corners, vec3 barycoord ) {
  vec2 uv = textureSampleBarycoord( attributesArray, ATTR_UV, barycoord, corners ).xy;
  vec3 light = material.emissiveIntensity * material.emissive;
  if ( material.emissiveMap != - 1 )
    light *= texture2D( textures, vec3( ( material.emissiveMapTransform * vec3( uv, 1 ) ).xy, material.emissiveMap ) ).xyz;
  float alpha = material.opacity;
  if ( material.map != - 1 )
    alpha *= texture2D( textures, vec3( ( material.mapTransform * vec3( uv, 1 ) ).xy, material.map ) ).a;
  if ( material.alphaTest != 0.0 ) return alpha < material.alphaTest ? vec3( 0.0 ) : light;
  return material.transparent ? light * alpha : light;
}

vec3 emitterContribution( vec3 worldWo, SurfaceRecord surf, RenderState state, vec3 origin ) {
  if ( emitterCount == 0u ) return vec3( 0.0 );
  vec3 ruv = rand3( 17 );
  uint low = 0u;
  uint high = emitterCount - 1u;
  for ( int i = 0; i < 32 && low < high; i ++ ) {
    uint middle = ( low + high ) / 2u;
    if ( texelFetch1D( emitters, middle ).r <= ruv.x ) low = middle + 1u;
    else high = middle;
  }
  uvec3 corners = uvec3( texelFetch1D( emitters, low ).gba );
  vec3 a = texelFetch1D( bvh.position, corners.x ).xyz;
  vec3 b = texelFetch1D( bvh.position, corners.y ).xyz;
  vec3 c = texelFetch1D( bvh.position, corners.z ).xyz;
  // An even point of a triangle: Osada et al. 2002, section 4.2.
  float root = sqrt( ruv.y );
  vec3 barycoord = vec3( 1.0 - root, root * ( 1.0 - ruv.z ), root * ruv.z );
  vec3 toLight = a * barycoord.x + b * barycoord.y + c * barycoord.z - origin;
  float dist = length( toLight );
  vec3 direction = toLight / dist;
  if ( ! ( dist > 0.0 ) || dot( surf.faceNormal, direction ) < 0.0 ) return vec3( 0.0 );
  if ( ! isDirectionValid( direction, surf.normal, surf.faceNormal ) ) return vec3( 0.0 );
  Material material = readMaterialInfo( materials, uTexelFetch1D( materialIndexAttribute, corners.x ).r );
  float cosine = - dot( direction, normalize( cross( b - a, c - a ) ) );
  cosine = material.side == 0.0 ? abs( cosine ) : cosine * material.side;
  if ( cosine <= 0.0 ) return vec3( 0.0 );
  Ray ray;
  ray.origin = origin;
  ray.direction = direction;
  vec3 through;
  // The lamp itself is in the way at its own distance.
  if ( attenuateHit( state, ray, dist * 0.999, through ) ) return vec3( 0.0 );
  vec3 color;
  float pdf = bsdfResult( worldWo, direction, surf, color );
  if ( ! ( pdf > 0.0 ) || any( lessThan( color, vec3( 0.0 ) ) ) ) return vec3( 0.0 );
  float lightPdf = emitterPdf( material, dist, cosine );
  vec3 light = emittedLight( material, corners, barycoord ) * through;
  return light * color * state.throughputColor * emitterMis( lightPdf, pdf ) / lightPdf;
}
`;
