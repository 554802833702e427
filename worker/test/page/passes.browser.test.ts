import { Pass, type RenderSettings } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ExrFile, readExrFile } from './exr-file.ts';
import { GltfBuilder, movingSquare, unlitSquare } from './glb.ts';
import { ball } from './lit-scenes.ts';
import { lightOf } from './pixels.ts';
import { colouredPng, png } from './png.ts';
import { readExr } from './read-file.ts';
import { TestPage } from './test-page.ts';

const ALL = [...Pass.enum];
const SIZE = { widthPx: 33, heightPx: 33 };
const MIDDLE = [16, 16] as const;
const FRONT: RenderSettings['camera'] = { position: [0, 0, 3], target: [0, 0, 0], fovDeg: 30 };
const FLOAT: Partial<RenderSettings> = { camera: FRONT, size: SIZE, format: 'exr', bitDepth: 'float', passes: ALL };
const BACKGROUND = 1e10;

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

async function layers(files: Uint8Array, settings: Partial<RenderSettings> = {}, frame = 0): Promise<ExrFile> {
  const { sceneHash } = await page.load({ 'scene.glb': files });
  return readExrFile((await page.frame(sceneHash, { ...FLOAT, ...settings }, frame)).bytes);
}

/** Values of some channels of a pixel. */
const at = (file: ExrFile, names: string, [x, y]: readonly [number, number] = MIDDLE): number[] =>
  names.split(' ').map((name) => file.value(name, x, y));

/** @param digits after the point that are right. */
function expectNear(values: readonly number[], expected: readonly number[], digits = 4): void {
  expect(values).toHaveLength(expected.length);
  for (const [index, value] of values.entries()) expect(value).toBeCloseTo(expected[index] ?? Number.NaN, digits);
}

const XYZ = (layer: string) => `${layer}.X ${layer}.Y ${layer}.Z`;
const RGBA = (layer: string) => `${layer}.R ${layer}.G ${layer}.B ${layer}.A`;
const RGB = (layer: string) => `${layer}.R ${layer}.G ${layer}.B`;

describe('the file', () => {
  it('holds each layer by its name, and of half floats depth, position and samples in whole ones', async () => {
    const { types } = await layers(ball({ albedo: 0.5 }), { bitDepth: 'half', samples: 3 });
    const mattes = ['CryptoObject', 'CryptoMaterial'].flatMap((name) =>
      ['00', '01', '02'].flatMap((layer) => RGBA(name + layer).split(' ')),
    );
    const floats = [
      'depth.Z',
      'position.X',
      'position.Y',
      'position.Z',
      'motion.X',
      'motion.Y',
      'samples.Y',
      ...mattes,
    ];
    const halves = ['A B G R', RGBA('noisy'), RGB('albedo'), XYZ('normal'), RGB('emission')].join(' ');
    expect(Object.fromEntries(types)).toEqual({
      ...Object.fromEntries(halves.split(' ').map((name) => [name, 'half'])),
      ...Object.fromEntries(floats.map((name) => [name, 'float'])),
    });
  });

  it('has the picture as it is without other layers', async () => {
    const files = ball({ albedo: 0.5, sun: true });
    const { sceneHash } = await page.load({ 'scene.glb': files });
    const alone = await page.frame(sceneHash, { ...FLOAT, passes: ['beauty'], samples: 4 });
    const beside = await page.frame(sceneHash, { ...FLOAT, samples: 4 });
    expect(beside.result.statistics).toEqual(alone.result.statistics);
    const picture = readExr(alone.bytes);
    // EXRLoader takes R, G, B and A of whatever else there is.
    expect(readExr(beside.bytes).values).toEqual(picture.values);
    const again = await page.frame(sceneHash, { ...FLOAT, passes: ['beauty'], samples: 4 });
    expect(again.result.sha256).toBe(alone.result.sha256);
  });

  it('holds the same in a pass, whichever others are beside it', async () => {
    const { sceneHash } = await page.load({ 'scene.glb': ball({ albedo: 0.5 }) });
    const all = readExrFile((await page.frame(sceneHash, FLOAT)).bytes);
    for (const passes of [['depth'], ['normal'], ['albedo'], ['emission', 'crypto-object']] as Pass[][]) {
      const some = readExrFile((await page.frame(sceneHash, { ...FLOAT, passes })).bytes);
      for (const name of some.types.keys()) expect(at(some, name)).toEqual(at(all, name));
    }
  });

  it('holds no picture that was not asked for, and then has statistics of its first pass', async () => {
    const { sceneHash } = await page.load({ 'scene.glb': ball({ albedo: 0.5 }) });
    const { bytes, result } = await page.frame(sceneHash, { ...FLOAT, passes: ['depth'], engine: 'pathtrace' });
    const file = readExrFile(bytes);
    expect([...file.types.keys()]).toEqual(['depth.Z']);
    const { min = 0, max = 0, ...others } = result.statistics ?? {};
    expect(others).toMatchObject({ pass: 'depth', nanCount: 0 });
    // Nothing stands in the corner.
    expect(at(file, 'depth.Z', [0, 0])).toEqual([1e10]);
    const [middle = 0] = at(file, 'depth.Z');
    expect(min).toBeLessThanOrEqual(middle);
    expect(max).toBeGreaterThan(middle);
    expect(max).toBeLessThan(middle + 2);
    const mattes = await page.frame(sceneHash, { ...FLOAT, passes: ['crypto-object'] });
    expect(mattes.result.statistics).toMatchObject({ pass: 'crypto-object', min: 0, max: 1, nanCount: 0 });
  });

  it('tells the samples of the picture', async () => {
    const file = await layers(ball({ albedo: 0.5 }), { samples: 3, passes: ['beauty', 'samples'] });
    expect(at(file, 'samples.Y', [0, 0])).toEqual([3]);
    expect(at(file, 'samples.Y', [32, 32])).toEqual([3]);
  });
});

describe.each(['raster', 'pathtrace'] as const)('%s', (engine) => {
  it('depth of a plane in metres along the view axis, and of nothing', async () => {
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.square(gltf.matte(0.5)), translation: [0, 0, -17.25] });
    const file = await layers(gltf.build(), { engine, camera: { ...FRONT, fovDeg: 5 } });
    // Near its edges too: no distance from the camera's point.
    for (const pixel of [MIDDLE, [9, 9], [23, 16]] as const) {
      const [depth = 0] = at(file, 'depth.Z', pixel);
      expect(Math.abs(depth / 20.25 - 1)).toBeLessThan(1e-4);
    }
    expect(at(file, `depth.Z ${XYZ('position')} ${XYZ('normal')}`, [0, 0])).toEqual([
      Math.fround(BACKGROUND),
      ...[0, 0, 0],
      ...[0, 0, 0],
    ]);
  });
});

describe('data of surfaces', () => {
  it('position in the world, the right way up', async () => {
    const file = await layers(unlitSquare([1, 1, 1]), {
      camera: { position: [1, 2, 3], target: [0, 0, 0], fovDeg: 30 },
    });
    expectNear(at(file, XYZ('position')), [0, 0, 0]);
    const front = await layers(unlitSquare([1, 1, 1]));
    // A pixel is 6 tan 15° ÷ 33 m.
    const pixel = (6 * Math.tan(Math.PI / 12)) / 33;
    expectNear(at(front, XYZ('position'), [20, 10]), [4 * pixel, 6 * pixel, 0]);
  });

  it('position and depth of an orthographic camera', async () => {
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.square(gltf.unlit([1, 0, 0])) });
    gltf.rest.cameras = [{ type: 'orthographic', orthographic: { xmag: 1, ymag: 1, znear: 0.1, zfar: 10 } }];
    gltf.node({ name: 'Flat', camera: 0, translation: [0, 0, 5] });
    const file = await layers(gltf.build(), { camera: 'Flat' });
    expectNear(at(file, 'depth.Z position.X position.Y', [20, 20]), [5, (4 * 2) / 33, (-4 * 2) / 33]);
  });

  it('normals of a ball point away from its middle', async () => {
    const file = await layers(ball({ albedo: 0.5 }));
    for (const pixel of [MIDDLE, [12, 10], [21, 18]] as const) {
      const place = at(file, XYZ('position'), pixel);
      expectNear(
        at(file, XYZ('normal'), pixel),
        place.map((part) => part / Math.hypot(...place)),
        1.5,
      );
      expect(Math.hypot(...at(file, XYZ('normal'), pixel))).toBeCloseTo(1, 5);
    }
  });

  it('normals of a turned plane, and of the back of one with two sides', async () => {
    const turned = (angle: number, doubleSided: boolean) => {
      const gltf = new GltfBuilder();
      const mesh = gltf.square(gltf.material({ doubleSided }));
      gltf.node({ mesh, rotation: [0, Math.sin(angle / 2), 0, Math.cos(angle / 2)] });
      return gltf.build();
    };
    expectNear(at(await layers(turned(Math.PI / 6, false)), XYZ('normal')), [0.5, 0, Math.sqrt(0.75)]);
    expectNear(at(await layers(turned(Math.PI, true)), XYZ('normal')), [0, 0, 1]);
    expect(at(await layers(turned(Math.PI, false)), 'depth.Z')).toEqual([Math.fround(BACKGROUND)]);
  });

  it('normals that a map bends', async () => {
    const gltf = new GltfBuilder();
    // Red 255, green 128, blue 128: all to the right.
    gltf.rest.images = [{ bufferView: gltf.view(await png(2, 2, 'rgb(255,128,128)')), mimeType: 'image/png' }];
    gltf.rest.textures = [{ source: 0 }];
    gltf.node({ mesh: gltf.square(gltf.material({ normalTexture: { index: 0 } })) });
    const [x = 0, , z = 1] = at(await layers(gltf.build()), XYZ('normal'));
    expect(x).toBeGreaterThan(0.99);
    expect(z).toBeLessThan(0.05);
  });

  it('albedo is texture times factor, linear, whatever the light; what glows emits', async () => {
    const gltf = new GltfBuilder();
    gltf.rest.images = [{ bufferView: gltf.view(await png(2, 2, 'rgb(128,255,64)')), mimeType: 'image/png' }];
    gltf.rest.textures = [{ source: 0 }];
    const pbrMetallicRoughness = { baseColorTexture: { index: 0 }, baseColorFactor: [0.5, 0.25, 1, 1] };
    const mesh = gltf.square(gltf.material({ pbrMetallicRoughness, emissiveFactor: [0.25, 0, 1] }));
    gltf.node({ mesh });
    const file = await layers(gltf.build(), { environment: 'none', exposureEv: 2 });
    expectNear(at(file, RGB('albedo')), [lightOf(128) * 0.5, 0.25, lightOf(64)], 3);
    expectNear(at(file, RGB('emission')), [0.25, 0, 1]);
    expectNear(at(file, RGB('albedo'), [0, 0]), [0, 0, 0]);
  });

  it('an unlit surface emits its colour, and has no albedo', async () => {
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.square(gltf.textured(await colouredPng())) });
    const file = await layers(gltf.build());
    expectNear(at(file, RGB('albedo'), [12, 12]), [0, 0, 0]);
    expectNear(at(file, RGB('emission'), [12, 12]), at(file, 'R G B', [12, 12]), 2);
  });

  it('what a mask cuts out, and what is more than half transparent, is not there', async () => {
    const alpha = (opacity: number, alphaMode: string) => {
      const gltf = new GltfBuilder();
      const baseColorFactor = [1, 1, 1, opacity];
      gltf.node({ mesh: gltf.square(gltf.material({ pbrMetallicRoughness: { baseColorFactor }, alphaMode })) });
      gltf.node({ mesh: gltf.square(gltf.matte(0.5)), translation: [0, 0, -1] });
      return gltf.build();
    };
    const depth = async (opacity: number, mode: string) => at(await layers(alpha(opacity, mode)), 'depth.Z')[0] ?? 0;
    expect(await depth(0.4, 'MASK')).toBeCloseTo(4, 4);
    expect(await depth(0.6, 'MASK')).toBeCloseTo(3, 4);
    expect(await depth(0.4, 'BLEND')).toBeCloseTo(4, 4);
    expect(await depth(0.6, 'BLEND')).toBeCloseTo(3, 4);
    expect(await depth(0.1, 'OPAQUE')).toBeCloseTo(3, 4);
  });

  it('of coplanar surfaces the one that the picture shows', async () => {
    const gltf = new GltfBuilder();
    const [green, red] = [gltf.matte([0, 1, 0]), gltf.matte([1, 0, 0])];
    // Drawn by material: the red one last, although it does not stand last.
    for (const material of [green, red, green]) gltf.node({ mesh: gltf.square(material) });
    const file = await layers(gltf.build());
    const [r = 0, g = 0] = at(file, 'R G');
    const [albedoR = 0, albedoG = 0] = at(file, 'albedo.R albedo.G');
    expect(r).toBeGreaterThan(g);
    expect(albedoR).toBeGreaterThan(albedoG);
  });

  it('follows clips, skins, morph targets and instances', async () => {
    const wide: Partial<RenderSettings> = { camera: { position: [0, 0, 6], target: [0, 0, 0], fovDeg: 40 }, fps: 10 };
    const columns = async (files: Uint8Array, frame: number) => {
      const file = await layers(files, wide, frame);
      return Array.from({ length: 33 }, (_, x) => x).filter((x) => file.value('depth.Z', x, 16) < 100);
    };
    const start = await columns(movingSquare(), 0);
    const end = await columns(movingSquare(), 9);
    expect(start.length).toBeGreaterThan(5);
    expect(Math.min(...end)).toBeGreaterThan(Math.max(...start) - 2);
    const depth = async (files: Uint8Array) => at(await layers(files), 'depth.Z')[0] ?? 0;
    expect(await depth(morphed())).toBeCloseTo(2.5, 4);
    expect(await depth(skinned())).toBeCloseTo(2, 4);
    expect(await depth(instanced())).toBeCloseTo(2.25, 4);
  });

  it('mattes of objects and materials, which the header names', async () => {
    const gltf = new GltfBuilder();
    const half = (name: string) => gltf.square(gltf.material({ name }), 0.5);
    gltf.node({ name: 'Left: ä', mesh: half('Chrome'), translation: [-0.3, 0, 0] });
    // Of two materials: one object.
    const [upper, lower] = [half('Chrome'), half('Wood')];
    const { primitives } = gltf.meshes[upper] as { primitives: Json[] };
    const low = (gltf.meshes[lower] as { primitives: { attributes: Json }[] }).primitives[0];
    const corners = Float32Array.of(-0.25, -0.75, 0, 0.25, -0.75, 0, 0.25, -0.25, 0, -0.25, -0.25, 0);
    const attributes = { ...low?.attributes, POSITION: gltf.accessor(corners, 'VEC3') };
    gltf.meshes[upper] = { primitives: [...primitives, { ...low, attributes }] };
    gltf.node({ name: 'Right', mesh: upper, translation: [0.3, 0, 0] });
    const file = await layers(gltf.build());
    const named = (layer: string) => {
      const key = [...file.texts].find(([name, text]) => name.endsWith('/name') && text === layer)?.[0].slice(0, -5);
      expect(key).toMatch(/^cryptomatte\/[0-9a-f]{7}$/);
      expect(file.texts.get(`${key}/hash`)).toBe('MurmurHash3_32');
      expect(file.texts.get(`${key}/conversion`)).toBe('uint32_to_float32');
      const manifest = new Map<string, string>(Object.entries(JSON.parse(file.texts.get(`${key}/manifest`) ?? '')));
      const of = (pixel: readonly [number, number]) => {
        const [id = 0, ...rest] = at(file, RGBA(`${layer}00`), pixel);
        const bits = Buffer.alloc(4);
        bits.writeFloatBE(id);
        return [[...manifest].find(([, hex]) => hex === bits.toString('hex'))?.[0] ?? null, ...rest];
      };
      return { names: [...manifest.keys()], of };
    };
    const [objects, materials] = [named('CryptoObject'), named('CryptoMaterial')];
    expect(objects.names).toEqual(['Left: ä', 'Right']);
    expect(materials.names).toEqual(['Chrome', 'Wood']);
    const [left, right, under, nothing] = [
      [10, 16],
      [22, 16],
      [22, 26],
      [0, 0],
    ] as const;
    expect([left, right, under].map(objects.of)).toEqual([
      ['Left: ä', 1, 0, 0],
      ['Right', 1, 0, 0],
      ['Right', 1, 0, 0],
    ]);
    expect([left, right, under].map(materials.of)).toEqual([
      ['Chrome', 1, 0, 0],
      ['Chrome', 1, 0, 0],
      ['Wood', 1, 0, 0],
    ]);
    expect(objects.of(nothing)).toEqual([null, 0, 0, 0]);
  });

  it('draws points, without normals', async () => {
    const gltf = new GltfBuilder();
    const position = gltf.accessor(Float32Array.of(0, 0, 0, 1, 0, 0, -1, 0, 0), 'VEC3');
    gltf.meshes.push({ primitives: [{ attributes: { POSITION: position }, mode: 0 }] });
    gltf.node({ mesh: 0 });
    const file = await layers(gltf.build());
    expectNear(at(file, `depth.Z ${XYZ('normal')} ${RGB('emission')}`), [3, 0, 0, 0, 1, 1, 1]);
  });
});

type Json = Record<string, unknown>;

/** A square whose vertices something brings nearer. @param change of its primitive, which has `attributes`. */
function carried(gltf: GltfBuilder, change: (attributes: Json) => Json, node: Json): Uint8Array {
  const mesh = gltf.square(gltf.matte(0.5));
  const { primitives } = gltf.meshes[mesh] as { primitives: { attributes: Json }[] };
  gltf.meshes[mesh] = { primitives: primitives.map((one) => ({ ...one, ...change(one.attributes) })) };
  gltf.node({ mesh, ...node });
  return gltf.build();
}

function morphed(): Uint8Array {
  const gltf = new GltfBuilder();
  const nearer = Float32Array.from({ length: 12 }, (_, i) => (i % 3 === 2 ? 0.5 : 0));
  const POSITION = gltf.accessor(nearer, 'VEC3');
  return carried(gltf, () => ({ targets: [{ POSITION }] }), { weights: [1] });
}

function skinned(): Uint8Array {
  const gltf = new GltfBuilder();
  const JOINTS_0 = gltf.accessor(new Uint16Array(16), 'VEC4');
  const whole = Float32Array.from({ length: 16 }, (_, i) => (i % 4 === 0 ? 1 : 0));
  const WEIGHTS_0 = gltf.accessor(whole, 'VEC4');
  gltf.rest.skins = [{ joints: [gltf.node({ translation: [0, 0, 1] })] }];
  return carried(gltf, (attributes) => ({ attributes: { ...attributes, JOINTS_0, WEIGHTS_0 } }), { skin: 0 });
}

function instanced(): Uint8Array {
  const gltf = new GltfBuilder().uses('EXT_mesh_gpu_instancing');
  const TRANSLATION = gltf.accessor(Float32Array.of(0, 0, 0.75, 3, 0, 0), 'VEC3');
  return carried(gltf, () => ({}), { extensions: { EXT_mesh_gpu_instancing: { attributes: { TRANSLATION } } } });
}
