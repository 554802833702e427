/** In the trace worker: three's objects again, of what the page has sent. */
import {
  Bone,
  BufferAttribute,
  BufferGeometry,
  InterleavedBuffer,
  InterleavedBufferAttribute,
  Matrix4,
  Mesh,
  Skeleton,
  SkinnedMesh,
  type TypedArray,
} from 'three';
import type { PlacedMesh } from './baked-geometry.ts';
import type { PosedMesh, SentAttribute, SentGeometry } from './trace-messages.ts';

export class ReceivedMeshes {
  readonly #arrays = new Map<number, TypedArray>();
  readonly #interleaved = new Map<number, InterleavedBuffer>();
  readonly #geometries = new Map<number, BufferGeometry>();

  addArray(id: number, array: TypedArray): void {
    this.#arrays.set(id, array);
  }

  /** Its arrays are there. */
  addGeometry(id: number, { attributes, index, morphs, morphTargetsRelative }: SentGeometry): void {
    const geometry = new BufferGeometry();
    for (const [name, sent] of Object.entries(attributes)) geometry.setAttribute(name, this.#attribute(sent));
    for (const [name, targets] of Object.entries(morphs)) {
      Object.assign(geometry.morphAttributes, { [name]: targets.map((target) => this.#attribute(target)) });
    }
    geometry.morphTargetsRelative = morphTargetsRelative;
    if (index) geometry.setIndex(new BufferAttribute(this.#array(index.array), index.itemSize, index.normalized));
    this.#geometries.set(id, geometry);
  }

  /** Each instance is one. */
  place(posed: PosedMesh): PlacedMesh[] {
    const { materialIndex, uv, needsTangents, instances } = posed;
    const mesh = this.#mesh(posed);
    const places = instances ? this.#placesOf(instances, mesh.matrixWorld) : [mesh.matrixWorld];
    return places.map((place) => ({ mesh, place, materialIndex, uv, needsTangents }));
  }

  #mesh({ geometry: id, place, influences, skin }: PosedMesh): Mesh {
    const geometry = this.#geometries.get(id);
    if (!geometry) throw new Error('a mesh came before its geometry');
    const mesh = skin ? new SkinnedMesh(geometry) : new Mesh(geometry);
    mesh.matrixWorld.fromArray(place);
    mesh.morphTargetInfluences = [...influences];
    if (skin && mesh instanceof SkinnedMesh) {
      const bones = skin.bones.map((elements) => {
        const bone = new Bone();
        bone.matrixWorld.fromArray(elements);
        return bone;
      });
      const inverses = skin.inverses.map((elements) => new Matrix4().fromArray(elements));
      mesh.bind(new Skeleton(bones, inverses), new Matrix4().fromArray(skin.bindMatrix));
      mesh.bindMatrixInverse.fromArray(skin.bindMatrixInverse);
    }
    return mesh;
  }

  #placesOf({ array, count }: NonNullable<PosedMesh['instances']>, world: Matrix4): Matrix4[] {
    const matrices = this.#array(array);
    return Array.from({ length: count }, (_, i) => new Matrix4().fromArray(matrices, i * 16).premultiply(world));
  }

  #attribute({ array, itemSize, normalized, interleaved }: SentAttribute) {
    if (!interleaved) return new BufferAttribute(this.#array(array), itemSize, normalized);
    const { stride, offset } = interleaved;
    const buffer = this.#interleaved.get(array) ?? new InterleavedBuffer(this.#array(array), stride);
    this.#interleaved.set(array, buffer);
    return new InterleavedBufferAttribute(buffer, itemSize, offset, normalized);
  }

  #array(id: number): TypedArray {
    const array = this.#arrays.get(id);
    if (!array) throw new Error('an attribute came before its array');
    return array;
  }
}
