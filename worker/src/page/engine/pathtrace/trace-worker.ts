/** Web worker: bakes a scene and builds the tree of its triangles, beside the page's own thread, which goes on drawing. */
import { BufferAttribute, type DataArrayTexture, type DataTexture } from 'three';
import { AttributesTextureArray } from 'three-gpu-pathtracer/src/uniforms/AttributesTextureArray.js';
import { MeshBVH, MeshBVHUniformStruct, SAH, UIntVertexAttributeTexture } from 'three-mesh-bvh';
import { bakeGeometry } from './baked-geometry.ts';
import { emittersOf } from './emitters.ts';
import { makeOddSized } from './odd-size.ts';
import { ReceivedMeshes } from './received-meshes.ts';
import type { PosedMesh, Table, TraceReply, TraceRequest, TraceTables } from './trace-messages.ts';

declare module 'three-mesh-bvh' {
  // What its own types leave out.
  interface MeshBVHUniformStruct {
    readonly index: DataTexture;
    readonly position: DataTexture;
    readonly bvhBounds: DataTexture;
    readonly bvhContents: DataTexture;
  }
}

const received = new ReceivedMeshes();

addEventListener('message', ({ ports: [port] }: MessageEvent) => {
  if (!port) return;
  port.onmessage = ({ data }: MessageEvent<TraceRequest>) => {
    if (data.kind === 'array') received.addArray(data.id, data.array);
    else if (data.kind === 'geometry') received.addGeometry(data.id, data.geometry);
    else answer(port, data.meshes, data.luminances);
  };
});

function answer(port: MessagePort, meshes: readonly PosedMesh[], luminances: readonly number[]): void {
  try {
    const tables = tablesOf(meshes, luminances);
    const buffers = Object.values(tables).flatMap((value) => (typeof value === 'number' ? [] : [value.data.buffer]));
    port.postMessage({ tables } satisfies TraceReply, buffers);
  } catch (error) {
    const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
    port.postMessage({ error: message, stack } satisfies TraceReply);
  }
}

function tablesOf(meshes: readonly PosedMesh[], luminances: readonly number[]): TraceTables {
  const geometry = bakeGeometry(meshes.flatMap((posed) => received.place(posed)));
  const { normal, tangent, uv, color, materialIndex } = geometry.attributes;
  const tree = new MeshBVHUniformStruct();
  // Leaves of one triangle, as the tracer's shader reads them; built anew for each pose, so that a frame does not
  // depend on those before it.
  tree.updateFrom(new MeshBVH(geometry, { strategy: SAH, targetLeafSize: 1, indirect: true }));
  const attributes = new AttributesTextureArray();
  attributes.updateFrom(normal, tangent, uv, color);
  const materialIndices = new UIntVertexAttributeTexture();
  if (materialIndex instanceof BufferAttribute) materialIndices.updateFrom(materialIndex);
  const emitters = emittersOf(geometry, luminances);
  return {
    index: tableOf(tree.index),
    position: tableOf(tree.position),
    bvhBounds: tableOf(tree.bvhBounds),
    bvhContents: tableOf(tree.bvhContents),
    attributes: tableOf(attributes),
    materialIndex: tableOf(materialIndices),
    emitters: tableOf(emitters.table),
    emitterCount: emitters.count,
    emitterWeight: emitters.weight,
  };
}

function tableOf(texture: DataTexture | DataArrayTexture): Table {
  makeOddSized(texture);
  const { format, type, internalFormat } = texture;
  const image: { width: number; height: number; depth?: number; data: unknown } = texture.image;
  const { width, height, depth = null, data } = image;
  return { data: exactly(data), width, height, depth, format, type, internalFormat };
}

/** Not a view of something larger. */
function exactly(data: unknown): Table['data'] {
  if (data instanceof Float32Array) return new Float32Array(bufferOf(data));
  if (data instanceof Uint32Array) return new Uint32Array(bufferOf(data));
  if (data instanceof Uint16Array) return new Uint16Array(bufferOf(data));
  throw new Error('a table of the path tracer is of another type');
}

function bufferOf({ buffer, byteOffset, byteLength }: Float32Array | Uint32Array | Uint16Array): ArrayBuffer {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) return buffer;
  const copy = new ArrayBuffer(byteLength);
  new Uint8Array(copy).set(new Uint8Array(buffer, byteOffset, byteLength));
  return copy;
}
