/** Writes a GLB from meshes, nodes and animations held in memory. Enough glTF for the sample scene, no more. */
import type { BufferGeometry } from 'three';

const COMPONENT = { Uint16Array: 5123, Uint32Array: 5125, Float32Array: 5126 } as const;
const GLB_MAGIC = 0x46546c67;
const CHUNK_JSON = 0x4e4f534a;
const CHUNK_BIN = 0x004e4942;

type Elements = Uint16Array | Uint32Array | Float32Array;
type ElementType = 'SCALAR' | 'VEC3' | 'VEC4';

const WIDTH = { SCALAR: 1, VEC3: 3, VEC4: 4 } as const;

export class GlbBuilder {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;
  readonly #views: object[] = [];
  readonly #accessors: object[] = [];
  readonly #meshes: object[] = [];
  readonly #materials: object[] = [];
  readonly #extensions = new Set<string>();

  material(material: { extensions?: Record<string, object> } & Record<string, unknown>): number {
    for (const name of Object.keys(material.extensions ?? {})) this.#extensions.add(name);
    return this.#materials.push(material) - 1;
  }

  mesh(name: string, geometry: BufferGeometry, material: number): number {
    const attribute = (key: 'position' | 'normal') => new Float32Array(geometry.getAttribute(key).array);
    const index = geometry.getIndex();
    if (!index) throw new Error(`geometry ${name} has no index`);
    const vertices = geometry.getAttribute('position').count;
    const indices = vertices > 65_535 ? new Uint32Array(index.array) : new Uint16Array(index.array);
    const primitive = {
      attributes: {
        POSITION: this.accessor(attribute('position'), 'VEC3', 34_962),
        NORMAL: this.accessor(attribute('normal'), 'VEC3', 34_962),
      },
      indices: this.accessor(indices, 'SCALAR', 34_963),
      material,
    };
    return this.#meshes.push({ name, primitives: [primitive] }) - 1;
  }

  accessor(data: Elements, type: ElementType, target?: number): number {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const view = { buffer: 0, byteOffset: this.#length, byteLength: bytes.length, ...(target ? { target } : {}) };
    this.#chunks.push(bytes, new Uint8Array((4 - (bytes.length % 4)) % 4));
    this.#length += bytes.length + ((4 - (bytes.length % 4)) % 4);
    const width = WIDTH[type];
    const values = Array.from<number>(data);
    const bounds = (pick: (...values: number[]) => number) =>
      Array.from({ length: width }, (_, c) =>
        values.reduce((best, value, i) => (i % width === c ? pick(best, value) : best), values[c] ?? 0),
      );
    const componentType = COMPONENT[data.constructor.name as keyof typeof COMPONENT];
    return (
      this.#accessors.push({
        bufferView: this.#views.push(view) - 1,
        componentType,
        count: data.length / width,
        type,
        ...(target === 34_963 ? {} : { min: bounds(Math.min), max: bounds(Math.max) }),
      }) - 1
    );
  }

  /** The container's bytes. `rest` holds nodes, scenes, cameras, animations and extensions of the root. */
  build(rest: Record<string, unknown>, rootExtensions: readonly string[] = []): Uint8Array {
    for (const name of rootExtensions) this.#extensions.add(name);
    const json = new TextEncoder().encode(
      JSON.stringify({
        asset: { version: '2.0', generator: 'Kiln sample scene' },
        ...rest,
        extensionsUsed: [...this.#extensions].sort(),
        meshes: this.#meshes,
        materials: this.#materials,
        accessors: this.#accessors,
        bufferViews: this.#views,
        buffers: [{ byteLength: this.#length }],
      }),
    );
    const jsonPad = (4 - (json.length % 4)) % 4;
    const total = 12 + 8 + json.length + jsonPad + 8 + this.#length;
    const out = new Uint8Array(total);
    const header = new DataView(out.buffer);
    const words = [GLB_MAGIC, 2, total, json.length + jsonPad, CHUNK_JSON];
    for (const [index, word] of words.entries()) header.setUint32(index * 4, word, true);
    out.set(json, 20);
    out.fill(0x20, 20 + json.length, 20 + json.length + jsonPad);
    let offset = 20 + json.length + jsonPad;
    header.setUint32(offset, this.#length, true);
    header.setUint32(offset + 4, CHUNK_BIN, true);
    offset += 8;
    for (const chunk of this.#chunks) {
      out.set(chunk, offset);
      offset += chunk.length;
    }
    return out;
  }
}
