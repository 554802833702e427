import { FloatType, type Light, Matrix4, NearestFilter, RGBAFormat, Vector2 } from 'three';
import { uniform } from 'three/tsl';
import { StorageTexture } from 'three/webgpu';
import { PathTracerMegaKernel } from 'three-gpu-pathtracer/src/webgpu/compute/PathTracerMegaKernel.js';
import { TRANSMISSIVE_BACKGROUND_TRANSPARENT } from 'three-gpu-pathtracer/src/webgpu/constants.js';
import { EquirectBackgroundInfo } from 'three-gpu-pathtracer/src/webgpu/EquirectBackgroundInfo.js';
import { EquirectHdrInfoNode } from 'three-gpu-pathtracer/src/webgpu/EquirectHdrInfoNode.js';
import { LightsInfoNode } from 'three-gpu-pathtracer/src/webgpu/LightsInfoNode.js';
import { GltfCompliantMaterial } from 'three-gpu-pathtracer/src/webgpu/materials/GltfCompliantMaterial.js';
import { ENVIRONMENT_LIGHT_TYPE } from 'three-gpu-pathtracer/src/webgpu/nodes/lights.wgsl.js';
import { FILTER_GLOSSY_DISABLED } from 'three-gpu-pathtracer/src/webgpu/nodes/material.wgsl.js';
import { RNG_INDEX_APERTURE_SAMPLE, rand2 } from 'three-gpu-pathtracer/src/webgpu/nodes/random.wgsl.js';
import { misHeuristicFn } from 'three-gpu-pathtracer/src/webgpu/nodes/sampling.wgsl.js';
import { ndcToCameraRay, rayStruct, wgslTagFn } from 'three-mesh-bvh/webgpu';
import type { Emitters } from '../pathtrace/emitters.ts';
import { EmitterLight } from './emitter-light.ts';
import type { PackedScene } from './packed-scene.ts';
import { surfaceTexels } from './surface-texels.ts';
import type { WebGpuDevice } from './webgpu-device.ts';
import { changeWgsl, type WgslChange } from './wgsl-changes.ts';

/** Surfaces that a path may pass through without being counted: glass in glass, leaves behind leaves. */
const TRANSPARENT_SURFACES = 12;
/** Pixels of a work group. */
const GROUP_PX = 8;

/** Places of the library's kernel that are changed; each must be there. */
const KERNEL_CHANGES: readonly WgslChange[] = [
  // A variable in a loop is to be empty each time around. Chromium's compiler for SwiftShader leaves it as it was: nothing
  // was hit that lies further away than what the ray before hit, and light scattered twice came out too dark.
  { from: /(?=let didHit = )/, to: 'hitResult.didHit = false; ' },
  { from: /(?=let occluded = )/, to: 'shadowHit.didHit = false; ' },
  // Each pixel of a frame that is larger than its target has random numbers of its own.
  { from: /\( indexUV\.xy, seed, 0 \)/, to: '( indexUV.xy + vec2u( @pixelOffset ), seed, 0 )' },
  // The filter of the other tracer: pixels overlap as a tent does, around their middles.
  {
    from: /let jitteredUv = uv \+ (⟨\d+⟩\( ⟨\d+⟩ \)) \/ vec2f\( targetDimensions \);/,
    to: `
      let jitter = $1;
      let tent = select( 1.0 - sqrt( 2.0 - 2.0 * jitter ), sqrt( 2.0 * jitter ) - 1.0, jitter < vec2f( 0.5 ) );
      let jitteredUv = uv + ( 0.5 + tent ) / vec2f( targetDimensions );`,
  },
  {
    from: /var transparentBounce = 0u;/,
    to: 'var transparentBounce = 0u; var passed = 0u; var lastVertex = vec3f( 0.0 );',
  },
  // Surfaces that are passed through, and what happens within them, are not counted.
  { from: /bounce < maxBounces;/, to: 'bounce < maxBounces + passed;' },
  { from: /, bounce, clampDirect/g, to: ', bounce - passed, clampDirect' },
  { from: /, bounce \+ 1u, clampDirect/, to: ', bounce + 1u - passed, clampDirect' },
  {
    from: /(?=throughputColor \*= scatterRec\.color;)/,
    to: `
      let isWithin = hitResult.side < 0.0 && surface.transmission > 0.0;
      if ( ( scatterRec.isTransmissive || isWithin ) && passed < maxTransparentBounces ) { passed ++; }
      `,
  },
  // Direct light at the last vertex would be a further bounce, of which the half that hits a light by chance is missing.
  {
    from: /if \( misEnabled != 0u && lightsDenom > 0\.0 \) \{/,
    to: 'if ( misEnabled != 0u && lightsDenom > 0.0 && bounce + 1u < maxBounces + passed ) {',
  },
  // Surfaces that glow are one more light; what meets one by chance counts by the weight of that way.
  {
    from: /(?=for \( var bounce = 0u;)/,
    to: 'let emitterCount = @emitterCount; if ( emitterCount > 0u ) { lightsDenom += 1.0; } ',
  },
  {
    from: /if \( envActive && lightIndex == lightsCount \) \{/,
    to: `if ( emitterCount > 0u && lightIndex == u32( lightsDenom ) - 1u ) {
        lightRec = @sampleEmitter( vertexData.position.xyz, vec3f( fract( ruv.x * lightsDenom ), ruv.yz ) );
        lightRec.lightType = @environmentType;
      } else if ( envActive && lightIndex == lightsCount ) {`,
  },
  {
    from: /(?=let emission = )/,
    to: `
      var emissionWeight = 1.0;
      if ( bounce > 0u && emitterCount > 0u && any( surface.emission > vec3f( 0.0 ) ) ) {
        let cosine = abs( dot( ray.direction, hitResult.normal ) );
        let glowPdf = @emitterPdf( materialInfo, distance( lastVertex, vertexData.position.xyz ), cosine ) / lightsDenom;
        emissionWeight = @misHeuristic( bsdfPdf, glowPdf );
      }
      `,
  },
  { from: /throughputColor \* surface\.emission/, to: 'throughputColor * surface.emission * emissionWeight' },
  { from: /(?=ray\.direction = scatterRec\.direction;)/, to: 'lastVertex = vertexData.position.xyz; ' },
  // It keeps no sums: each sample is handed over by itself.
  { from: /let sampleCount = [\s\S]+?(?=let uv = )/, to: '' },
  {
    from: /let nextSampleCount = [\s\S]+?(let colorIndex = [^;]+;)[\s\S]+textureStore\( (⟨\d+⟩), colorIndex, blendedColor \);/,
    to: '$1 textureStore( $2, colorIndex, resultColor );',
  },
];

/** The same of its surfaces. */
const SURFACE_CHANGES: readonly WgslChange[] = [
  // What a surface does not reflect for want of strength (KHR_materials_specular) is left to what lies below.
  {
    from: /\) \* dielectricBoost;(?=\s+result \+= attenuation \* mix)/,
    to: ') * dielectricBoost * surf.specularIntensity;',
  },
];

/** A part of the picture, pixels from the lower left corner. */
interface Tile {
  readonly x: number;
  readonly y: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

/**
 * three-gpu-pathtracer's kernel, mended. Its random numbers are Owen-scrambled Sobol points whose index is the sample's, as
 * those of the tracer on WebGL. It is compiled for the first tile that is drawn, and never again.
 */
export class TracerKernel {
  readonly environment = new EquirectHdrInfoNode();
  readonly background = new EquirectBackgroundInfo();
  /** From clip space, z from 0 to 1, into the world. */
  readonly unproject = uniform(new Matrix4());
  readonly cameraWorld = uniform(new Matrix4());
  /** Metres; 0 is a pinhole. */
  readonly lensRadius = uniform(0);
  /** Metres along the camera's axis. */
  readonly focusDistance = uniform(1);
  /** Where the lowest left pixel of the target is in the frame. */
  readonly pixelOffset = uniform(new Vector2());
  readonly #gpu: WebGpuDevice;
  readonly #lights = new LightsInfoNode();
  readonly #emitters: EmitterLight;
  readonly #kernel = new PathTracerMegaKernel();

  /** @param scene whose buffers it reads, whatever is put into them. */
  constructor(gpu: WebGpuDevice, scene: PackedScene) {
    this.#gpu = gpu;
    const surfaces = new GltfCompliantMaterial();
    surfaces.init(gpu.renderer);
    const kernel = this.#kernel;
    kernel.material = surfaces.getData();
    changeWgsl(surfaces._bsdfEvalFunc, SURFACE_CHANGES);
    scene.fns.getCameraRay = this.#cameraRay();
    this.#emitters = new EmitterLight(scene, surfaceTexels(scene));
    changeWgsl(kernel._fn.functionNode, KERNEL_CHANGES, {
      ...this.#emitters.nodes,
      pixelOffset: this.pixelOffset,
      environmentType: ENVIRONMENT_LIGHT_TYPE,
      misHeuristic: misHeuristicFn,
    });
    kernel.setWorkgroupSize(GROUP_PX, GROUP_PX, 1);
    kernel.bvhData = scene;
    kernel.envInfo = this.environment;
    kernel.backgroundInfo = this.background;
    kernel.lightsInfo = this.#lights;
    kernel.maxTransparentBounces = TRANSPARENT_SURFACES;
    kernel.transmissiveBackground = TRANSMISSIVE_BACKGROUND_TRANSPARENT;
    this.background.blur = 0;
  }

  setLights(lights: readonly Light[], emitters: Emitters): void {
    this.#emitters.set(emitters);
    this.#lights.updateFrom(this.#gpu.renderer, lights);
  }

  /**
   * @param options.bounces how often light is scattered, at most.
   * @param options.filterGlossy 0 to 1.
   * @param options.clampIndirect of light that was scattered twice or more, the mean of red, green and blue; 0 is no bound.
   */
  set(options: { bounces: number; filterGlossy: number; clampIndirect: number }): void {
    // The last vertex of a path only looks for light.
    this.#kernel.maxBounces = options.bounces + 1;
    this.#kernel.filterGlossy = options.filterGlossy === 0 ? FILTER_GLOSSY_DISABLED : 1 / options.filterGlossy;
    this.#kernel.clampIndirect = options.clampIndirect;
  }

  /** Draws a tile of sample `index` into a texture of the whole picture, the upper row first. */
  draw(index: number, target: StorageTexture, { x, y, widthPx, heightPx }: Tile): void {
    const kernel = this.#kernel;
    kernel.outputTarget = target;
    kernel.seed = index;
    kernel.offset.set(x, y);
    kernel.tileSize.set(widthPx, heightPx);
    this.#gpu.renderer.compute(kernel.kernel, kernel.getDispatchSize(widthPx, heightPx));
  }

  /** One for all cameras; a plane is in focus, not a sphere. */
  #cameraRay() {
    const { unproject, cameraWorld, lensRadius, focusDistance } = this;
    return wgslTagFn /* wgsl */`
      fn getCameraRay( uv: vec2f, resolution: vec2f, ray: ptr<function, ${rayStruct}> ) -> bool {
        *ray = ${ndcToCameraRay}( uv * 2.0 - vec2f( 1.0 ), ${unproject} );
        ray.maxDist = 0.0;
        if ( ${lensRadius} > 0.0 ) {
          let eye = ( ${cameraWorld} * vec4f( 0.0, 0.0, 0.0, 1.0 ) ).xyz;
          let axis = normalize( ( ${cameraWorld} * vec4f( 0.0, 0.0, - 1.0, 0.0 ) ).xyz );
          let near = dot( ray.origin - eye, axis );
          let focused = eye + ray.direction * ( ${focusDistance} / dot( ray.direction, axis ) );
          let point = ${rand2}( ${RNG_INDEX_APERTURE_SAMPLE} );
          let angle = 6.283185307179586 * point.y;
          let onLens = sqrt( point.x ) * ${lensRadius} * vec2f( cos( angle ), sin( angle ) );
          let through = eye + ( ${cameraWorld} * vec4f( onLens, 0.0, 0.0 ) ).xyz;
          ray.direction = normalize( focused - through );
          ray.origin = through + ray.direction * ( near / dot( ray.direction, axis ) );
        }
        return true;
      }
    `;
  }
}

/** 32-bit floats that the kernel writes. */
export function sampleTexture(widthPx: number, heightPx: number): StorageTexture {
  const texture = new StorageTexture(widthPx, heightPx);
  texture.format = RGBAFormat;
  texture.type = FloatType;
  texture.minFilter = texture.magFilter = NearestFilter;
  texture.generateMipmaps = false;
  return texture;
}
