/** The parts of three-gpu-pathtracer that its own types leave out. */
declare module 'three-gpu-pathtracer/src/materials/pathtracing/PhysicalPathTracingMaterial.js' {
  import type {
    BufferAttribute,
    DataTexture,
    InterleavedBufferAttribute,
    Light,
    Material,
    Matrix4,
    ShaderMaterial,
    Texture,
    Vector2,
  } from 'three';
  import type { MeshBVH } from 'three-mesh-bvh';

  type VertexAttribute = BufferAttribute | InterleavedBufferAttribute | undefined;

  export interface EnvironmentInfo {
    map: Texture;
    readonly marginalWeights: DataTexture;
    readonly conditionalWeights: DataTexture;
    /** Sum of the luminance of all pixels. */
    totalSum: number;
    updateFrom(panorama: Texture): void;
    dispose(): void;
  }

  export class PhysicalPathTracingMaterial extends ShaderMaterial {
    readonly resolution: Vector2;
    /** Vertices of a path that are shaded; the last of them gives no direct light. */
    bounces: number;
    /** Surfaces that a path passes through without being counted. */
    transmissiveBounces: number;
    filterGlossyFactor: number;
    readonly cameraWorldMatrix: Matrix4;
    readonly invProjectionMatrix: Matrix4;
    readonly bvh: {
      readonly index: DataTexture;
      readonly position: DataTexture;
      readonly bvhBounds: DataTexture;
      readonly bvhContents: DataTexture;
      updateFrom(bvh: MeshBVH): void;
    };
    readonly attributesArray: DataTexture & {
      updateFrom(normal: VertexAttribute, tangent: VertexAttribute, uv: VertexAttribute, color: VertexAttribute): void;
    };
    readonly materialIndexAttribute: DataTexture & { updateFrom(attribute: VertexAttribute): void };
    readonly materials: DataTexture & {
      updateFrom(materials: readonly Material[], textures: readonly Texture[]): void;
    };
    textures: Texture;
    readonly lights: { readonly tex: DataTexture; updateFrom(lights: readonly Light[]): void };
    environmentIntensity: number;
    readonly environmentRotation: Matrix4;
    readonly envMapInfo: EnvironmentInfo;
    backgroundBlur: number;
    backgroundMap: Texture | null;
    backgroundAlpha: number;
    backgroundIntensity: number;
    readonly backgroundRotation: Matrix4;
    seed: number;
    sobolTexture: Texture | null;
  }
}

declare module 'three-gpu-pathtracer/src/utils/SobolNumberMapGenerator.js' {
  import type { WebGLRenderer, WebGLRenderTarget } from 'three';

  export class SobolNumberMapGenerator {
    generate(renderer: WebGLRenderer): WebGLRenderTarget;
  }
}

declare module 'three-gpu-pathtracer/src/uniforms/RenderTarget2DArray.js' {
  import type { Texture, TextureDataType, WebGLArrayRenderTarget, WebGLRenderer } from 'three';

  /** Textures of any size, drawn into the layers of one array. */
  export class RenderTarget2DArray extends WebGLArrayRenderTarget {
    constructor(widthPx: number, heightPx: number, options?: { readonly type?: TextureDataType });
    /** @returns whether any was drawn; what is null stays as it is. */
    setTextures(
      renderer: WebGLRenderer,
      textures: readonly (Texture | null)[],
      widthPx: number,
      heightPx: number,
    ): boolean;
  }
}

declare module 'three-gpu-pathtracer/src/uniforms/AttributesTextureArray.js' {
  import { type BufferAttribute, DataArrayTexture, type InterleavedBufferAttribute } from 'three';

  type VertexAttribute = BufferAttribute | InterleavedBufferAttribute | undefined;

  export class AttributesTextureArray extends DataArrayTexture {
    updateFrom(normal: VertexAttribute, tangent: VertexAttribute, uv: VertexAttribute, color: VertexAttribute): void;
  }
}

declare module 'three-gpu-pathtracer/src/uniforms/EquirectHdrInfoUniform.js' {
  import type { EnvironmentInfo } from 'three-gpu-pathtracer/src/materials/pathtracing/PhysicalPathTracingMaterial.js';

  export const EquirectHdrInfoUniform: new () => EnvironmentInfo;
}
