import { DataTexture, FloatType, RedFormat, Vector2 } from 'three';
import { PhysicalPathTracingMaterial } from 'three-gpu-pathtracer/src/materials/pathtracing/PhysicalPathTracingMaterial.js';
import { HEIGHTS } from '../../assets/light-from-above.ts';
import { CATCH_SHADOW, CATCHER_FUNCTIONS, DARKEN } from './caught-shadow.ts';
import { EMITTER_FUNCTIONS } from './emitters.ts';

export interface Tracer {
  readonly material: PhysicalPathTracingMaterial;
  /** Part of a tenth of a millimetre that rays start away from the surface which they leave; more far from the origin. */
  readonly rayScale: { value: number };
  readonly isOrthographic: { value: boolean };
  /** Where the lowest left pixel of the target is in the frame: each pixel of that has random numbers of its own. */
  readonly pixelOffset: { value: Vector2 };
  /** Metres; 0 is a pinhole. */
  readonly lensRadius: { value: number };
  /** Metres along the camera's axis. */
  readonly focusDistance: { value: number };
  /** Luminance of what a sample gets by way of other surfaces, at most; 0 is no bound. */
  readonly indirectClamp: { value: number };
  readonly emitters: {
    readonly table: { value: DataTexture };
    readonly count: { value: number };
    readonly weight: { value: number };
  };
  /** Of the ground that catches shadows, while `catchShadow` has it looked for. */
  readonly ground: {
    /** Metres above the origin. */
    readonly height: { value: number };
    /** Irradiance of the environment there. */
    readonly skyLight: { value: number };
    /** Of `LightFromAbove`. */
    readonly skyHeights: { value: DataTexture };
  };
}

/** Sobol points instead of a table that is drawn anew for each sample: sample `i` needs no sample before it. */
const SOBOL = 1;

/** Places of the library's shader that are changed; each must be there. */
const CHANGES: readonly { readonly from: RegExp; readonly to: string }[] = [
  {
    // In a scene of centimetres 0.1 mm is much.
    from: /#define RAY_OFFSET 1e-4(?=\s+#define INFINITY)/,
    to: 'uniform float rayScale;\n#define RAY_OFFSET (1e-4 * rayScale)',
  },
  {
    // Direct light at the last vertex would be a further bounce, of which the half that hits a light by chance is missing.
    // And it is looked for from above the surface: the library starts below it whenever the path goes on below, as a
    // rough reflection often does, and a quarter of the light is lost.
    from: /gl_FragColor\.rgb \+= directLightContribution\( - ray\.direction, surf, state, hitPoint \);/,
    to: `
      if ( i < bounces - 1 ) {
        vec3 above = stepRayOrigin( ray.origin, ray.direction, surf.faceNormal, surfaceHit.dist );
        vec3 found = directLightContribution( - ray.direction, surf, state, above );
        found += emitterContribution( - ray.direction, surf, state, above );
        if ( scatterings > 0 ) indirect += found;
        else gl_FragColor.rgb += found;
      }`,
  },
  // Surfaces that glow are looked for, too: what meets one by chance counts by the weight of that way.
  { from: /(?=void main\(\) \{)/, to: EMITTER_FUNCTIONS + CATCHER_FUNCTIONS },
  { from: /(?<=int hitType = traceScene\( ray, state\.fogMaterial, surfaceHit \);)/, to: CATCH_SHADOW },
  { from: /(?=gl_FragColor\.a \*= opacity;)/, to: DARKEN },
  {
    from: /(?<=state\.firstRay = [^;]+;)/,
    to: 'bool wasLookedFor = ! state.firstRay && ! state.transmissiveRay;',
  },
  {
    from: /gl_FragColor\.rgb \+= \( surf\.emission \* state\.throughputColor \);/,
    to: `
      float emissionWeight = 1.0;
      if ( wasLookedFor && emitterCount > 0u ) {
        vec3 glowing = ray.origin + ray.direction * surfaceHit.dist;
        float cosine = abs( dot( ray.direction, surfaceHit.faceNormal ) );
        emissionWeight = emitterMis( lastPdf, emitterPdf( material, distance( lastVertex, glowing ), cosine ) );
      }
      vec3 glow = surf.emission * state.throughputColor * emissionWeight;
      if ( scatterings > 1 ) indirect += glow;
      else gl_FragColor.rgb += glow;`,
  },
  {
    from: /gl_FragColor\.rgb \+= environmentIntensity \* envColor \* state\.throughputColor \* misWeight;/,
    to: `
      vec3 around = environmentIntensity * envColor * state.throughputColor * misWeight;
      if ( scatterings > 1 ) indirect += around;
      else gl_FragColor.rgb += around;`,
  },
  {
    // Light that was scattered once, found by a look for it or by chance, is direct; also where the surface is seen
    // through glass. Of the rest a few paths bring so much that hundreds of samples do not even it out.
    from: /(?=gl_FragColor\.a \*= opacity;)/,
    to: `
      float indirectLuminance = luminance( indirect );
      if ( indirectClamp > 0.0 && indirectLuminance > indirectClamp ) indirect *= indirectClamp / indirectLuminance;
      gl_FragColor.rgb += indirect;
      `,
  },
  {
    from: /(?<=SurfaceHit surfaceHit;\s+ScatterRecord scatterRec;)/,
    to: 'float lastPdf = 0.0; vec3 lastVertex = vec3( 0.0 ); int scatterings = 0; vec3 indirect = vec3( 0.0 ); float seenThroughGround = 1.0;',
  },
  {
    from: /(?=ray\.direction = scatterRec\.direction;)/,
    to: `
      lastPdf = scatterRec.pdf;
      lastVertex = hitPoint;
      if ( ! state.transmissiveRay ) scatterings ++;
      `,
  },
  {
    // The diffuse part of glTF's surface, as three's raster has it: Lambert's, less what the layer above reflects
    // (glTF 2.0, appendix B, `fresnel_mix`; KHR_materials_specular). The library's loses a tenth to a third of the light.
    from: /float F = disneyFresnel\( wo, wi, wh, [^;]+;\s+color = [^;]+\( retro \+ lambert \)[^;]+;/,
    to: `
      vec3 F0 = min( surf.f0 * surf.specularColor, vec3( 1.0 ) ) * surf.specularIntensity;
      vec3 F = schlickFresnel( saturate( dot( wo, getHalfVector( wi, wo ) ) ), F0, vec3( surf.specularIntensity ) );
      color = ( 1.0 - F ) * metalFactor * wi.z * surf.color / PI;`,
  },
  {
    // Seen head on, a cosine comes out just above 1: no number, and no light.
    from: /\bacos\( /g,
    to: 'acosOfCosine( ',
  },
  { from: /pow\( 1\.0 - cosine, 5\.0 \)/g, to: 'pow( max( 1.0 - cosine, 0.0 ), 5.0 )' },
  {
    from: /#include <common>/,
    to: '#include <common>\nfloat acosOfCosine( float cosine ) { return acos( clamp( cosine, - 1.0, 1.0 ) ); }',
  },
  {
    // One program for both kinds of cameras: to compile one takes as long as dozens of samples.
    from: /#if CAMERA_TYPE == 1([\s\S]+?)#else([\s\S]+?)#endif/,
    to: 'if ( orthographicRays ) {$1} else {$2}',
  },
  {
    // Without a program of its own; with the lens where the camera is, not at the near plane, and a plane in focus, not
    // a sphere.
    from: /#if FEATURE_DOF\s+\{[\s\S]+?\}\s+#endif/,
    to: `
      if ( lensRadius > 0.0 ) {
        vec3 eye = cameraWorldMatrix[ 3 ].xyz;
        vec3 axis = - normalize( cameraWorldMatrix[ 2 ].xyz );
        float near = dot( ray.origin - eye, axis );
        vec3 focused = eye + ray.direction * ( focusDistance / dot( ray.direction, axis ) );
        vec2 onLens = sampleCircle( rand2( 1 ) ) * lensRadius;
        vec3 through = eye + ( cameraWorldMatrix * vec4( onLens, 0.0, 0.0 ) ).xyz;
        ray.direction = normalize( focused - through );
        ray.origin = through + ray.direction * ( near / dot( ray.direction, axis ) );
      }`,
  },
  { from: /rng_initialize\( gl_FragCoord\.xy, seed \);/, to: 'rng_initialize( gl_FragCoord.xy + pixelOffset, seed );' },
  {
    from: /sobolPixelIndex = \( uint\( gl_FragCoord\.x \) << 16 \) \| uint\( gl_FragCoord\.y \);/,
    to: 'sobolPixelIndex = ( uint( gl_FragCoord.x + pixelOffset.x ) << 16 ) | uint( gl_FragCoord.y + pixelOffset.y );',
  },
  {
    from: /(?=Ray getCameraRay\(\))/,
    to: 'uniform vec2 pixelOffset;\nuniform bool orthographicRays;\nuniform float lensRadius;\nuniform float focusDistance;\nuniform float indirectClamp;\n',
  },
];

export function createTracer(): Tracer {
  const material = new PhysicalPathTracingMaterial();
  for (const { from, to } of CHANGES) {
    const before = material.fragmentShader;
    material.fragmentShader = before.replace(from, to);
    if (material.fragmentShader === before) throw new Error(`the path tracer's shader has changed: no ${from}`);
  }
  const rayScale = { value: 1 };
  const isOrthographic = { value: false };
  const pixelOffset = { value: new Vector2() };
  const lensRadius = { value: 0 };
  const focusDistance = { value: 1 };
  const indirectClamp = { value: 0 };
  const emitters = { table: { value: new DataTexture() }, count: { value: 0 }, weight: { value: 1 } };
  const skyHeights = new DataTexture(new Float32Array(HEIGHTS), HEIGHTS, 1, RedFormat, FloatType);
  const ground = { height: { value: 0 }, skyLight: { value: 0 }, skyHeights: { value: skyHeights } };
  Object.assign(material.uniforms, {
    rayScale,
    orthographicRays: isOrthographic,
    pixelOffset,
    lensRadius,
    focusDistance,
    indirectClamp,
    emitters: emitters.table,
    emitterCount: emitters.count,
    emitterWeight: emitters.weight,
    groundHeight: ground.height,
    skyLight: ground.skyLight,
    skyHeights: ground.skyHeights,
  });
  // Every program that the library may switch to costs seconds: these stay as they are. The importer makes no fog.
  Object.assign(material.defines, {
    RANDOM_TYPE: SOBOL,
    FEATURE_BACKGROUND_MAP: 1,
    FEATURE_FOG: 0,
    FEATURE_DOF: 0,
    CATCHES_SHADOW: 0,
  });
  material.onBeforeRender = () => {};
  return {
    material,
    rayScale,
    isOrthographic,
    pixelOffset,
    lensRadius,
    focusDistance,
    indirectClamp,
    emitters,
    ground,
  };
}

/** A program of its own: nobody else waits for it to be compiled. Both are kept. */
export function catchShadow({ material }: Tracer, isCaught: boolean): void {
  const define = isCaught ? 1 : 0;
  if (material.defines.CATCHES_SHADOW === define) return;
  material.defines.CATCHES_SHADOW = define;
  material.needsUpdate = true;
}

/** Textures of the scene that is traced, but for its own. */
export const tablesOf = ({ material, emitters }: Tracer): DataTexture[] => {
  const { index, position, bvhBounds, bvhContents } = material.bvh;
  const tables = [index, position, bvhBounds, bvhContents, material.attributesArray, material.materialIndexAttribute];
  return [...tables, emitters.table.value];
};
