/**
 * The parts of glTF 2.0 that are looked at here or by three's loader, as a schema: its static type and its validator.
 * It is lenient where a wrong value does no harm (the validator reports that) and strict where three would break.
 */
import Type, { type Static } from 'typebox';

const Index = Type.Integer({ minimum: 0 });
const Offset = Type.Optional(Type.Integer({ minimum: 0 }));
const Extensions = Type.Optional(Type.Record(Type.String(), Type.Unknown()));
const Name = Type.Optional(Type.String());
const Numbers = (count: number) => Type.Array(Type.Number(), { minItems: count, maxItems: count });
const Attributes = Type.Record(Type.String(), Index);

export const COMPONENT_BYTES = { 5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4 } as const;
export const ELEMENT_COMPONENTS = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4, MAT2: 4, MAT3: 9, MAT4: 16 } as const;

const Asset = Type.Object({ version: Type.String(), minVersion: Type.Optional(Type.String()), generator: Name });

const Node = Type.Object({
  name: Name,
  children: Type.Optional(Type.Array(Index)),
  mesh: Type.Optional(Index),
  skin: Type.Optional(Index),
  camera: Type.Optional(Index),
  matrix: Type.Optional(Numbers(16)),
  translation: Type.Optional(Numbers(3)),
  rotation: Type.Optional(Numbers(4)),
  scale: Type.Optional(Numbers(3)),
  weights: Type.Optional(Type.Array(Type.Number())),
  extensions: Extensions,
});

const Primitive = Type.Object({
  attributes: Attributes,
  indices: Type.Optional(Index),
  material: Type.Optional(Index),
  mode: Type.Optional(Type.Integer({ minimum: 0, maximum: 6 })),
  targets: Type.Optional(Type.Array(Attributes)),
  extensions: Extensions,
});
export type Primitive = Static<typeof Primitive>;

const Mesh = Type.Object({
  name: Name,
  primitives: Type.Array(Primitive, { minItems: 1 }),
  weights: Type.Optional(Type.Array(Type.Number())),
});

const Accessor = Type.Object({
  bufferView: Type.Optional(Index),
  byteOffset: Offset,
  componentType: Type.Enum([5120, 5121, 5122, 5123, 5125, 5126]),
  count: Type.Integer({ minimum: 1 }),
  type: Type.Enum(['SCALAR', 'VEC2', 'VEC3', 'VEC4', 'MAT2', 'MAT3', 'MAT4']),
  sparse: Type.Optional(
    Type.Object({
      count: Type.Integer({ minimum: 1 }),
      indices: Type.Object({ bufferView: Index, byteOffset: Offset, componentType: Type.Enum([5121, 5123, 5125]) }),
      values: Type.Object({ bufferView: Index, byteOffset: Offset }),
    }),
  ),
});
export type Accessor = Static<typeof Accessor>;

const BufferView = Type.Object({
  buffer: Index,
  byteOffset: Offset,
  byteLength: Type.Integer({ minimum: 1 }),
  byteStride: Type.Optional(Type.Integer({ minimum: 4, maximum: 252 })),
  extensions: Extensions,
});

const Image = Type.Object({
  name: Name,
  uri: Type.Optional(Type.String()),
  bufferView: Type.Optional(Index),
  mimeType: Name,
});

const Animation = Type.Object({
  name: Name,
  channels: Type.Array(
    Type.Object({
      sampler: Index,
      target: Type.Object({ node: Type.Optional(Index), path: Type.String(), extensions: Extensions }),
    }),
  ),
  samplers: Type.Array(Type.Object({ input: Index, output: Index, interpolation: Name })),
});

const Camera = Type.Object({
  name: Name,
  type: Type.Enum(['perspective', 'orthographic']),
  perspective: Type.Optional(
    Type.Object({
      yfov: Type.Number({ exclusiveMinimum: 0 }),
      znear: Type.Number({ exclusiveMinimum: 0 }),
      zfar: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
    }),
  ),
  orthographic: Type.Optional(
    Type.Object({ xmag: Type.Number(), ymag: Type.Number(), znear: Type.Number(), zfar: Type.Number() }),
  ),
});
export type Camera = Static<typeof Camera>;

export const Gltf = Type.Object({
  asset: Asset,
  scene: Type.Optional(Index),
  scenes: Type.Optional(
    Type.Array(Type.Object({ name: Name, nodes: Type.Optional(Type.Array(Index)), extensions: Extensions })),
  ),
  nodes: Type.Optional(Type.Array(Node)),
  meshes: Type.Optional(Type.Array(Mesh)),
  accessors: Type.Optional(Type.Array(Accessor)),
  bufferViews: Type.Optional(Type.Array(BufferView)),
  buffers: Type.Optional(
    Type.Array(Type.Object({ byteLength: Type.Integer({ minimum: 1 }), uri: Name, extensions: Extensions })),
  ),
  materials: Type.Optional(Type.Array(Type.Object({ name: Name, extensions: Extensions }))),
  textures: Type.Optional(
    Type.Array(
      Type.Object({ name: Name, source: Type.Optional(Index), sampler: Type.Optional(Index), extensions: Extensions }),
    ),
  ),
  images: Type.Optional(Type.Array(Image)),
  samplers: Type.Optional(Type.Array(Type.Object({}))),
  skins: Type.Optional(
    Type.Array(
      Type.Object({
        joints: Type.Array(Index, { minItems: 1 }),
        inverseBindMatrices: Type.Optional(Index),
        skeleton: Type.Optional(Index),
      }),
    ),
  ),
  animations: Type.Optional(Type.Array(Animation)),
  cameras: Type.Optional(Type.Array(Camera)),
  extensionsUsed: Type.Optional(Type.Array(Type.String())),
  extensionsRequired: Type.Optional(Type.Array(Type.String())),
  extensions: Extensions,
});
export type Gltf = Static<typeof Gltf>;

/** Member `key` of something that may be an object. */
export function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
}

type ChannelTarget = Static<typeof Animation>['channels'][number]['target'];

/** The JSON Pointer that a channel moves, of those that have one (KHR_animation_pointer). */
export function pointerOf({ path, extensions }: ChannelTarget): string | null {
  const pointer = member(extensions?.KHR_animation_pointer, 'pointer');
  return path === 'pointer' && typeof pointer === 'string' ? pointer : null;
}
