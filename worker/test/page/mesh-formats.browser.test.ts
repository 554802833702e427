/**
 * Formats of meshes (OBJ, STL, PLY, 3MF): what is in them comes out as it was meant, in metres, y up.
 *
 * @module-tag heavy
 */
import sharp from 'sharp';
import { strToU8, zipSync } from 'three/addons/libs/fflate.module.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codes, hueAt, taken as takenBy, twoColors, upper } from './converted.ts';
import { type SceneSource, TestPage } from './test-page.ts';

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

const taken = (files: SceneSource, camera?: string, frameNumber?: number) => takenBy(page, files, camera, frameNumber);

/** A quad in the plane z = 0 whose upper half is the upper half of the image. */
const QUAD = `mtllib quad.mtl
v -1 0 0\nv 1 0 0\nv 1 2 0\nv -1 2 0
vt 0 0\nvt 1 0\nvt 1 1\nvt 0 1
usemtl Two
f 1/1 2/2 3/3 4/4
`;

describe('OBJ', () => {
  it.each(['png', 'jpeg', 'webp'] as const)(
    'is drawn with the textures of its library, a %s the right way up',
    async (format) => {
      const image = await twoColors(format);
      const files = {
        'a/quad.obj': QUAD,
        'a/quad.mtl': `newmtl Two\nmap_Kd .\\tex\\Two.${format}`,
        [`a/tex/two.${format}`]: image,
      };
      const { report, picture } = await taken(files);
      expect(upper(picture)).toEqual(['red', 'blue']);
      expect(report.textures).toEqual([
        { name: `Two.${format}`, widthPx: 16, heightPx: 16, mediaType: `image/${format}` },
      ]);
      expect(report.source).toMatchObject({ format: 'obj', path: 'a/quad.obj', unitSaidBy: 'assumed', upAxis: 'y' });
      expect(report.bounds).toEqual({ min: [-1, 0, 0], max: [1, 2, 0] });
    },
  );

  it('has images that glTF does not know written anew, and scaled coordinates', async () => {
    const { data, info } = await sharp(await twoColors('png'))
      .raw()
      .toBuffer({ resolveWithObject: true });
    const tga = Buffer.alloc(18 + data.length);
    tga.set([0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, info.width, 0, info.height, 0, 24, 0x20]);
    for (let i = 0; i < data.length; i += 3) tga.set([data[i + 2] ?? 0, data[i + 1] ?? 0, data[i] ?? 0], 18 + i);
    const files = { 'q.obj': QUAD, 'quad.mtl': 'newmtl Two\nmap_Kd -s 1 2 1 two.tga', 'two.tga': tga };
    const { report, picture } = await taken(files);
    expect(report.textures[0]).toMatchObject({ mediaType: 'image/png', widthPx: 16 });
    expect([0.25, 0.42, 0.6, 0.78].map((y) => hueAt(picture, 0.5, y))).toEqual(['red', 'blue', 'red', 'blue']);
  });

  it('has an alpha map put into its colours', async () => {
    const mask = await twoColors('png').then((bytes) => sharp(bytes).extractChannel('red').png().toBuffer());
    const mtl = 'newmtl Two\nKd 0 1 0\nmap_d mask.png';
    const { report, picture } = await taken({ 'q.obj': QUAD, 'quad.mtl': mtl, 'mask.png': mask });
    expect(upper(picture)).toEqual(['green', null]);
    expect(codes(report)).toEqual([]);
  });

  it('says what is missing, and is drawn without', async () => {
    const { report } = await taken({ 'q.obj': QUAD, 'quad.mtl': 'newmtl Two\nmap_Kd http://example.com/gone.png' });
    expect(report.findings).toMatchObject([
      { severity: 'warning', code: 'MISSING_IMAGE', pointer: 'http://example.com/gone.png' },
    ]);
    const without = await taken({ 'q.obj': QUAD });
    expect(codes(without.report)).toEqual(['MISSING_MATERIALS']);
    expect(without.report.findingCounts).toMatchObject({ warning: 1, error: 0 });
  });

  it('keeps the colours of its vertices', async () => {
    const { picture } = await taken({ 'c.obj': 'v -1 0 0 1 0 0\nv 1 0 0 1 0 0\nv 0 2 0 1 0 0\nf 1 2 3' });
    expect(hueAt(picture, 0.5, 0.5)).toBe('red');
  });
});

describe('STL', () => {
  const stl =
    'solid a\nfacet normal 0 0 0\nouter loop\nvertex 0 0 0\nvertex 10 0 0\nvertex 0 0 20\nendloop\nendfacet\nendsolid a\n';

  it('is taken for millimetres, z up, and lit by what its triangles face', async () => {
    const { report } = await taken({ 'a.stl': stl });
    expect(report.source).toMatchObject({
      metresPerUnit: 0.001,
      unitSaidBy: 'assumed',
      upAxis: 'z',
      upAxisSaidBy: 'assumed',
    });
    expect(report.bounds.max[1]).toBeCloseTo(0.02);
    expect(report.bounds.max[0]).toBeCloseTo(0.01);
    expect(report.triangles).toBe(1);
  });
});

describe('PLY', () => {
  const head = (vertex: string, faces: number) =>
    `ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\n${vertex}element face ${faces}\nproperty list uchar int vertex_indices\nend_header\n`;
  const color = 'property uchar red\nproperty uchar green\nproperty uchar blue\n';

  it('keeps colours of vertices', async () => {
    const { report, picture } = await taken({
      'a.ply': `${head(color, 1)}-1 0 0 0 255 0\n1 0 0 0 255 0\n0 2 0 0 255 0\n3 0 1 2\n`,
    });
    expect(hueAt(picture, 0.5, 0.5)).toBe('green');
    expect(codes(report)).toEqual(['FLAT_SHADED']);
    expect(report.bounds.max).toEqual([1, 2, 0]);
  });

  it('is points where it has no faces', async () => {
    const { report } = await taken({ 'a.ply': `${head('', 0)}-1 0 0\n1 0 0\n0 2 0\n` });
    expect(report).toMatchObject({ triangles: 0, meshes: 1 });
  });
});

describe('3MF', () => {
  const CORE = 'http://schemas.microsoft.com/3dmanufacturing/core/2015/02';
  const PRODUCTION = 'http://schemas.microsoft.com/3dmanufacturing/production/2015/06';
  const triangle = (id: string, x: number, more = '', resources = '') =>
    `<model unit="centimeter" xmlns="${CORE}"><resources>${resources}<object id="${id}" type="model"${more}><mesh><vertices><vertex x="${x}" y="0" z="0"/><vertex x="${x + 10}" y="0" z="0"/><vertex x="${x}" y="0" z="20"/></vertices><triangles><triangle v1="0" v2="1" v3="2"/></triangles></mesh></object></resources><build>${id === 'root' ? '<item objectid="root"/>' : ''}</build></model>`;
  const package3mf = (parts: Record<string, string>) =>
    zipSync(
      Object.fromEntries(
        Object.entries({
          '_rels/.rels':
            '<Relationships><Relationship Target="/3D/a.model" Id="r" Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/></Relationships>',
          ...parts,
        }).map(([name, text]) => [name, strToU8(text)]),
      ),
    );

  it('is turned and scaled as its format and unit say, with its base materials', async () => {
    const base = '<basematerials id="7"><base name="Green" displaycolor="#00FF00"/></basematerials>';
    const { report, picture } = await taken({
      'a.3mf': package3mf({ '3D/a.model': triangle('root', 0, ' pid="7" pindex="0"', base) }),
    });
    expect(report.source).toMatchObject({
      metresPerUnit: 0.01,
      unitSaidBy: 'file',
      upAxis: 'z',
      upAxisSaidBy: 'format',
    });
    expect(report.bounds.max[1]).toBeCloseTo(0.2);
    expect(hueAt(picture, 0.45, 0.6)).toBe('green');
  });

  it('has objects of the same id in several parts', async () => {
    const item = (part: string) => `<item objectid="1" p:path="/3D/Objects/${part}.model"/>`;
    const root = `<model xmlns="${CORE}" xmlns:p="${PRODUCTION}"><resources/><build>${item('b')}${item('c')}</build></model>`;
    const parts = {
      '3D/a.model': root,
      '3D/Objects/b.model': triangle('1', 0),
      '3D/Objects/c.model': triangle('1', 100),
    };
    const { report } = await taken({ 'a.3mf': package3mf(parts) });
    expect(report.triangles).toBe(2);
    expect(report.bounds.min[0]).toBeCloseTo(0);
    expect(report.bounds.max[0]).toBeCloseTo(0.11);
  });
});
