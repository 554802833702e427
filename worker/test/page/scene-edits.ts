/** What a job changes of a scene: seen in the picture, gone in the next one. */
import type { RenderSettings } from '@kiln/shared';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { changePrimitive, GltfBuilder } from './glb.ts';
import { decode } from './pixels.ts';
import type { TestPage } from './test-page.ts';

export const RED = [255, 0, 0, 255];
export const GREEN = [0, 255, 0, 255];
export const BLUE = [0, 0, 255, 255];
const NOTHING = [0, 0, 0, 0];

export const VIEW: Partial<RenderSettings> = {
  camera: { position: [0, 0, 3], target: [0, 0, 0], heightM: 2 },
  size: { widthPx: 64, heightPx: 32 },
  background: 'transparent',
};

/** A red square on the left, called Left, and a blue one on the right, below a node called Group. */
export function twoSquares(): GltfBuilder {
  const gltf = new GltfBuilder();
  const left = gltf.square(gltf.unlit([1, 0, 0], { name: 'Paint' }));
  gltf.node({ name: 'Left', mesh: left, translation: [-1, 0, 0] });
  const right = gltf.node({ name: 'Right', mesh: gltf.square(gltf.unlit([0, 0, 1], { name: 'Glass' })) });
  gltf.node({ name: 'Group', children: [right], translation: [1, 0, 0] });
  return gltf;
}

/** The same, where the left one is green in the variant "Green", and blue in "Blue". */
export function withVariants(): GltfBuilder {
  const gltf = twoSquares();
  const variants = [gltf.unlit([0, 1, 0]), gltf.unlit([0, 0, 1])];
  changePrimitive(gltf, 0, () => ({
    extensions: {
      KHR_materials_variants: { mappings: variants.map((material, index) => ({ material, variants: [index] })) },
    },
  }));
  gltf.uses('KHR_materials_variants');
  gltf.rest.extensions = { KHR_materials_variants: { variants: [{ name: 'Green' }, { name: 'Blue' }] } };
  return gltf;
}

/** Two squares with one texture, red on its left and green on its right, of which each is to show a half. */
export async function withTexture(): Promise<GltfBuilder> {
  const gltf = new GltfBuilder().uses('KHR_texture_transform');
  const halves = sharp(Buffer.from([255, 0, 0, 0, 255, 0]), { raw: { width: 2, height: 1, channels: 3 } });
  const first = gltf.textured(await halves.resize(64, 32, { kernel: 'nearest' }).png().toBuffer());
  const second = gltf.material({ extensions: { KHR_materials_unlit: {} } });
  for (const index of [first, second]) {
    Object.assign(gltf.materials[index] ?? {}, {
      pbrMetallicRoughness: { baseColorTexture: { index: 0, extensions: { KHR_texture_transform: {} } } },
    });
  }
  gltf.node({ mesh: gltf.square(first), translation: [-1, 0, 0] });
  gltf.node({ mesh: gltf.square(second), translation: [1, 0, 0] });
  return gltf;
}

export const placeOf = (material: number, part: string) =>
  `/materials/${material}/pbrMetallicRoughness/baseColorTexture/extensions/KHR_texture_transform/${part}`;

/** The middles of both squares. */
export async function colors(page: TestPage, files: GltfBuilder, settings: Partial<RenderSettings>, frameNumber = 0) {
  const { sceneHash } = await page.load({ 'scene.glb': files.build() });
  const { at } = await decode((await page.frame(sceneHash, { ...VIEW, ...settings }, frameNumber)).bytes);
  return [at(16, 16), at(48, 16)];
}

/** What both engines do. */
export function describeEdits(engine: RenderSettings['engine'], page: () => TestPage): void {
  describe(engine, () => {
    const draw = (files: GltfBuilder, settings: Partial<RenderSettings>, frame?: number) =>
      colors(page(), files, { engine, ...settings }, frame);

    it('draws a variant of the materials, and the file’s own again', async () => {
      expect(await draw(withVariants(), { variant: 'Green' })).toEqual([GREEN, BLUE]);
      expect(await draw(withVariants(), {})).toEqual([RED, BLUE]);
      expect(await draw(withVariants(), { variant: 'Blue' })).toEqual([BLUE, BLUE]);
    });

    it('hides and shows nodes, by name and by pointer, with what hangs below them', async () => {
      expect(await draw(twoSquares(), { hide: ['Group'] })).toEqual([RED, NOTHING]);
      expect(await draw(twoSquares(), { hide: ['/nodes/0'] })).toEqual([NOTHING, BLUE]);
      expect(await draw(twoSquares(), { hide: ['Group', 'Left'], show: ['Group'] })).toEqual([NOTHING, BLUE]);
      expect(await draw(twoSquares(), {})).toEqual([RED, BLUE]);
      const hidden = twoSquares().uses('KHR_node_visibility');
      Object.assign(hidden.nodes[0] ?? {}, { extensions: { KHR_node_visibility: { visible: false } } });
      expect(await draw(hidden, {})).toEqual([NOTHING, BLUE]);
      expect(await draw(hidden, { show: ['Left'] })).toEqual([RED, BLUE]);
    });

    it('changes materials by name, and properties by pointer', async () => {
      const materials = [{ material: 'Paint', baseColor: '#00ff00' }];
      expect(await draw(twoSquares(), { materials })).toEqual([GREEN, BLUE]);
      expect(await draw(twoSquares(), { materials: [{ material: '/materials/1', baseColor: [1, 0, 0] }] })).toEqual([
        RED,
        RED,
      ]);
      const pointer = '/materials/0/pbrMetallicRoughness/baseColorFactor';
      const pointers = [{ pointer, value: [0, 0, 1, 1] }];
      expect(await draw(twoSquares(), { materials, pointers })).toEqual([BLUE, BLUE]);
      const moved = { pointer: '/nodes/2/translation', value: [1, 5, 0] };
      expect(await draw(twoSquares(), { pointers: [moved] })).toEqual([RED, NOTHING]);
      expect(await draw(twoSquares(), {})).toEqual([RED, BLUE]);
    });

    it('places textures by pointer, each material its own, and by a clip', async () => {
      const gltf = (await withTexture()).uses('KHR_animation_pointer');
      const half = [0, 1].map((material) => ({ pointer: placeOf(material, 'scale'), value: [0.5, 1] }));
      const pointers = [...half, { pointer: placeOf(1, 'offset'), value: [0.5, 0] }];
      expect(await draw(gltf, { pointers })).toEqual([RED, GREEN]);
      expect(await draw(gltf, { pointers: [...half, { pointer: placeOf(0, 'offset'), value: [0.5, 0] }] })).toEqual([
        GREEN,
        RED,
      ]);
      // Half a turn about the corner, and back into the picture.
      const turned = [
        { pointer: placeOf(0, 'rotation'), value: Math.PI },
        { pointer: placeOf(0, 'offset'), value: [1, 1] },
      ];
      expect(await draw(gltf, { pointers: [...half, ...turned] })).toEqual([GREEN, RED]);
      const input = gltf.accessor(Float32Array.of(0, 1), 'SCALAR');
      const output = gltf.accessor(Float32Array.of(0, 0, 0.5, 0), 'VEC2');
      const target = { path: 'pointer', extensions: { KHR_animation_pointer: { pointer: placeOf(0, 'offset') } } };
      gltf.rest.animations = [
        { samplers: [{ input, output, interpolation: 'STEP' }], channels: [{ sampler: 0, target }] },
      ];
      expect(await draw(gltf, { pointers: half, clipLoop: 'once' }, 0)).toEqual([RED, RED]);
      expect(await draw(gltf, { pointers: half, clipLoop: 'once' }, 24)).toEqual([GREEN, RED]);
    });

    it('plays clips of properties, which an edit stops', async () => {
      const gltf = twoSquares().uses('KHR_animation_pointer');
      const input = gltf.accessor(Float32Array.of(0, 1), 'SCALAR');
      const channel = (sampler: number, pointer: string) => ({
        sampler,
        target: { path: 'pointer', extensions: { KHR_animation_pointer: { pointer } } },
      });
      const sampler = (output: number) => ({ input, output, interpolation: 'STEP' });
      gltf.rest.animations = [
        {
          samplers: [
            sampler(gltf.accessor(Float32Array.of(1, 0, 0, 1, 0, 1, 0, 1), 'VEC4')),
            sampler(gltf.accessor(Float32Array.of(0, 0, 0, 0, 5, 0), 'VEC3')),
          ],
          channels: [
            channel(0, '/materials/0/pbrMetallicRoughness/baseColorFactor'),
            channel(1, '/nodes/1/translation'),
          ],
        },
      ];
      const once = { clipLoop: 'once' } as const;
      expect(await draw(gltf, once, 0)).toEqual([RED, BLUE]);
      expect(await draw(gltf, once, 24)).toEqual([GREEN, NOTHING]);
      const materials = [{ material: 'Paint', baseColor: '#0000ff' }];
      expect(await draw(gltf, { ...once, materials }, 24)).toEqual([BLUE, NOTHING]);
      expect(await draw(gltf, once, 12)).toEqual([RED, BLUE]);
    });
  });
}
