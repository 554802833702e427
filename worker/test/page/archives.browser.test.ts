/**
 * Scenes in a ZIP, and files in other formats that mean harm: refused with the reason and the place, or drawn.
 *
 * @module-tag heavy
 */
import { readFile } from 'node:fs/promises';
import type { Refusal } from '@kiln/shared';
import { strToU8, Zip, ZipDeflate, type Zippable, zipSync } from 'three/addons/libs/fflate.module.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PAGE_LIMITS } from '../../src/page/limits.ts';
import { GltfBuilder, glb, unlitSquare } from './glb.ts';
import { decode } from './pixels.ts';
import { png, pngHeader } from './png.ts';
import { type SceneSource, TestPage } from './test-page.ts';

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

const bytesOf = (files: Readonly<Record<string, string | Uint8Array>>): Zippable =>
  Object.fromEntries(
    Object.entries(files).map(([name, file]) => [
      name,
      typeof file === 'string' ? strToU8(file) : Uint8Array.from(file),
    ]),
  );
const zip = (files: Readonly<Record<string, string | Uint8Array>>) => zipSync(bytesOf(files));

async function refusalOf(files: SceneSource): Promise<Refusal> {
  const { result } = await page.import(files, 16);
  if (result.outcome !== 'refused') throw new Error('it was taken');
  return result.refusal;
}

describe('a ZIP', () => {
  it('with a glTF and what belongs to it is drawn as the folder would be', async () => {
    const gltf = new GltfBuilder();
    const material = gltf.unlit([1, 1, 1]);
    gltf.node({ name: 'Square', mesh: gltf.square(material) });
    const json = structuredClone(gltf.json());
    Object.assign(json, {
      buffers: [{ uri: 'my%20square.bin', byteLength: gltf.bin.length }],
      images: [{ uri: '../tex/red.png' }],
      textures: [{ source: 0 }],
      materials: [
        {
          extensions: { KHR_materials_unlit: {} },
          pbrMetallicRoughness: { baseColorTexture: { index: 0 } },
          doubleSided: true,
        },
      ],
    });
    const packed = zip({
      'shot/gltf/scene.gltf': JSON.stringify(json),
      'shot/gltf/my square.bin': gltf.bin,
      'shot/tex/red.png': await png(4, 4, '#ff0000'),
      '__MACOSX/shot/gltf/._scene.gltf': 'litter',
      'shot/notes.txt': 'hello',
    });
    const { result, sceneHash } = await page.import({ 'shot.zip': packed });
    expect(result).toMatchObject({
      outcome: 'ready',
      isConverted: true,
      report: {
        generator: 'test',
        source: { format: 'gltf', path: 'shot/gltf/scene.gltf', metresPerUnit: 1, upAxis: 'y' },
        textures: [{ name: 'red.png', widthPx: 4, mediaType: 'image/png' }],
      },
    });
    const { bytes } = await page.frame(sceneHash);
    expect((await decode(bytes)).middle.slice(0, 3)).toEqual([255, 0, 0]);
    // The GLB stands alone.
    const made = page.convertedOf(sceneHash);
    const alone = await page.load({ 'scene.glb': await readFile(made?.diskPath ?? '') });
    expect((await decode((await page.frame(alone.sceneHash)).bytes)).middle.slice(0, 3)).toEqual([255, 0, 0]);
  });

  it('with a GLB, or a scene in another format, is that scene', async () => {
    const { result } = await page.import({ 'a.zip': zip({ 'a.glb': unlitSquare([0, 1, 0]) }) });
    expect(result).toMatchObject({
      outcome: 'ready',
      report: { triangles: 2, source: { format: 'gltf', path: 'a.glb' } },
    });
    const obj = {
      'm/a.obj': 'mtllib a.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nusemtl A\nf 1 2 3',
      'm/a.mtl': 'newmtl A\nKd 1 0 0',
    };
    const other = await page.import({ 'b.zip': zip(obj) });
    expect(other.result).toMatchObject({ report: { source: { format: 'obj', path: 'm/a.obj' }, findings: [] } });
  });

  it('is told by its bytes, whatever its name says', async () => {
    const { result } = await page.import({ 'a.gltf': zip({ 'a.glb': unlitSquare([0, 1, 0]) }) });
    expect(result).toMatchObject({ outcome: 'ready', report: { source: { path: 'a.glb' } } });
  });

  it('keeps what was compressed for the GPU as it is', async () => {
    // A buffer that only stands for decompressed data stays beside the one that has data.
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.square(gltf.unlit([1, 0, 0])) });
    const json = structuredClone(gltf.json());
    Object.assign(json, {
      buffers: [
        { byteLength: 64, extensions: { EXT_meshopt_compression: { fallback: true } } },
        { uri: 'a.bin', byteLength: gltf.bin.length },
      ],
      bufferViews: gltf.bufferViews.map((view) => ({ ...view, buffer: 1 })),
      extensionsUsed: ['KHR_materials_unlit', 'EXT_meshopt_compression'],
    });
    const { result } = await page.import({ 'a.zip': zip({ 'a.gltf': JSON.stringify(json), 'a.bin': gltf.bin }) });
    expect(result).toMatchObject({ outcome: 'ready', report: { triangles: 2 } });
  });

  const many = () => Object.fromEntries(Array.from({ length: 2_001 }, (_, i) => [`${i}.png`, '']));

  it.each<[what: string, files: () => Uint8Array, code: string, said: RegExp]>([
    ['nothing', () => zip({}), 'scene.unsupported_format', /no scene/],
    ['no scene', () => zip({ 'a.png': 'x', 'b.zip': 'y' }), 'scene.unsupported_format', /no scene/],
    ['two scenes', () => zip({ 'a.obj': 'x', 'b/c.fbx': 'y' }), 'scene.unsupported_format', /a\.obj, b\/c\.fbx/],
    [
      'a path that leads out of it',
      () => zip({ 'a.obj': 'x', '../../etc/b.png': 'y' }),
      'scene.forbidden_uri',
      /etc\/b\.png/,
    ],
    ['an absolute path', () => zip({ '/a.obj': 'x' }), 'scene.forbidden_uri', /"\/a\.obj"/],
    ['a drive', () => zip({ 'C:\\a.obj': 'x' }), 'scene.forbidden_uri', /C:/],
    ['more files than a scene may have', () => zip(many()), 'scene.over_limit', /2001 files/],
    ['a bomb', () => bomb(PAGE_LIMITS.trustedUnpackedBytes + 1_048_576), 'scene.over_limit', /unpack to/],
    ['more bytes than fit', () => lying(PAGE_LIMITS.unpackedBytes + 1), 'scene.over_limit', /unpack to/],
    ['a cut end', () => zip({ 'a.obj': 'v 0 0 0' }).subarray(0, -30), 'scene.bad_container', /damaged ZIP/],
  ])('with %s is refused', async (_what, files, code, said) => {
    const refusal = await refusalOf({ 'a.zip': files() });
    expect(refusal).toMatchObject({ code, pointer: 'a.zip', message: expect.stringMatching(said) });
  });

  it('with a glTF that is wrong is refused with the place in that', async () => {
    const json = new GltfBuilder().json();
    const refusal = await refusalOf({ 'a.zip': zip({ 'a.gltf': JSON.stringify({ ...json, scene: 7 }) }) });
    expect(refusal).toMatchObject({ code: 'scene.invalid', pointer: '/scene' });
    const missing = JSON.stringify({ ...json, images: [{ uri: 'gone.png' }] });
    expect(await refusalOf({ 'a.zip': zip({ 'a.gltf': missing }) })).toMatchObject({ code: 'scene.missing_resource' });
  });

  it('just below the limits is taken', async () => {
    const { result } = await page.import({ 'a.zip': bomb(8_000_000) });
    expect(result).toMatchObject({ outcome: 'ready' });
  });
});

/** An OBJ with as many blanks behind it, which pack to nothing. */
function bomb(sizeBytes: number): Uint8Array {
  const chunks: Uint8Array[] = [];
  const archive = new Zip((_error, chunk) => chunks.push(chunk));
  const file = new ZipDeflate('a.obj', { level: 9 });
  archive.add(file);
  file.push(strToU8('v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n'));
  const blanks = new Uint8Array(1_048_576).fill(0x0a);
  for (let left = sizeBytes; left > 0; left -= blanks.length)
    file.push(blanks.subarray(0, Math.min(left, blanks.length)));
  file.push(new Uint8Array(), true);
  archive.end();
  return Buffer.concat(chunks);
}

/** Says that its file is so large, whatever it is. */
function lying(sizeBytes: number): Uint8Array {
  const bytes = Buffer.from(zip({ 'a.obj': 'v 0 0 0' }));
  const directory = bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
  bytes.writeUInt32LE(sizeBytes, directory + 24);
  return bytes;
}

const stl = (triangles: number, length: number) => {
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32LE(triangles, 80);
  return bytes;
};
const ply = (header: string, body = '') => `ply\nformat ascii 1.0\n${header}end_header\n${body}`;
const xyz = 'property float x\nproperty float y\nproperty float z\n';
const faces = 'property list uchar int vertex_indices\n';
const dae = (body: string) => `<?xml version="1.0"?>${body}`;
const laughs =
  '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><COLLADA>&c;</COLLADA>';
const outside = '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><COLLADA>&a;</COLLADA>';
const core = 'http://schemas.microsoft.com/3dmanufacturing/core/2015/02';
const mesh = (triangle: string) =>
  `<model xmlns="${core}"><resources><object id="1"><mesh><vertices><vertex x="0" y="0" z="0"/></vertices><triangles>${triangle}</triangles></mesh></object></resources><build><item objectid="1"/></build></model>`;
const rels = '<Relationships><Relationship Target="/3D/a.model" Id="r" Type="t"/></Relationships>';
const package3mf = (model: string) => zip({ '_rels/.rels': rels, '3D/a.model': model });

/** A binary FBX of these records at its top level: name, and the bytes of its one property. */
function fbx(...records: [name: string, property: Uint8Array][]): Buffer {
  const head = Buffer.alloc(27);
  head.write('Kaydara FBX Binary  \0\x1a\0', 'latin1');
  head.writeUInt32LE(7_400, 23);
  const parts: Uint8Array[] = [head];
  let at = head.length;
  for (const [name, property] of records) {
    const record = Buffer.alloc(13);
    at += record.length + name.length + property.length;
    record.writeUInt32LE(at, 0);
    record.writeUInt32LE(1, 4);
    record.writeUInt32LE(property.length, 8);
    record.writeUInt8(name.length, 12);
    parts.push(record, Buffer.from(name), property);
  }
  return Buffer.concat([...parts, Buffer.alloc(13)]);
}
const array = (length: number, encoding: number, data: Uint8Array) => {
  const head = Buffer.alloc(13);
  head.write('d');
  head.writeUInt32LE(length, 1);
  head.writeUInt32LE(encoding, 5);
  head.writeUInt32LE(data.length, 9);
  return Buffer.concat([head, data]);
};

const json = (object: object) => JSON.stringify({ metadata: { version: 4.6, type: 'Object' }, ...object });
const box = { uuid: 'g', type: 'BoxGeometry', width: 1, height: 1, depth: 1 };
const meshOf = (geometry: object) =>
  json({
    geometries: [geometry],
    materials: [{ uuid: 'm', type: 'MeshStandardMaterial' }],
    object: { uuid: 'o', type: 'Mesh', geometry: 'g', material: 'm' },
  });

describe('a file in another format', () => {
  it.each<[what: string, files: SceneSource, code: string, pointer: string]>([
    ['an OBJ without anything', { 'a.obj': 'hello' }, 'scene.invalid', 'a.obj'],
    [
      'an OBJ whose vertex is no number',
      { 'a.obj': 'v 0 0 x\nv 1 0 0\nv 0 1 0\nf 1 2 3' },
      'scene.invalid',
      'a Mesh without a name',
    ],
    [
      'an OBJ whose face leads nowhere',
      { 'a.obj': 'o Face\nv 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 30' },
      'scene.invalid',
      '"Face"',
    ],
    [
      'an OBJ with a picture too large',
      {
        'a.obj': 'mtllib a.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nusemtl A\nf 1 2 3',
        'a.mtl': 'newmtl A\nmap_Kd big.png',
        'big.png': pngHeader(20_000, 8),
      },
      'scene.texture_too_large',
      'big.png',
    ],
    ['an STL that says more triangles than it has', { 'a.stl': stl(4_000_000_000, 200) }, 'scene.invalid', 'a.stl'],
    ['an STL that ends in its header', { 'a.stl': Buffer.alloc(20) }, 'scene.invalid', 'a.stl'],
    ['an STL without triangles', { 'a.stl': stl(0, 84) }, 'scene.invalid', 'a.stl'],
    [
      'a PLY that says more vertices than it has bytes',
      { 'a.ply': ply(`element vertex 4000000000\n${xyz}`) },
      'scene.invalid',
      'a.ply',
    ],
    ['a PLY with elements of nothing', { 'a.ply': ply('element dust 4000000000\n') }, 'scene.invalid', 'a.ply'],
    [
      'a PLY whose face leads nowhere',
      { 'a.ply': ply(`element vertex 3\n${xyz}element face 1\n${faces}`, '0 0 0\n1 0 0\n0 1 0\n3 0 1 7\n') },
      'scene.invalid',
      'a Mesh without a name',
    ],
    ['text named .ply', { 'a.ply': 'hello' }, 'scene.invalid', 'a.ply'],
    ['a Collada whose entities multiply', { 'a.dae': dae(laughs) }, 'scene.invalid', 'a.dae'],
    ['a Collada whose entity is a file', { 'a.dae': dae(outside) }, 'scene.invalid', 'a.dae'],
    ['a Collada that is no XML', { 'a.dae': '<COLLADA><asset>' }, 'scene.invalid', 'a.dae'],
    ['XML that is no Collada', { 'a.dae': '<html/>' }, 'scene.invalid', 'a.dae'],
    ['a 3MF whose entities multiply', { 'a.3mf': package3mf(laughs) }, 'scene.invalid', '3D/a.model'],
    [
      'a 3MF whose triangle leads nowhere',
      { 'a.3mf': package3mf(mesh('<triangle v1="0" v2="1" v3="0"/>')) },
      'scene.invalid',
      'triangle 0 of object 1 in 3D/a.model',
    ],
    ['a 3MF without a model', { 'a.3mf': zip({ '_rels/.rels': rels }) }, 'scene.invalid', 'a.3mf'],
    ['a 3MF that is no ZIP', { 'a.3mf': 'hello' }, 'scene.bad_container', 'a.3mf'],
    ['a USDZ without a layer', { 'a.usdz': zip({ 'a.png': 'x' }) }, 'scene.invalid', 'a.usdz'],
    [
      'a crate that ends in its header',
      { 'a.usdc': Buffer.from('PXR-USDC\0\0\0\0\0\0\0\0') },
      'scene.invalid',
      'a.usdc',
    ],
    ['text named .fbx', { 'a.fbx': 'hello' }, 'scene.invalid', 'a.fbx'],
    [
      'an FBX that is cut off',
      { 'a.fbx': fbx(['Objects', Buffer.from('Yab')]).subarray(0, 40) },
      'scene.invalid',
      'a.fbx',
    ],
    [
      'an FBX with an array larger than it may be',
      { 'a.fbx': fbx(['Vertices', array(4_000_000_000, 1, Buffer.from('x'))]) },
      'scene.over_limit',
      'a.fbx',
    ],
    ['an FBX with a property of no type', { 'a.fbx': fbx(['Objects', Buffer.from('?abc')]) }, 'scene.invalid', 'a.fbx'],
    ['JSON that is no scene', { 'a.json': '{"name":"package"}' }, 'scene.unsupported_format', 'a.json'],
    ['text named .json', { 'a.json': 'hello' }, 'scene.bad_json', 'a.json'],
    [
      'a scene without anything',
      { 'a.json': json({ object: { uuid: 'o', type: 'Group' } }) },
      'scene.invalid',
      'a.json',
    ],
    [
      'a shape of too many parts',
      { 'a.json': meshOf({ ...box, widthSegments: 1e6, heightSegments: 1e6 }) },
      'scene.over_limit',
      'a.json#/geometries/0',
    ],
    [
      'a polyhedron of too many parts',
      { 'a.json': meshOf({ uuid: 'g', type: 'IcosahedronGeometry', detail: 1e5 }) },
      'scene.over_limit',
      'a.json#/geometries/0',
    ],
    ['a nest too deep', { 'a.json': nest(20_000) }, 'scene.invalid', 'a.json'],
  ])('%s is refused', async (_what, files, code, pointer) => {
    expect(await refusalOf(files)).toMatchObject({ code, pointer });
  });

  it('an FBX whose array unpacks to more than it says is refused before it is unpacked', async () => {
    const { deflateSync } = await import('node:zlib');
    const packed = deflateSync(Buffer.alloc(100_000_000));
    const refusal = await refusalOf({ 'a.fbx': fbx(['Vertices', array(3, 1, packed)]) });
    expect(refusal).toMatchObject({ code: 'scene.invalid', message: expect.stringContaining('unpacks to more') });
  });

  it('a GLB named otherwise is drawn, and a broken one is told of', async () => {
    const { result } = await page.import({ 'a.obj': unlitSquare([1, 0, 0]) });
    expect(result).toMatchObject({ outcome: 'ready', isConverted: false });
    expect(await refusalOf({ 'a.fbx': glb({}) })).toMatchObject({ code: 'scene.bad_json' });
  });

  it('goes on: the same page imports the next scene', async () => {
    const { result } = await page.import({ 'a.json': meshOf(box) });
    expect(result).toMatchObject({ outcome: 'ready', report: { triangles: 12 } });
  });
});

function nest(depth: number): string {
  const open = '{"uuid":"o","type":"Group","children":[';
  return `{"object":${open.repeat(depth)}${']}'.repeat(depth)}}`;
}
