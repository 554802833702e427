/** A GLB of one triangle that shows its colour whatever the light. */

const VERTICES = new Float32Array([-1, -1, 0, 1, -1, 0, 0, 1, 0]);
const [MAGIC, VERSION, JSON_CHUNK, BIN_CHUNK] = [0x46546c67, 2, 0x4e4f534a, 0x004e4942];

/** @param color linear, each 0 to 1. */
export function triangleScene(color: readonly [number, number, number]): Buffer {
  const bytes = Buffer.from(VERTICES.buffer);
  const text = JSON.stringify({
    asset: { version: '2.0' },
    scene: 0,
    scenes: [{ nodes: [0] }],
    nodes: [{ mesh: 0 }],
    meshes: [{ primitives: [{ attributes: { POSITION: 0 }, material: 0 }] }],
    materials: [
      {
        pbrMetallicRoughness: { baseColorFactor: [...color, 1] },
        doubleSided: true,
        extensions: { KHR_materials_unlit: {} },
      },
    ],
    extensionsUsed: ['KHR_materials_unlit'],
    accessors: [{ bufferView: 0, componentType: 5126, count: 3, type: 'VEC3', min: [-1, -1, 0], max: [1, 1, 0] }],
    bufferViews: [{ buffer: 0, byteLength: bytes.length }],
    buffers: [{ byteLength: bytes.length }],
  });
  const json = Buffer.from(text.padEnd(Math.ceil(text.length / 4) * 4));
  const chunk = (type: number, content: Buffer) => Buffer.concat([words(content.length, type), content]);
  const chunks = Buffer.concat([chunk(JSON_CHUNK, json), chunk(BIN_CHUNK, bytes)]);
  return Buffer.concat([words(MAGIC, VERSION, 12 + chunks.length), chunks]);
}

function words(...values: number[]): Buffer {
  const buffer = Buffer.alloc(4 * values.length);
  for (const [at, value] of values.entries()) buffer.writeUInt32LE(value, 4 * at);
  return buffer;
}
