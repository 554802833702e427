/** Writes small glTF scenes for tests: containers of any content, and pictures with known colours. */

const GLB_MAGIC = 0x46_54_6c_67;
const CHUNK_JSON = 0x4e_4f_53_4a;
const CHUNK_BIN = 0x00_4e_49_42;

/** A GLB of this JSON and binary chunk. */
export function glb(json: unknown, bin?: Uint8Array): Uint8Array {
  const text = padded(Buffer.from(JSON.stringify(json)), 0x20);
  const chunks = [chunk(CHUNK_JSON, text), ...(bin ? [chunk(CHUNK_BIN, padded(Buffer.from(bin), 0))] : [])];
  const body = Buffer.concat(chunks);
  const header = Buffer.alloc(12);
  header.writeUInt32LE(GLB_MAGIC, 0);
  header.writeUInt32LE(2, 4);
  header.writeUInt32LE(12 + body.length, 8);
  return Buffer.concat([header, body]);
}

const padded = (bytes: Buffer, filler: number) =>
  Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4, filler)]);

function chunk(type: number, bytes: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(bytes.length, 0);
  header.writeUInt32LE(type, 4);
  return Buffer.concat([header, bytes]);
}

type Json = Record<string, unknown>;

/** Collects the parts of a glTF; every `add…` answers the index of what it added. */
export class GltfBuilder {
  readonly nodes: Json[] = [];
  readonly meshes: Json[] = [];
  readonly materials: Json[] = [];
  readonly accessors: Json[] = [];
  readonly bufferViews: Json[] = [];
  readonly rest: Json = {};
  readonly #lights: Json[] = [];
  readonly #extensions = new Set<string>();
  #bin = Buffer.alloc(0);

  view(bytes: Uint8Array): number {
    this.bufferViews.push({ buffer: 0, byteOffset: this.#bin.length, byteLength: bytes.length });
    this.#bin = padded(Buffer.concat([this.#bin, bytes]), 0);
    return this.bufferViews.length - 1;
  }

  accessor(data: Float32Array | Uint16Array, type: 'SCALAR' | 'VEC2' | 'VEC3' | 'VEC4'): number {
    const width = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4 }[type];
    const column = (c: number) => [...data].filter((_, i) => i % width === c);
    const columns = Array.from({ length: width }, (_, c) => column(c));
    this.accessors.push({
      bufferView: this.view(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
      componentType: data instanceof Float32Array ? 5126 : 5123,
      count: data.length / width,
      type,
      min: columns.map((values) => Math.min(...values)),
      max: columns.map((values) => Math.max(...values)),
    });
    return this.accessors.length - 1;
  }

  /** A material that shows its colour whatever the light. @param color linear RGBA. */
  unlit(color: readonly [number, number, number, number?], more: Json = {}): number {
    this.#extensions.add('KHR_materials_unlit');
    const [r, g, b, a = 1] = color;
    const pbrMetallicRoughness = { baseColorFactor: [r, g, b, a] };
    return (
      this.materials.push({
        pbrMetallicRoughness,
        extensions: { KHR_materials_unlit: {} },
        doubleSided: true,
        ...more,
      }) - 1
    );
  }

  material(material: Json): number {
    return this.materials.push(material) - 1;
  }

  uses(...extensions: string[]): this {
    for (const name of extensions) this.#extensions.add(name);
    return this;
  }

  /** A square in the plane z = 0 around its own middle, facing +z. */
  square(material: number, edge = 1): number {
    const h = edge / 2;
    const attributes = {
      POSITION: this.accessor(Float32Array.of(-h, -h, 0, h, -h, 0, h, h, 0, -h, h, 0), 'VEC3'),
      NORMAL: this.accessor(Float32Array.of(0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1), 'VEC3'),
      TEXCOORD_0: this.accessor(Float32Array.of(0, 1, 1, 1, 1, 0, 0, 0), 'VEC2'),
    };
    const indices = this.accessor(Uint16Array.of(0, 1, 2, 0, 2, 3), 'SCALAR');
    return this.meshes.push({ primitives: [{ attributes, indices, material }] }) - 1;
  }

  /** Diffuse, without any reflection. @param albedo linear, of all channels or each. */
  matte(albedo: number | readonly [number, number, number]): number {
    this.#extensions.add('KHR_materials_specular');
    const rgb = typeof albedo === 'number' ? [albedo, albedo, albedo] : albedo;
    return this.material({
      pbrMetallicRoughness: { baseColorFactor: [...rgb, 1], metallicFactor: 0, roughnessFactor: 1 },
      extensions: { KHR_materials_specular: { specularFactor: 0 } },
    });
  }

  /** Black, and gives off this radiance at every point, on both sides. */
  glowing(radiance: number): number {
    this.uses('KHR_materials_emissive_strength', 'KHR_materials_specular');
    return this.material({
      pbrMetallicRoughness: { baseColorFactor: [0, 0, 0, 1], metallicFactor: 0 },
      emissiveFactor: [1, 1, 1],
      doubleSided: true,
      extensions: {
        KHR_materials_emissive_strength: { emissiveStrength: radiance },
        KHR_materials_specular: { specularFactor: 0 },
      },
    });
  }

  /** Unlit, with a texture that is not smoothed. @param png its image. */
  textured(png: Uint8Array): number {
    this.rest.images = [{ bufferView: this.view(png), mimeType: 'image/png' }];
    this.rest.samplers = [{ magFilter: 9728, minFilter: 9728 }];
    this.rest.textures = [{ source: 0, sampler: 0 }];
    this.#extensions.add('KHR_materials_unlit');
    return this.material({
      pbrMetallicRoughness: { baseColorTexture: { index: 0 } },
      extensions: { KHR_materials_unlit: {} },
    });
  }

  /** A ball around its own middle, fine enough to be round. */
  sphere(material: number, radius: number): number {
    const [rows, columns] = [32, 64];
    const directions: number[] = [];
    for (let row = 0; row <= rows; row += 1) {
      const polar = (row / rows) * Math.PI;
      for (let column = 0; column <= columns; column += 1) {
        const turn = (column / columns) * 2 * Math.PI;
        directions.push(Math.sin(polar) * Math.sin(turn), Math.cos(polar), Math.sin(polar) * Math.cos(turn));
      }
    }
    const corners: number[] = [];
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) {
        const a = row * (columns + 1) + column;
        const b = a + columns + 1;
        corners.push(a, b, a + 1, a + 1, b, b + 1);
      }
    }
    const attributes = {
      POSITION: this.accessor(
        Float32Array.from(directions, (part) => part * radius),
        'VEC3',
      ),
      NORMAL: this.accessor(Float32Array.from(directions), 'VEC3'),
    };
    const indices = this.accessor(Uint16Array.from(corners), 'SCALAR');
    return this.meshes.push({ primitives: [{ attributes, indices, material }] }) - 1;
  }

  /** Three points. */
  points(): number {
    const attributes = { POSITION: this.accessor(Float32Array.of(-1, 0, 0, 0, 1, 0, 1, 0, 0), 'VEC3') };
    return this.meshes.push({ primitives: [{ attributes, mode: 0 }] }) - 1;
  }

  /** @param light `intensity` in candela. */
  pointLight({
    intensity,
    translation,
  }: {
    readonly intensity: number;
    readonly translation: readonly number[];
  }): number {
    return this.#light({ type: 'point', intensity }, { translation });
  }

  /** Shines along −z, before it is turned. @param light `intensity` in lux. */
  directionalLight({
    intensity,
    rotation,
  }: {
    readonly intensity: number;
    readonly rotation: readonly number[];
  }): number {
    return this.#light({ type: 'directional', intensity }, { rotation });
  }

  #light(light: Json, placed: Json): number {
    const name = 'KHR_lights_punctual';
    this.uses(name);
    this.#lights.push(light);
    this.rest.extensions = { [name]: { lights: this.#lights } };
    return this.node({ ...placed, extensions: { [name]: { light: this.#lights.length - 1 } } });
  }

  node(node: Json): number {
    return this.nodes.push(node) - 1;
  }

  json(): Json {
    const has = (list: readonly unknown[]) => list.length > 0;
    return {
      asset: { version: '2.0', generator: 'test' },
      scene: 0,
      scenes: [{ nodes: this.#roots() }],
      nodes: this.nodes,
      ...(has(this.meshes) ? { meshes: this.meshes } : {}),
      ...(has(this.materials) ? { materials: this.materials } : {}),
      ...(has(this.accessors) ? { accessors: this.accessors } : {}),
      ...(has(this.bufferViews) ? { bufferViews: this.bufferViews, buffers: [{ byteLength: this.#bin.length }] } : {}),
      ...(this.#extensions.size > 0 ? { extensionsUsed: [...this.#extensions] } : {}),
      ...this.rest,
    };
  }

  get bin(): Uint8Array {
    return this.#bin;
  }

  build(): Uint8Array {
    return glb(this.json(), this.#bin);
  }

  #roots(): number[] {
    const children = new Set(this.nodes.flatMap(({ children }) => (Array.isArray(children) ? children : [])));
    return [...this.nodes.keys()].filter((index) => !children.has(index));
  }
}

/** One square of one unlit colour, facing +z. */
export function unlitSquare(color: readonly [number, number, number, number?], more: Json = {}): Uint8Array {
  const gltf = new GltfBuilder();
  gltf.node({ name: 'Square', mesh: gltf.square(gltf.unlit(color, more)) });
  return gltf.build();
}

/** A red square that moves from x = −1 to x = 1 in one second, in a clip "Move"; a second clip "Rise" lifts it. */
export function movingSquare(): Uint8Array {
  const gltf = new GltfBuilder();
  const node = gltf.node({ name: 'Square', mesh: gltf.square(gltf.unlit([1, 0, 0])) });
  const input = gltf.accessor(Float32Array.of(0, 1), 'SCALAR');
  const clip = (name: string, path: readonly number[]) => ({
    name,
    samplers: [{ input, output: gltf.accessor(Float32Array.from(path), 'VEC3'), interpolation: 'LINEAR' }],
    channels: [{ sampler: 0, target: { node, path: 'translation' } }],
  });
  gltf.rest.animations = [clip('Move', [-1, 0, 0, 1, 0, 0]), clip('Rise', [0, -1, 0, 0, 1, 0])];
  return gltf.build();
}

/** Three lit, shiny, half transparent and coplanar squares: where an order of drawing would show. */
export function layeredScene(): Uint8Array {
  const gltf = new GltfBuilder();
  const lit = (baseColorFactor: number[], more: Json = {}) =>
    gltf.material({ pbrMetallicRoughness: { baseColorFactor, metallicFactor: 0.3, roughnessFactor: 0.4 }, ...more });
  gltf.node({ mesh: gltf.square(lit([0.8, 0.2, 0.1, 1])), rotation: [0, 0.1, 0, 0.995] });
  gltf.node({ mesh: gltf.square(lit([0.1, 0.3, 0.8, 1])), rotation: [0, 0.1, 0, 0.995] });
  gltf.node({ mesh: gltf.square(lit([0.1, 0.8, 0.2, 0.5], { alphaMode: 'BLEND' })), translation: [0.2, 0.2, 0.3] });
  gltf.node({ mesh: gltf.square(lit([0.9, 0.8, 0.2, 0.5], { alphaMode: 'BLEND' })), translation: [0.4, 0.1, 0.3] });
  return gltf.build();
}

/** Changes the primitives of a mesh. */
export function changePrimitive(
  gltf: GltfBuilder,
  mesh: number,
  change: (primitive: { attributes: Json }) => Json,
): void {
  const { primitives } = gltf.meshes[mesh] as { primitives: { attributes: Json }[] };
  gltf.meshes[mesh] = { primitives: primitives.map((primitive) => ({ ...primitive, ...change(primitive) })) };
}
