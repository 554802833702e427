/** The meshes of a scene for its trace worker: what does not move is sent once, poses as often as they are asked for. */
import { KilnError, LIMITS } from '@kiln/shared';
import {
  type BufferAttribute,
  type BufferGeometry,
  InstancedMesh,
  InterleavedBufferAttribute,
  type Material,
  Mesh,
  type Object3D,
  SkinnedMesh,
  type TypedArray,
} from 'three';
import type { Rest } from '../engine.ts';
import type { PosedMesh, SentAttribute, TraceRequest } from './trace-messages.ts';
import { materialOf, uvChannelOf } from './traceable.ts';

type Attribute = BufferAttribute | InterleavedBufferAttribute;

/** Attributes that are baked, or that baking needs. */
const BAKED = /^(position|normal|tangent|uv\d?|color|skinIndex|skinWeight)$/;

/** Bytes that are copied between two rests: a tenth of a second at the slowest. */
const BYTES_AT_ONCE = 8_388_608;

/** Sends a scene's geometry to a worker, and says how it is posed. */
export class PosedMeshes {
  readonly #root: Object3D;
  readonly #send: (request: TraceRequest, transfer: ArrayBuffer[]) => void;
  readonly #ids = new Map<object, number>();
  readonly #sent = new Set<object>();
  #bytes = 0;

  /** @param root of the scene, visible or not. */
  constructor(root: Object3D, send: (request: TraceRequest, transfer: ArrayBuffer[]) => void) {
    this.#root = root;
    this.#send = send;
  }

  /**
   * Every visible mesh in the order of the tree, as it is posed now.
   *
   * @param materialIndices of the materials that the scene uses.
   * @throws KilnError `job.too_large` with more triangles than path tracing takes.
   */
  pose(materialIndices: ReadonlyMap<object, number>): { meshes: readonly Mesh[]; posed: readonly PosedMesh[] } {
    const meshes: Mesh[] = [];
    this.#root.traverseVisible((object) => {
      if (object instanceof Mesh && object.geometry.getAttribute('position')) meshes.push(object);
    });
    checkTriangles(meshes);
    return { meshes, posed: meshes.map((mesh) => this.#posed(mesh, materialIndices.get(materialOf(mesh)) ?? 0)) };
  }

  /** Sends what the worker does not have of them. @param rest lets others draw while arrays are copied. */
  async send(meshes: readonly Mesh[], rest: Rest): Promise<void> {
    for (const mesh of meshes) {
      await this.#sendGeometry(mesh.geometry, rest);
      if (mesh instanceof InstancedMesh) await this.#sendArray(mesh.instanceMatrix.array, rest);
    }
  }

  #posed(mesh: Mesh, materialIndex: number): PosedMesh {
    const material = materialOf(mesh);
    const channel = uvChannelOf(material);
    const instances =
      mesh instanceof InstancedMesh ? { array: this.#idOf(mesh.instanceMatrix.array), count: mesh.count } : null;
    return {
      geometry: this.#idOf(mesh.geometry),
      materialIndex,
      uv: channel === 0 ? 'uv' : `uv${channel}`,
      needsTangents: hasNormalMap(material),
      place: mesh.matrixWorld.elements.slice(),
      influences: mesh.morphTargetInfluences?.slice() ?? [],
      instances,
      skin: mesh instanceof SkinnedMesh ? skinOf(mesh) : null,
    };
  }

  /** Numbers count up from 0. */
  #idOf(thing: object): number {
    const id = this.#ids.get(thing) ?? this.#ids.size;
    this.#ids.set(thing, id);
    return id;
  }

  async #sendGeometry(geometry: BufferGeometry, rest: Rest): Promise<void> {
    if (this.#sent.has(geometry)) return;
    const { index, morphAttributes, morphTargetsRelative } = geometry;
    const attributes = Object.entries(geometry.attributes).filter(([name]) => BAKED.test(name));
    const morphs = Object.entries(morphAttributes).map(([name, targets]) => [name, targets ?? []] as const);
    for (const attribute of [...attributes.map(([, each]) => each), ...morphs.flatMap(([, targets]) => targets)]) {
      await this.#sendArray(arrayOf(attribute), rest);
    }
    if (index) await this.#sendArray(index.array, rest);
    const message = {
      attributes: Object.fromEntries(attributes.map(([name, each]) => [name, this.#described(each)])),
      index: index && this.#described(index),
      morphs: Object.fromEntries(morphs.map(([name, targets]) => [name, targets.map((each) => this.#described(each))])),
      morphTargetsRelative,
    };
    this.#send({ kind: 'geometry', id: this.#idOf(geometry), geometry: message }, []);
    this.#sent.add(geometry);
  }

  #described(attribute: Attribute): SentAttribute {
    const { itemSize, normalized } = attribute;
    const interleaved =
      attribute instanceof InterleavedBufferAttribute
        ? { stride: attribute.data.stride, offset: attribute.offset }
        : null;
    return { array: this.#idOf(arrayOf(attribute)), itemSize, normalized, interleaved };
  }

  /** A copy: the scene's own array is a view of a whole file, and stays. */
  async #sendArray(array: TypedArray, rest: Rest): Promise<void> {
    if (this.#sent.has(array)) return;
    this.#bytes += array.byteLength;
    if (this.#bytes > BYTES_AT_ONCE) {
      this.#bytes = 0;
      await rest();
    }
    // Another picture may have sent it meanwhile.
    if (this.#sent.has(array)) return;
    const copy = array.slice();
    this.#send({ kind: 'array', id: this.#idOf(array), array: copy }, [copy.buffer]);
    this.#sent.add(array);
  }
}

const arrayOf = (attribute: Attribute): TypedArray =>
  attribute instanceof InterleavedBufferAttribute ? attribute.data.array : attribute.array;

function skinOf({ bindMatrix, bindMatrixInverse, skeleton }: SkinnedMesh): PosedMesh['skin'] {
  return {
    bindMatrix: bindMatrix.elements.slice(),
    bindMatrixInverse: bindMatrixInverse.elements.slice(),
    bones: skeleton.bones.map((bone) => bone.matrixWorld.elements.slice()),
    inverses: skeleton.boneInverses.map((inverse) => inverse.elements.slice()),
  };
}

/** The property is there, as null, on every standard material. */
export const hasNormalMap = (material: Material): boolean =>
  Object.entries(material).some(([key, value]) => /^(clearcoatN|n)ormalMap$/.test(key) && value !== null);

/** @throws KilnError `job.too_large` with more than path tracing takes. */
export function checkTriangles(meshes: readonly Mesh[]): void {
  const triangles = meshes.reduce((sum, mesh) => sum + trianglesOf(mesh), 0);
  if (triangles <= LIMITS.tracedTriangles) return;
  throw new KilnError(
    'job.too_large',
    `Path tracing takes at most ${LIMITS.tracedTriangles} triangles, the scene draws ${triangles}; use the engine raster.`,
  );
}

function trianglesOf(mesh: Mesh): number {
  const { index, attributes } = mesh.geometry;
  const corners = index?.count ?? attributes.position?.count ?? 0;
  return Math.floor(corners / 3) * (mesh instanceof InstancedMesh ? mesh.count : 1);
}
