/** What passes between the page and the trace worker of a scene. */
import type { AnyPixelFormat, TextureDataType, TypedArray } from 'three';

/** An attribute of a geometry, or its index. */
export interface SentAttribute {
  /** Of the array that was sent. */
  readonly array: number;
  readonly itemSize: number;
  readonly normalized: boolean;
  /** Null when its items follow one another. In items of the array. */
  readonly interleaved: { readonly stride: number; readonly offset: number } | null;
}

export interface SentGeometry {
  readonly attributes: Readonly<Record<string, SentAttribute>>;
  readonly index: SentAttribute | null;
  readonly morphs: Readonly<Record<string, readonly SentAttribute[]>>;
  readonly morphTargetsRelative: boolean;
}

/** Elements of a matrix as three has them: sixteen, column by column. */
type Elements = readonly number[];

/** A mesh as the scene is posed now. */
export interface PosedMesh {
  readonly geometry: number;
  readonly materialIndex: number;
  /** Name of the attribute that its textures are looked up with. */
  readonly uv: string;
  /** Whether it is to have tangents that the file does not give. */
  readonly needsTangents: boolean;
  readonly place: Elements;
  /** Weights of its morph targets. */
  readonly influences: readonly number[];
  readonly instances: { readonly array: number; readonly count: number } | null;
  readonly skin: {
    readonly bindMatrix: Elements;
    readonly bindMatrixInverse: Elements;
    readonly bones: readonly Elements[];
    readonly inverses: readonly Elements[];
  } | null;
}

/** Arrays and geometries stay with the worker; both are named by number. */
export type TraceRequest =
  | { readonly kind: 'array'; readonly id: number; readonly array: TypedArray }
  | { readonly kind: 'geometry'; readonly id: number; readonly geometry: SentGeometry }
  | {
      readonly kind: 'bake';
      readonly meshes: readonly PosedMesh[];
      /** Light that each material gives off by itself. */
      readonly luminances: readonly number[];
    };

/** A texture's image, and how it is to be read. */
export interface Table {
  readonly data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
  /** Null of a texture that is no array of layers. */
  readonly depth: number | null;
  readonly format: AnyPixelFormat;
  readonly type: TextureDataType;
  readonly internalFormat: string | null;
}

/** All that rays are traced against, in one pose. */
export interface TraceTables {
  readonly index: Table;
  readonly position: Table;
  readonly bvhBounds: Table;
  readonly bvhContents: Table;
  readonly attributes: Table;
  readonly materialIndex: Table;
  readonly emitters: Table;
  readonly emitterCount: number;
  /** Sum of area in square metres × luminance. */
  readonly emitterWeight: number;
}

/** To each `bake`, in their order. */
export type TraceReply = { readonly tables: TraceTables } | { readonly error: string; readonly stack: string };
