import { LIMITS, type Refusal } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GltfBuilder, glb, movingSquare, unlitSquare } from './glb.ts';
import { decode } from './pixels.ts';
import { png, pngHeader } from './png.ts';
import { type SceneSource, TestPage } from './test-page.ts';

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

const square = new GltfBuilder();
square.node({ mesh: square.square(square.unlit([1, 0, 0])) });

/** The JSON of one square, changed. */
function changed(change: (json: Json) => void): Json {
  const json: Json = structuredClone(square.json());
  change(json);
  return json;
}

// biome-ignore lint/suspicious/noExplicitAny: the point of these files is to be anything.
type Json = any;

const text = (json: Json) => JSON.stringify(json);
const withImage = (uri: string) =>
  text(
    changed((json) => {
      json.buffers[0].uri = 'square.bin';
      json.images = [{ uri }];
      json.textures = [{ source: 0 }];
      json.materials[0].pbrMetallicRoughness.baseColorTexture = { index: 0 };
    }),
  );
const bin = square.bin;
const wrong = (change: (json: Json) => void): SceneSource => ({ 'scene.glb': glb(changed(change), bin) });
function hugeSquare(): Uint8Array {
  const gltf = new GltfBuilder();
  gltf.node({ mesh: gltf.square(gltf.unlit([1, 0, 0]), 1e38) });
  return gltf.build();
}
/** The square, its first coordinate replaced. */
function squareAt(x: number): Uint8Array {
  const bytes = Buffer.from(bin);
  bytes.writeFloatLE(x, 0);
  return glb(square.json(), bytes);
}

/** The square on a bone whose inverse bind matrix has this number. */
function skinnedSquare(value: number): Uint8Array {
  const gltf = new GltfBuilder();
  const mesh = gltf.square(gltf.unlit([1, 0, 0]));
  const ofVertices = (...values: number[]) => Array.from({ length: 4 }, () => values).flat();
  const attributes = (gltf.meshes[mesh] as Json).primitives[0].attributes;
  attributes.JOINTS_0 = gltf.accessor(Uint16Array.from(ofVertices(0, 0, 0, 0)), 'VEC4');
  attributes.WEIGHTS_0 = gltf.accessor(Float32Array.from(ofVertices(1, 0, 0, 0)), 'VEC4');
  const matrix = Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, value, 0, 0, 1);
  const bufferView = gltf.view(new Uint8Array(matrix.buffer));
  gltf.accessors.push({ bufferView, componentType: 5126, count: 1, type: 'MAT4' });
  gltf.node({ mesh, skin: 0 });
  const bone = gltf.node({ name: 'Bone' });
  gltf.rest.skins = [{ joints: [bone], inverseBindMatrices: gltf.accessors.length - 1 }];
  return gltf.build();
}

/** JSON has no word for what is infinite, but numbers that are too large for a double. */
function endlessMatrix(): SceneSource {
  const matrix = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
  const json = text(
    changed((root) => {
      root.buffers[0].uri = 'square.bin';
      root.nodes[0].matrix = matrix;
    }),
  );
  return {
    'a.gltf': json.replace(text(matrix), text(matrix).replace('1,0,0,0,0,1', '1e999,0,0,0,0,1')),
    'square.bin': bin,
  };
}

const zip = Buffer.concat([Buffer.from([0x50, 0x4b, 3, 4]), Buffer.alloc(100)]);
const whole = square.build();

const headerOf = (patch: (bytes: Buffer) => void) => {
  const bytes = Buffer.from(whole);
  patch(bytes);
  return bytes;
};

const refusals: [what: string, files: SceneSource, code: string, pointer: string | null | RegExp][] = [
  ['a file without bytes', { 'a.glb': '' }, 'scene.empty_file', 'a.glb'],
  ['text named .glb', { 'a.glb': 'hello, I am a text file' }, 'scene.bad_container', 'a.glb'],
  ['a damaged ZIP', { 'a.zip': zip }, 'scene.bad_container', 'a.zip'],
  ['a damaged ZIP named .glb', { 'a.glb': zip }, 'scene.bad_container', 'a.glb'],
  [
    'another archive',
    { 'a.7z': Buffer.from([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]) },
    'scene.unsupported_format',
    'a.7z',
  ],
  ['a format that is not read', { 'a.blend': 'BLENDER-v300' }, 'scene.unsupported_format', 'a.blend'],
  ['a picture', { 'a.png': pngHeader(4, 4) }, 'scene.unsupported_format', 'a.png'],
  ['a GLB that ends in its header', { 'a.glb': whole.subarray(0, 10) }, 'scene.bad_container', 'a.glb'],
  ['a GLB that is cut off', { 'a.glb': whole.subarray(0, -8) }, 'scene.bad_container', 'a.glb'],
  ['a GLB of version 1', { 'a.glb': headerOf((b) => b.writeUInt32LE(1, 4)) }, 'scene.bad_container', 'a.glb'],
  [
    'a GLB chunk longer than the file',
    { 'a.glb': headerOf((b) => b.writeUInt32LE(1e9, 12)) },
    'scene.bad_container',
    'a.glb',
  ],
  [
    'a GLB whose first chunk is no JSON',
    { 'a.glb': headerOf((b) => b.writeUInt32LE(7, 16)) },
    'scene.bad_container',
    'a.glb',
  ],
  ['text that is no JSON', { 'a.gltf': '{ "asset": ' }, 'scene.bad_json', 'a.gltf'],
  ['bytes that are no UTF-8', { 'a.gltf': Buffer.from([0x7b, 0xff, 0xfe, 0x7d]) }, 'scene.bad_json', 'a.gltf'],
  ['JSON that is no glTF', { 'a.gltf': '{ "scenes": [] }' }, 'scene.bad_json', 'a.gltf'],
  ['glTF 1.0', { 'a.gltf': '{ "asset": { "version": "1.0" } }' }, 'scene.bad_json', '/asset/version'],
  [
    'a glTF without a scene',
    wrong((json) => {
      delete json.scenes;
      delete json.scene;
    }),
    'scene.invalid',
    '/scenes',
  ],
  [
    'a part of the wrong type',
    wrong((json) => {
      json.nodes = 'none';
    }),
    'scene.invalid',
    '/nodes',
  ],
  [
    'an unknown accessor type',
    wrong((json) => {
      json.accessors[0].type = 'VEC5';
    }),
    'scene.invalid',
    '/accessors/0/type',
  ],
  [
    'an unknown component type',
    wrong((json) => {
      json.accessors[0].componentType = 5124;
    }),
    'scene.invalid',
    '/accessors/0/componentType',
  ],
  [
    'a negative index',
    wrong((json) => {
      json.nodes[0].mesh = -1;
    }),
    'scene.invalid',
    '/nodes/0/mesh',
  ],
  [
    'a mesh that is not there',
    wrong((json) => {
      json.nodes[0].mesh = 9;
    }),
    'scene.invalid',
    '/nodes/0/mesh',
  ],
  [
    'a buffer view that is not there',
    wrong((json) => {
      json.accessors[0].bufferView = 99;
    }),
    'scene.invalid',
    '/accessors/0/bufferView',
  ],
  [
    'a texture that is not there',
    wrong((json) => {
      json.materials[0].normalTexture = { index: 3 };
    }),
    'scene.invalid',
    '/materials/0/normalTexture/index',
  ],
  [
    'a texture that is not there, in an extension',
    wrong((json) => {
      json.materials[0].extensions.KHR_materials_clearcoat = { clearcoatTexture: { index: 0 } };
    }),
    'scene.invalid',
    '/materials/0/extensions/KHR_materials_clearcoat/clearcoatTexture/index',
  ],
  [
    'a light that is not there',
    wrong((json) => {
      json.nodes[0].extensions = { KHR_lights_punctual: { light: 0 } };
    }),
    'scene.invalid',
    /KHR_lights_punctual/,
  ],
  [
    'an accessor that leaves its view',
    wrong((json) => {
      json.accessors[0].count = 5;
    }),
    'scene.invalid',
    '/accessors/0',
  ],
  [
    'an accessor of four thousand million',
    wrong((json) => {
      json.accessors[0].count = 4e9;
    }),
    'scene.invalid',
    '/accessors/0',
  ],
  [
    'zeros for sixteen gigabytes',
    wrong((json) => {
      json.accessors.push({ componentType: 5126, type: 'VEC4', count: 1e9 });
    }),
    'scene.over_limit',
    /accessors/,
  ],
  [
    'a sparse accessor of sixteen gigabytes',
    wrong((json) => {
      json.accessors.push({
        componentType: 5126,
        type: 'VEC4',
        count: 1e9,
        sparse: { count: 1, indices: { bufferView: 0, componentType: 5125 }, values: { bufferView: 0 } },
      });
    }),
    'scene.over_limit',
    /accessors/,
  ],
  [
    'more sparse values than elements',
    wrong((json) => {
      json.accessors[0].sparse = {
        count: 5,
        indices: { bufferView: 0, componentType: 5125 },
        values: { bufferView: 0 },
      };
    }),
    'scene.invalid',
    '/accessors/0/sparse/count',
  ],
  [
    'an accessor off its alignment',
    wrong((json) => {
      json.accessors[0].byteOffset = 2;
      json.accessors[0].count = 3;
    }),
    'scene.invalid',
    '/accessors/0',
  ],
  [
    'a view that leaves its buffer',
    wrong((json) => {
      json.bufferViews[0].byteLength = 1e6;
    }),
    'scene.invalid',
    '/bufferViews/0',
  ],
  [
    'a buffer shorter than it says',
    wrong((json) => {
      json.buffers[0].byteLength = 1e6;
    }),
    'scene.invalid',
    '/buffers/0/byteLength',
  ],
  ['a buffer without data', { 'a.gltf': text(square.json()) }, 'scene.invalid', '/buffers/0'],
  [
    'an index beyond the vertices',
    (() => {
      const gltf = new GltfBuilder();
      gltf.node({ mesh: gltf.square(gltf.unlit([1, 1, 1])) });
      const json: Json = gltf.json();
      json.meshes[0].primitives[0].indices = gltf.accessor(Uint16Array.of(0, 1, 70), 'SCALAR');
      return {
        'a.glb': glb(
          {
            ...json,
            ...{ accessors: gltf.accessors, bufferViews: gltf.bufferViews, buffers: [{ byteLength: gltf.bin.length }] },
          },
          gltf.bin,
        ),
      };
    })(),
    'scene.invalid',
    /./,
  ],
  [
    'a node below itself',
    wrong((json) => {
      json.nodes[0].children = [1];
      json.nodes.push({ children: [0] });
    }),
    'scene.invalid',
    '/nodes/0',
  ],
  [
    'a node with two parents',
    wrong((json) => {
      json.nodes.push({ children: [0] }, { children: [0] });
      json.scenes[0].nodes = [1, 2];
    }),
    'scene.invalid',
    '/nodes/0',
  ],
  [
    'nodes nested too deep',
    wrong((json) => {
      json.nodes = Array.from({ length: LIMITS.sceneDepth + 1 }, (_, i) =>
        i < LIMITS.sceneDepth ? { children: [i + 1] } : { mesh: 0 },
      );
    }),
    'scene.over_limit',
    /nodes/,
  ],
  [
    'too many nodes',
    wrong((json) => {
      json.nodes = Array.from({ length: LIMITS.sceneNodes + 1 }, () => ({}));
    }),
    'scene.over_limit',
    '/nodes',
  ],
  [
    'too many triangles by instances',
    wrong((json) => {
      json.meshes[0].primitives = Array.from({ length: 1_000 }, () => json.meshes[0].primitives[0]);
      json.nodes = Array.from({ length: 100_000 }, () => ({ mesh: 0 }));
      json.scenes[0].nodes = json.nodes.map((_: unknown, i: number) => i);
    }),
    'scene.over_limit',
    '/meshes',
  ],
  [
    'a required extension that nobody knows',
    wrong((json) => {
      json.extensionsUsed.push('ACME_magic');
      json.extensionsRequired = ['ACME_magic'];
    }),
    'scene.unsupported_extension',
    '/extensionsRequired/0',
  ],
  [
    'an image on another host',
    { 'a.gltf': withImage('http://example.com/a.png'), 'square.bin': bin },
    'scene.forbidden_uri',
    '/images/0/uri',
  ],
  [
    'an image on another host, by //',
    { 'a.gltf': withImage('//example.com/a.png'), 'square.bin': bin },
    'scene.forbidden_uri',
    '/images/0/uri',
  ],
  [
    'a file: URI',
    { 'a.gltf': withImage('file:///etc/passwd'), 'square.bin': bin },
    'scene.forbidden_uri',
    '/images/0/uri',
  ],
  [
    'an absolute path',
    { 'a.gltf': withImage('/etc/passwd'), 'square.bin': bin },
    'scene.forbidden_uri',
    '/images/0/uri',
  ],
  [
    'a path out of the folder',
    { 'a.gltf': withImage('../../etc/passwd'), 'square.bin': bin },
    'scene.forbidden_uri',
    '/images/0/uri',
  ],
  [
    'a path out of the folder, percent-encoded',
    { 'a.gltf': withImage('%2e%2e/%2e%2e/etc/passwd'), 'square.bin': bin },
    'scene.forbidden_uri',
    '/images/0/uri',
  ],
  [
    'an image that was not uploaded',
    { 'a.gltf': withImage('a.png'), 'square.bin': bin },
    'scene.missing_resource',
    '/images/0/uri',
  ],
  [
    'an image without bytes',
    { 'a.gltf': withImage('a.png'), 'square.bin': bin, 'a.png': '' },
    'scene.empty_file',
    'a.png',
  ],
  [
    'an image that is none',
    { 'a.gltf': withImage('a.png'), 'square.bin': bin, 'a.png': 'no picture' },
    'scene.invalid',
    '/images/0',
  ],
  [
    'an image that is cut off',
    { 'a.gltf': withImage('a.png'), 'square.bin': bin, 'a.png': pngHeader(64, 64) },
    'scene.invalid',
    '/images/0',
  ],
  ['a vertex that is not a number', { 'a.glb': squareAt(Number.NaN) }, 'scene.invalid', /^\/accessors\/0/],
  ['a vertex that is infinite', { 'a.glb': squareAt(Number.POSITIVE_INFINITY) }, 'scene.invalid', /^\/accessors\/0/],
  [
    'an inverse bind matrix that is not numbers',
    { 'a.glb': skinnedSquare(Number.NaN) },
    'scene.invalid',
    /^\/accessors\/6/,
  ],
  ['a matrix of a node that is infinite', endlessMatrix(), 'scene.invalid', /^\/nodes\/0\/matrix/],
  [
    'a texture of 20,000 × 20,000',
    { 'a.gltf': withImage('a.png'), 'square.bin': bin, 'a.png': pngHeader(20_000, 20_000) },
    'scene.texture_too_large',
    '/images/0',
  ],
  [
    'a texture one pixel too large',
    { 'a.gltf': withImage('a.png'), 'square.bin': bin, 'a.png': pngHeader(1, LIMITS.textureEdgePx + 1) },
    'scene.texture_too_large',
    '/images/0',
  ],
];

describe('refuses, with code and place', () => {
  it.each(refusals)('%s', async (_what, files, code, pointer) => {
    const { result } = await page.import(files);
    expect(result.outcome).toBe('refused');
    const refusal: Refusal | null = result.outcome === 'refused' ? result.refusal : null;
    expect(refusal?.code).toBe(code);
    if (pointer instanceof RegExp) expect(refusal?.pointer ?? '').toMatch(pointer);
    else expect(refusal?.pointer).toBe(pointer);
    // A sentence that says what to do.
    expect(refusal?.message).toMatch(
      /(: |\. )[\w ,.]*(export|upload|save|name|put|make|unpack|check|flatten|simplify|join)\b.*[.]$/i,
    );
  });

  it('leaves nothing behind: the page goes on', async () => {
    const { result } = await page.import({ 'good.glb': whole });
    expect(result.outcome).toBe('ready');
  });
});

describe('accepts', () => {
  async function ready(files: SceneSource, thumbnail?: number) {
    const { result, bytes } = await page.import(files, thumbnail);
    if (result.outcome !== 'ready') throw new Error(`refused: ${result.refusal.code} ${result.refusal.message}`);
    return { ...result, bytes };
  }

  it('describes what is in the scene', async () => {
    const { report } = await ready({ 'scene.glb': movingSquare() });
    expect(report).toMatchObject({
      generator: 'test',
      triangles: 2,
      nodes: 1,
      meshes: 1,
      materials: 1,
      lights: 0,
      clips: [
        { name: 'Move', durationSec: 1 },
        { name: 'Rise', durationSec: 1 },
      ],
      cameras: [],
      extensionsUsed: ['KHR_materials_unlit'],
      usesStudioLight: true,
    });
    // The first pose of the first clip.
    expect(report.bounds).toEqual({ min: [-1.5, -0.5, 0], max: [-0.5, 0.5, 0] });
    expect(report.gpuBytes).toBeGreaterThan(100);
  });

  it('draws a thumbnail of the size that was asked for', async () => {
    const { bytes, thumbnailMediaType } = await ready({ 'scene.glb': whole }, 48);
    expect(thumbnailMediaType).toBe('image/webp');
    const { width, height, middle } = await decode(bytes);
    expect([width, height]).toEqual([48, 48]);
    expect(middle[0]).toBeGreaterThan(180);
    expect(middle[1]).toBeLessThan(80);
  });

  it('finds files by plain, percent-encoded and backslashed names, below and beside the entry', async () => {
    const red = await png(8, 8, '#ff0000');
    for (const uri of [
      'my textures/a b%.png',
      'my%20textures/a%20b%25.png',
      'my%20textures\\a b%25.png',
      './my textures/../my textures/a b%.png',
    ]) {
      const files = {
        'models/a.gltf': withImage(uri).replace('square.bin', '../data/square.bin'),
        'data/square.bin': bin,
        'models/my textures/a b%.png': red,
      };
      const { report } = await ready(files);
      expect(report.textures).toMatchObject([{ widthPx: 8, heightPx: 8, mediaType: 'image/png' }]);
    }
  });

  it('takes a texture of the largest edge', async () => {
    const { report } = await ready({
      'a.gltf': withImage('a.png'),
      'square.bin': bin,
      'a.png': await png(LIMITS.textureEdgePx, 1, '#00ff00'),
    });
    expect(report.textures[0]?.widthPx).toBe(LIMITS.textureEdgePx);
  });

  it('takes data: URIs', async () => {
    const uri = `data:image/png;base64,${(await png(4, 4, '#0000ff')).toString('base64')}`;
    const buffer = `data:application/octet-stream;base64,${Buffer.from(bin).toString('base64')}`;
    await ready({ 'a.gltf': withImage(uri).replace('square.bin', buffer) });
  });

  it('keeps what the validator finds and what does not keep it from rendering as warnings', async () => {
    const { report } = await ready(
      wrong((json) => {
        json.accessors[0].min = [-9, -9, -9];
      }),
    );
    expect(report.findingCounts.error).toBeGreaterThan(0);
    expect(report.findings.map(({ code }) => code)).toContain('ACCESSOR_MIN_MISMATCH');
    expect(report.findings.every(({ severity }) => severity !== 'error')).toBe(true);
  });

  it('warns of an extension that is used, not required and not supported', async () => {
    const { report } = await ready(wrong((json) => json.extensionsUsed.push('ACME_magic')));
    expect(report.findings).toContainEqual(
      expect.objectContaining({
        code: 'UNSUPPORTED_EXTENSION',
        severity: 'warning',
        message: expect.stringContaining('ACME_magic'),
      }),
    );
  });

  it('takes a .gltf that begins with a byte order mark', async () => {
    const uri = `data:application/octet-stream;base64,${Buffer.from(bin).toString('base64')}`;
    const json = text(
      changed((gltf) => {
        gltf.buffers[0].uri = uri;
      }),
    );
    await ready({ 'a.gltf': `\uFEFF${json}` });
  });

  it('warns of no extension that is drawn although the validator does not know it', async () => {
    const gltf = new GltfBuilder().uses('EXT_mesh_gpu_instancing');
    const TRANSLATION = gltf.accessor(Float32Array.of(0, 0, 0, 1, 0, 0), 'VEC3');
    const extensions = { EXT_mesh_gpu_instancing: { attributes: { TRANSLATION } } };
    gltf.node({ mesh: gltf.square(gltf.unlit([1, 0, 0])), extensions });
    const { report } = await ready({ 'a.glb': gltf.build() });
    expect(report.findings.map(({ code }) => code)).not.toContain('UNSUPPORTED_EXTENSION');
  });

  it('warns of a scene too large for the numbers of a GPU', async () => {
    const { report } = await ready({ 'a.glb': hugeSquare() });
    expect(report.findings).toContainEqual(expect.objectContaining({ code: 'TOO_LARGE_TO_DRAW', severity: 'warning' }));
  });

  it('says so when a scene shows nothing', async () => {
    const { report } = await ready({
      'a.glb': glb({ asset: { version: '2.0' }, scene: 0, scenes: [{ nodes: [0] }], nodes: [{ name: 'Nothing' }] }),
    });
    expect(report.findings).toContainEqual(expect.objectContaining({ code: 'NOTHING_VISIBLE' }));
  });

  it('tells how far it is', async () => {
    const scene = await page.mount({ 'scene.glb': unlitSquare([0.1, 0.2, 0.3]) });
    const fractions: number[] = [];
    await page.client.call(
      'import',
      { scene, thumbnail: { widthPx: 16, heightPx: 16 } },
      { onProgress: (fraction) => fractions.push(fraction) },
    );
    expect(fractions.length).toBeGreaterThan(2);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.at(-1)).toBeLessThanOrEqual(1);
  });

  it('stays loaded: a load after an import finds it', async () => {
    const files = { 'scene.glb': unlitSquare([0.4, 0.2, 0.3]) };
    await ready(files);
    expect((await page.load(files)).loadedNow).toBe(false);
  });
});
