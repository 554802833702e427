/** The parts of three-gpu-pathtracer's tracer on WebGPU that are used, private ones among them. */

declare module 'three-gpu-pathtracer/src/webgpu/compute/PathTracerMegaKernel.js' {
  import type { Texture, Vector2 } from 'three';
  import type { ComputeNode } from 'three/webgpu';

  export class PathTracerMegaKernel {
    readonly kernel: ComputeNode;
    readonly _fn: { readonly functionNode: { tokens: readonly string[]; args: readonly unknown[] } };
    bvhData: unknown;
    material: unknown;
    envInfo: unknown;
    backgroundInfo: unknown;
    lightsInfo: unknown;
    outputTarget: Texture;
    /** Of the tile that is drawn, pixels, from the lower left corner. */
    readonly offset: Vector2;
    readonly tileSize: Vector2;
    /** Index of the sample. */
    seed: number;
    maxBounces: number;
    maxTransparentBounces: number;
    /** One divided by the factor. */
    filterGlossy: number;
    /** A third of the sum of red, green and blue, at most; 0 is no bound. */
    clampIndirect: number;
    transmissiveBackground: number;
    setWorkgroupSize(x: number, y: number, z: number): this;
    getDispatchSize(widthPx: number, heightPx: number): number[];
  }
}

declare module 'three-gpu-pathtracer/src/webgpu/nodes/PathtracerBVHComputeData.js' {
  import type { Material, Object3D, Texture } from 'three';
  import type { StorageBufferAttribute } from 'three/webgpu';
  import type { AtlasTexture } from 'three-gpu-pathtracer/src/webgpu/AtlasTexture.js';

  type BufferName = 'nodes' | 'index' | 'attributes' | 'transforms' | 'materials';

  export class PathtracerBVHComputeData {
    constructor(root: Object3D);
    readonly storage: Readonly<Record<BufferName, { readonly proxyNode: { value: StorageBufferAttribute } }>>;
    readonly fns: {
      getCameraRay: unknown;
      readonly sampleTrianglePoint: unknown;
      readonly getUvFromChannel: unknown;
    };
    readonly structs: { readonly material: unknown; readonly attributes: unknown };
    readonly materials: Material[];
    /** Their numbers in the buffers. */
    readonly materialsMap: Map<Material, number>;
    updateMaterialsMap(): void;
    textureAtlas: AtlasTexture;
    /** Of the materials, in the order of their numbers in the buffers. */
    readonly textures: readonly Texture[];
    update(): void;
    useTransparencyRaycastFn(): void;
    dispose(): void;
  }
}

declare module 'three-gpu-pathtracer/src/webgpu/AtlasTexture.js' {
  import type { RenderTarget, Texture, TextureDataType, Vector4 } from 'three';
  import type { WebGPURenderer } from 'three/webgpu';

  export interface Placement {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
    readonly page: number;
  }

  export class AtlasTexture {
    constructor(options?: { readonly type?: TextureDataType });
    readonly renderTarget: RenderTarget;
    readonly textureInfo: Vector4[];
    setTextures(renderer: WebGPURenderer, textures: readonly Pick<Texture, 'source'>[]): void;
    _buildTextureInfo(placements: readonly Placement[]): void;
    _renderTextures(
      renderer: WebGPURenderer,
      textures: readonly Pick<Texture, 'source'>[],
      placements: readonly Placement[],
    ): void;
    dispose(): void;
  }
}

declare module 'three-gpu-pathtracer/src/webgpu/materials/GltfCompliantMaterial.js' {
  import type { WebGPURenderer } from 'three/webgpu';

  export class GltfCompliantMaterial {
    /** Once it has data. */
    readonly _bsdfEvalFunc: { tokens: readonly string[]; args: readonly unknown[] };
    init(renderer: WebGPURenderer): void;
    getData(): unknown;
  }
}

declare module 'three-gpu-pathtracer/src/webgpu/EquirectHdrInfoNode.js' {
  import type { Matrix3, Texture } from 'three';

  export class EquirectHdrInfoNode {
    readonly rotationNode: { readonly value: Matrix3 };
    readonly intensityNode: { value: number };
    updateFrom(panorama: Texture): void;
  }
}

declare module 'three-gpu-pathtracer/src/webgpu/EquirectBackgroundInfo.js' {
  import type { Matrix4, Texture } from 'three';

  export class EquirectBackgroundInfo {
    map: Texture;
    blur: number;
    intensity: number;
    readonly rotationNode: { readonly value: Matrix4 };
  }
}

declare module 'three-gpu-pathtracer/src/webgpu/LightsInfoNode.js' {
  import type { Light } from 'three';
  import type { WebGPURenderer } from 'three/webgpu';

  export class LightsInfoNode {
    updateFrom(renderer: WebGPURenderer, lights: readonly Light[]): void;
  }
}

declare module 'three-gpu-pathtracer/src/webgpu/nodes/random.wgsl.js' {
  export const rand2: unknown;
  export const RNG_INDEX_APERTURE_SAMPLE: number;
}

declare module 'three-gpu-pathtracer/src/webgpu/constants.js' {
  export const TRANSMISSIVE_BACKGROUND_TRANSPARENT: number;
}

declare module 'three-gpu-pathtracer/src/webgpu/nodes/material.wgsl.js' {
  export const FILTER_GLOSSY_DISABLED: number;
}

declare module 'three-mesh-bvh/webgpu' {
  export function wgslTagFn(text: TemplateStringsArray, ...parts: readonly unknown[]): unknown;
  export const rayStruct: unknown;
  export const ndcToCameraRay: unknown;
}

declare module 'three-gpu-pathtracer/src/webgpu/nodes/lights.wgsl.js' {
  export const ENVIRONMENT_LIGHT_TYPE: number;
}

declare module 'three-gpu-pathtracer/src/webgpu/nodes/sampling.wgsl.js' {
  export const luminanceFn: unknown;
  export const misHeuristicFn: unknown;
}

declare module 'three-gpu-pathtracer/src/webgpu/nodes/structs.wgsl.js' {
  export const lightRecordStruct: unknown;
  export const materialStruct: unknown;
}

declare module 'three-gpu-pathtracer/src/webgpu/nodes/utils.wgsl.js' {
  export function sampleTexelFunc(table: unknown, atlas: unknown, name: string): unknown;
}
