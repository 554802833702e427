/** That the page knows what glTF and its extensions can say: each is seen in the pixels. */
import type { RenderSettings } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changePrimitive, GltfBuilder, glb } from './glb.ts';
import { decode, type Pixels } from './pixels.ts';
import { png } from './png.ts';
import { TestPage } from './test-page.ts';

const FRONT: RenderSettings['camera'] = { position: [0.6, 0.4, 3], target: [0, 0, 0], fovDeg: 30 };

type Json = Record<string, unknown>;

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

/** Imports the scene, which must be taken, and draws it. */
async function picture(file: Uint8Array, settings: Partial<RenderSettings> = {}): Promise<Pixels> {
  const { result } = await page.import({ 'scene.glb': file });
  if (result.outcome !== 'ready') throw new Error(`refused: ${result.refusal.message}`);
  const { sceneHash } = await page.load({ 'scene.glb': file });
  const { bytes } = await page.frame(sceneHash, { camera: FRONT, ...settings });
  return decode(bytes);
}

/** Sum of the differences of all levels. */
const difference = (a: Pixels, b: Pixels) =>
  a.data.reduce((sum, level, index) => sum + Math.abs(level - (b.data[index] ?? 0)), 0);

describe('materials', () => {
  /** A plate in front of stripes, so that what shines through is seen too. */
  const plate = (material: Json) => {
    const gltf = new GltfBuilder();
    for (const x of [-0.6, -0.3, 0, 0.3, 0.6]) {
      gltf.node({ mesh: gltf.square(gltf.unlit([1, 0.9, 0.1]), 0.15), translation: [x, 0, -0.6], scale: [1, 12, 1] });
    }
    const named = Object.keys(material.extensions ?? {});
    gltf.node({ mesh: gltf.square(gltf.material(material)) });
    return gltf.uses(...named).build();
  };
  const pbr = (metallicFactor: number, roughnessFactor: number) => ({
    pbrMetallicRoughness: { baseColorFactor: [0.7, 0.3, 0.2, 1], metallicFactor, roughnessFactor },
  });
  const glass = { KHR_materials_transmission: { transmissionFactor: 1 } };
  const volume = { ...glass, KHR_materials_volume: { thicknessFactor: 0.6 } };

  const cases: [extension: string, without: Json, withIt: Json][] = [
    ['KHR_materials_anisotropy', pbr(1, 0.4), { anisotropyStrength: 1, anisotropyRotation: 1.2 }],
    ['KHR_materials_clearcoat', pbr(0, 1), { clearcoatFactor: 1 }],
    ['KHR_materials_diffuse_roughness', pbr(0, 0.6), { diffuseRoughnessFactor: 1 }],
    ['KHR_materials_dispersion', { ...pbr(0, 0), extensions: volume }, { dispersion: 10 }],
    ['KHR_materials_emissive_strength', { ...pbr(0, 1), emissiveFactor: [0.1, 0.1, 0.1] }, { emissiveStrength: 5 }],
    ['KHR_materials_ior', pbr(0, 0.1), { ior: 2.4 }],
    ['KHR_materials_iridescence', pbr(1, 0.2), { iridescenceFactor: 1, iridescenceIor: 1.8 }],
    ['KHR_materials_sheen', pbr(0, 1), { sheenColorFactor: [0, 0, 1], sheenRoughnessFactor: 0.5 }],
    ['KHR_materials_specular', pbr(0, 0.1), { specularFactor: 0 }],
    ['KHR_materials_transmission', pbr(0, 0), { transmissionFactor: 1 }],
    ['KHR_materials_unlit', pbr(0, 1), {}],
    [
      'KHR_materials_volume',
      { ...pbr(0, 0), extensions: glass },
      { thicknessFactor: 0.6, attenuationDistance: 0.1, attenuationColor: [0, 1, 0] },
    ],
  ];

  it.each(cases)('are drawn with %s', async (extension, without, withIt) => {
    const present = typeof without.extensions === 'object' ? without.extensions : {};
    const plain = await picture(plate(without));
    const extended = await picture(plate({ ...without, extensions: { ...present, [extension]: withIt } }));
    expect(difference(plain, extended)).toBeGreaterThan(2_000);
  });

  it('shift textures by KHR_texture_transform', async () => {
    const half = Buffer.concat([Buffer.alloc(8 * 3, 255), Buffer.alloc(8 * 3, 0)]);
    const { default: sharp } = await import('sharp');
    const image = await sharp(half, { raw: { width: 1, height: 16, channels: 3 } })
      .png()
      .toBuffer();
    const scene = (offset: number) => {
      const gltf = new GltfBuilder();
      gltf.rest.images = [{ bufferView: gltf.view(image), mimeType: 'image/png' }];
      gltf.rest.textures = [{ source: 0 }];
      const extensions = { KHR_texture_transform: { offset: [0, offset] } };
      const unlit = { KHR_materials_unlit: {} };
      const pbrMetallicRoughness = { baseColorTexture: { index: 0, extensions } };
      gltf.node({ mesh: gltf.square(gltf.material({ pbrMetallicRoughness, extensions: unlit }), 2) });
      return gltf.uses('KHR_texture_transform', 'KHR_materials_unlit').build();
    };
    const camera: RenderSettings['camera'] = { position: [0, 0.5, 3], target: [0, 0.5, 0], fovDeg: 10 };
    expect((await picture(scene(0), { camera })).middle).toEqual([255, 255, 255, 255]);
    expect((await picture(scene(0.5), { camera })).middle).toEqual([0, 0, 0, 255]);
  });

  it('are drawn with WebP textures by EXT_texture_webp, without which there is none', async () => {
    const { default: sharp } = await import('sharp');
    const image = await sharp(await png(16, 16, '#00ff00'))
      .webp({ lossless: true })
      .toBuffer();
    const gltf = new GltfBuilder().uses('EXT_texture_webp', 'KHR_materials_unlit');
    gltf.rest.images = [{ bufferView: gltf.view(image), mimeType: 'image/webp' }];
    gltf.rest.textures = [{ extensions: { EXT_texture_webp: { source: 0 } } }];
    gltf.rest.extensionsRequired = ['EXT_texture_webp'];
    const unlit = { extensions: { KHR_materials_unlit: {} } };
    gltf.node({
      mesh: gltf.square(gltf.material({ pbrMetallicRoughness: { baseColorTexture: { index: 0 } }, ...unlit })),
    });
    expect((await picture(gltf.build())).middle).toEqual([0, 255, 0, 255]);
  });

  it('are drawn with plain KTX2 textures of three channels', async () => {
    const gltf = new GltfBuilder().uses('KHR_texture_basisu', 'KHR_materials_unlit');
    gltf.rest.images = [{ bufferView: gltf.view(ktx2(4, [0, 0, 255])), mimeType: 'image/ktx2' }];
    gltf.rest.textures = [{ extensions: { KHR_texture_basisu: { source: 0 } } }];
    const unlit = { extensions: { KHR_materials_unlit: {} } };
    gltf.node({
      mesh: gltf.square(gltf.material({ pbrMetallicRoughness: { baseColorTexture: { index: 0 } }, ...unlit })),
    });
    expect((await picture(gltf.build())).middle).toEqual([0, 0, 255, 255]);
  });
});

describe('lights of KHR_lights_punctual', () => {
  const lit = (light: Json, blocker: boolean) => {
    const gltf = new GltfBuilder().uses('KHR_lights_punctual');
    gltf.rest.extensions = { KHR_lights_punctual: { lights: [light] } };
    const white = gltf.material({ pbrMetallicRoughness: { metallicFactor: 0, roughnessFactor: 1 }, doubleSided: true });
    gltf.node({ mesh: gltf.square(white) });
    // Between the light and the middle of the plate, out of the camera's sight.
    if (blocker)
      gltf.node({ mesh: gltf.square(white, 0.3), translation: [0.5, 0, 0.5], rotation: [0, 0.382683, 0, 0.92388] });
    const extensions = { KHR_lights_punctual: { light: 0 } };
    // Looks from +x +z at 45° to the middle.
    gltf.node({ extensions, translation: [1, 0, 1], rotation: [0, 0.382683, 0, 0.92388] });
    return gltf.build();
  };
  const camera: RenderSettings['camera'] = { position: [-0.5, 0, 3], target: [0, 0, 0], fovDeg: 30 };

  it.each([
    ['directional', { type: 'directional', intensity: 3, color: [1, 0, 0] }, true],
    ['spot', { type: 'spot', intensity: 12, color: [1, 0, 0], spot: { outerConeAngle: 0.6 } }, true],
    ['point', { type: 'point', intensity: 12, color: [1, 0, 0] }, false],
  ] as const)('shine: %s', async (_type, light, castsShadow) => {
    const [red = 0, green = 0] = (await picture(lit(light, false), { camera })).middle;
    expect(red).toBeGreaterThan(green + 40);
    if (!castsShadow) return;
    const [shaded = 0, unchanged = 0] = (await picture(lit(light, true), { camera })).middle;
    expect(shaded).toBeLessThan(red - 40);
    expect(Math.abs(unchanged - green)).toBeLessThan(20);
  });
});

describe('shadows', () => {
  it('are as fine in a small clip as if the first clip had not carried something far away', async () => {
    const plate = (casts: boolean) => {
      const gltf = new GltfBuilder().uses('KHR_lights_punctual');
      gltf.rest.extensions = { KHR_lights_punctual: { lights: [{ type: 'directional', intensity: 1 }] } };
      const matte = { metallicFactor: 0, roughnessFactor: 1 };
      const white = gltf.material({ pbrMetallicRoughness: matte, doubleSided: true });
      gltf.node({ mesh: gltf.square(white) });
      if (casts) gltf.node({ mesh: gltf.square(white, 0.3), translation: [0, 0, 0.5] });
      gltf.node({ extensions: { KHR_lights_punctual: { light: 0 } } });
      const traveller = gltf.node({ mesh: gltf.square(white, 0.1), translation: [0.4, 0.4, 0.1] });
      const input = gltf.accessor(Float32Array.of(0, 1), 'SCALAR');
      const clip = (name: string, to: number) => ({
        name,
        samplers: [{ input, output: gltf.accessor(Float32Array.of(0.4, 0.4, 0.1, to, 0.4, 0.1), 'VEC3') }],
        channels: [{ sampler: 0, target: { node: traveller, path: 'translation' } }],
      });
      gltf.rest.animations = [clip('far', 2_000), clip('near', 0.5)];
      return gltf.build();
    };
    // Looks below the blocker at the plate's middle.
    const settings: Partial<RenderSettings> = {
      camera: { position: [0, -1.2, 0.5], target: [0, 0, 0], fovDeg: 10 },
      clip: 'near',
    };
    const [lit = 0] = (await picture(plate(false), settings)).middle;
    const [shaded = 0] = (await picture(plate(true), settings)).middle;
    expect(shaded).toBeLessThan(lit - 40);
  });

  it('are drawn after those of a scene with textures that is gone', async () => {
    const lit = (material: (gltf: GltfBuilder) => number) => {
      const gltf = new GltfBuilder();
      gltf.node({ mesh: gltf.square(material(gltf)) });
      // With smaller copies, which are made when it is uploaded.
      gltf.rest.samplers = [{ minFilter: 9987 }];
      gltf.directionalLight({ intensity: 2, rotation: [0, 0, 0, 1] });
      return gltf.build();
    };
    const image = await png(4, 4, '#ff0000');
    const textured = await page.load({ 'scene.glb': lit((gltf) => gltf.textured(image)) });
    await page.frame(textured.sceneHash);
    await page.client.call('unload', { sceneHash: textured.sceneHash });
    expect((await picture(lit((gltf) => gltf.matte(0.5)))).middle[0]).toBeGreaterThan(100);
  });
});

describe('geometry', () => {
  it('is read from meshes compressed with EXT_meshopt_compression', async () => {
    // A square's positions and triangles, as meshoptimizer's encoder writes them.
    const positions = Buffer.from(
      'oAAAAAEzAAAA//8AAAABDAAAAP8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAC/AAAAvwAAAAA=',
      'base64',
    );
    const triangles = Buffer.from('4fAAAHaHVmd4qYZliWiYAWkAAA==', 'base64');
    const gltf = new GltfBuilder();
    gltf.view(positions);
    gltf.view(triangles);
    const [first, second] = gltf.bufferViews;
    const packed = (view: Json | undefined, byteStride: number, count: number, mode: string, byteOffset: number) => ({
      buffer: 1,
      byteOffset,
      byteLength: byteStride * count,
      ...(mode === 'ATTRIBUTES' ? { byteStride } : {}),
      extensions: { EXT_meshopt_compression: { ...view, byteStride, count, mode } },
    });
    const file = glb(
      {
        asset: { version: '2.0' },
        scene: 0,
        scenes: [{ nodes: [0] }],
        nodes: [{ mesh: 0 }],
        meshes: [{ primitives: [{ attributes: { POSITION: 0 }, indices: 1, material: 0 }] }],
        materials: [
          { extensions: { KHR_materials_unlit: {} }, pbrMetallicRoughness: { baseColorFactor: [1, 0, 0, 1] } },
        ],
        accessors: [
          { bufferView: 0, componentType: 5126, count: 4, type: 'VEC3', min: [-0.5, -0.5, 0], max: [0.5, 0.5, 0] },
          { bufferView: 1, componentType: 5123, count: 6, type: 'SCALAR' },
        ],
        bufferViews: [packed(first, 12, 4, 'ATTRIBUTES', 0), packed(second, 2, 6, 'TRIANGLES', 48)],
        buffers: [
          { byteLength: gltf.bin.length },
          { byteLength: 60, extensions: { EXT_meshopt_compression: { fallback: true } } },
        ],
        extensionsUsed: ['EXT_meshopt_compression', 'KHR_materials_unlit'],
        extensionsRequired: ['EXT_meshopt_compression'],
      },
      gltf.bin,
    );
    expect((await picture(file)).middle).toEqual([255, 0, 0, 255]);
  });

  it('is drawn as often as EXT_mesh_gpu_instancing says', async () => {
    const gltf = new GltfBuilder().uses('EXT_mesh_gpu_instancing');
    const mesh = gltf.square(gltf.unlit([1, 0, 0]), 0.2);
    const TRANSLATION = gltf.accessor(Float32Array.of(-0.5, 0, 0, 0.5, 0, 0), 'VEC3');
    gltf.node({ mesh, extensions: { EXT_mesh_gpu_instancing: { attributes: { TRANSLATION } } } });
    const pixels = await picture(gltf.build(), { camera: { position: [0, 0, 4], target: [0, 0, 0], fovDeg: 30 } });
    expect(pixels.middle).not.toEqual([255, 0, 0, 255]);
    expect(pixels.at(17, 32)).toEqual([255, 0, 0, 255]);
    expect(pixels.at(46, 32)).toEqual([255, 0, 0, 255]);
  });

  it('is changed by sparse accessors', async () => {
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.square(gltf.unlit([1, 0, 0])) });
    const indices = { bufferView: gltf.view(Uint8Array.of(0, 1, 2, 3)), componentType: 5121 };
    const away = Float32Array.of(9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9);
    const values = { bufferView: gltf.view(new Uint8Array(away.buffer)) };
    const { accessors, ...rest } = gltf.json();
    const changed = [...gltf.accessors];
    changed[0] = { ...changed[0], sparse: { count: 4, indices, values }, min: [9, 9, 9], max: [9, 9, 9] };
    expect(accessors).toHaveLength(changed.length);
    const pixels = await picture(glb({ ...rest, accessors: changed }, gltf.bin));
    expect(pixels.middle).not.toEqual([255, 0, 0, 255]);
  });

  it('stays in the picture of the automatic camera through its first clip', async () => {
    const gltf = new GltfBuilder();
    const node = gltf.node({ mesh: gltf.square(gltf.unlit([1, 0, 0])) });
    const input = gltf.accessor(Float32Array.of(0, 1, 2), 'SCALAR');
    const output = gltf.accessor(Float32Array.of(0, 0, 0, 5, 0, 0, 0, 0, 0), 'VEC3');
    const channels = [{ sampler: 0, target: { node, path: 'translation' } }];
    gltf.rest.animations = [{ samplers: [{ input, output }], channels }];
    const file = gltf.build();
    const { sceneHash } = await page.load({ 'scene.glb': file });
    for (const frame of [0, 12, 24, 36]) {
      const settings = { camera: 'auto', background: 'transparent', fps: 24 } as const;
      const { data, width, height } = await decode((await page.frame(sceneHash, settings, frame)).bytes);
      const isSeen = (x: number, y: number) => (data[(y * width + x) * 4 + 3] ?? 0) > 0;
      const columns = Array.from({ length: width }, (_, x) => x).filter((x) =>
        Array.from({ length: height }, (_, y) => y).some((y) => isSeen(x, y)),
      );
      expect(columns.length).toBeGreaterThan(3);
      expect(columns[0]).toBeGreaterThan(0);
      expect(columns.at(-1)).toBeLessThan(width - 1);
    }
  });
});

describe('what is not where it was first', () => {
  const RED = [255, 0, 0, 255];
  const at20: RenderSettings['camera'] = { position: [20, 0, 3], target: [20, 0, 0], fovDeg: 30 };
  /** Two seconds; the second one is spent at the end. */
  const track = (gltf: GltfBuilder, values: Float32Array<ArrayBuffer>, type: 'SCALAR' | 'VEC3') => ({
    input: gltf.accessor(Float32Array.of(0, 1, 2), 'SCALAR'),
    output: gltf.accessor(values, type),
  });
  const frames = async (file: Uint8Array, settings: Partial<RenderSettings>, numbers: readonly number[]) => {
    const { sceneHash } = await page.load({ 'scene.glb': file });
    const seen: (readonly number[])[] = [];
    for (const number of numbers) {
      const { bytes } = await page.frame(sceneHash, { fps: 24, ...settings }, number);
      seen.push((await decode(bytes)).middle);
    }
    return seen;
  };

  it('is drawn where a skin has carried it', async () => {
    const gltf = new GltfBuilder();
    const mesh = gltf.square(gltf.unlit([1, 0, 0]));
    const JOINTS_0 = gltf.accessor(new Uint16Array(16), 'VEC4');
    const WEIGHTS_0 = gltf.accessor(
      Float32Array.from({ length: 16 }, (_, i) => (i % 4 === 0 ? 1 : 0)),
      'VEC4',
    );
    changePrimitive(gltf, mesh, ({ attributes }) => ({ attributes: { ...attributes, JOINTS_0, WEIGHTS_0 } }));
    const joint = gltf.node({ name: 'Joint' });
    gltf.node({ mesh, skin: 0 });
    gltf.rest.skins = [{ joints: [joint] }];
    const sampler = track(gltf, Float32Array.of(0, 0, 0, 20, 0, 0, 20, 0, 0), 'VEC3');
    gltf.rest.animations = [
      { samplers: [sampler], channels: [{ sampler: 0, target: { node: joint, path: 'translation' } }] },
    ];
    const [first, last] = await frames(gltf.build(), { camera: at20 }, [0, 24]);
    expect(first).not.toEqual(RED);
    expect(last).toEqual(RED);
  });

  it('is drawn where a morph weight above 1 has carried it', async () => {
    const gltf = new GltfBuilder();
    const mesh = gltf.square(gltf.unlit([1, 0, 0]));
    const POSITION = gltf.accessor(Float32Array.of(2, 0, 0, 2, 0, 0, 2, 0, 0, 2, 0, 0), 'VEC3');
    changePrimitive(gltf, mesh, () => ({ targets: [{ POSITION }] }));
    const node = gltf.node({ mesh });
    const sampler = track(gltf, Float32Array.of(0, 10, 10), 'SCALAR');
    gltf.rest.animations = [{ samplers: [sampler], channels: [{ sampler: 0, target: { node, path: 'weights' } }] }];
    const [first, last] = await frames(gltf.build(), { camera: at20 }, [0, 24]);
    expect(first).not.toEqual(RED);
    expect(last).toEqual(RED);
  });

  it('is drawn although the file says that its vertices are elsewhere', async () => {
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.square(gltf.unlit([1, 0, 0])) });
    gltf.accessors[0] = { ...gltf.accessors[0], min: [100, 100, 100], max: [101, 101, 101] };
    expect((await picture(gltf.build())).middle).toEqual(RED);
  });

  it('is drawn to its ends where its parent stretches it askew', async () => {
    const gltf = new GltfBuilder();
    const child = gltf.node({
      mesh: gltf.square(gltf.unlit([1, 0, 0])),
      rotation: [0, 0, Math.sin(Math.PI / 8), Math.cos(Math.PI / 8)],
    });
    gltf.node({ children: [child], scale: [10, 1, 1] });
    // Its corner is at x = 7.07.
    const camera: RenderSettings['camera'] = { position: [6.6, 0, 1], target: [6.6, 0, 0], fovDeg: 2 };
    expect((await picture(gltf.build(), { camera })).middle).toEqual(RED);
  });

  it('is in the picture of the automatic camera although something else is infinitely far away', async () => {
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.square(gltf.unlit([1, 0, 0])) });
    gltf.node({ mesh: gltf.square(0, 1e38), scale: [1e300, 1, 1] });
    expect((await picture(gltf.build(), { camera: 'auto' })).middle).toEqual(RED);
  });

  it.each(['auto', { position: [0, 0, 3], target: [0, 0, 0], fovDeg: 30 }] satisfies RenderSettings['camera'][])(
    'is drawn where a later clip carries it, seen by %j',
    async (camera) => {
      const gltf = new GltfBuilder();
      const node = gltf.node({ mesh: gltf.square(gltf.unlit([1, 0, 0])), scale: [6, 6, 6] });
      const clip = (name: string, path: readonly number[]) => ({
        name,
        samplers: [track(gltf, Float32Array.from(path), 'VEC3')],
        channels: [{ sampler: 0, target: { node, path: 'translation' } }],
      });
      gltf.rest.animations = [
        clip('near', [0, 0, 0, 0.1, 0, 0, 0.1, 0, 0]),
        clip('far', [0, 0, 0, 0, 0, -24, 0, 0, -24]),
      ];
      const { sceneHash } = await page.load({ 'scene.glb': gltf.build() });
      const settings = { camera, clip: 'far', background: 'transparent', fps: 24 } as const;
      for (const frame of [0, 12, 24]) {
        const { data } = await decode((await page.frame(sceneHash, settings, frame)).bytes);
        expect(data.some((level, index) => index % 4 === 3 && level > 0)).toBe(true);
      }
    },
  );
});

/** A square KTX2 image of one colour: VK_FORMAT_R8G8B8_SRGB, one level, not compressed. */
function ktx2(edge: number, color: readonly number[]): Uint8Array {
  const pixels = Buffer.alloc(edge * edge * 3);
  for (let i = 0; i < pixels.length; i += 3) pixels.set(color, i);
  const header = Buffer.alloc(104);
  header.set([0xab, 0x4b, 0x54, 0x58, 0x20, 0x32, 0x30, 0xbb, 0x0d, 0x0a, 0x1a, 0x0a]);
  header.writeUInt32LE(29, 12);
  header.writeUInt32LE(1, 16);
  header.writeUInt32LE(edge, 20);
  header.writeUInt32LE(edge, 24);
  header.writeUInt32LE(1, 36);
  header.writeUInt32LE(1, 40);
  header.writeBigUInt64LE(104n, 80);
  header.writeBigUInt64LE(BigInt(pixels.length), 88);
  header.writeBigUInt64LE(BigInt(pixels.length), 96);
  return Buffer.concat([header, pixels]);
}
