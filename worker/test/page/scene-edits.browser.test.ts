import { afterAll, beforeAll, expect, it } from 'vitest';
import { decode } from './pixels.ts';
import { BLUE, colors, describeEdits, GREEN, RED, twoSquares, VIEW, withVariants } from './scene-edits.ts';
import { TestPage } from './test-page.ts';

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

describeEdits('raster', () => page);

it('lets what stands behind show through a material of less opacity, and no more after', async () => {
  const gltf = twoSquares();
  gltf.node({ name: 'Behind', mesh: 1, translation: [-1, 0, -1] });
  const [seen] = await colors(page, gltf, { materials: [{ material: 'Paint', opacity: 0 }] });
  expect(seen).toEqual(BLUE);
  expect((await colors(page, gltf, {}))[0]).toEqual(RED);
});

it('draws a live view of a variant between frames without', async () => {
  const { sceneHash } = await page.load({ 'scene.glb': withVariants().build() });
  const frame = async () => (await page.frame(sceneHash, VIEW)).result.sha256;
  const alone = await frame();
  const size = { widthPx: 64, heightPx: 64 };
  const { bytes } = await page.client.call('live', {
    sceneHash,
    view: {
      ...{ samples: 1, clip: null, fps: 24, toneMapping: 'none', exposureEv: 0, background: 'transparent' },
      ...{ size, frameNumber: 0, variant: 'Green' },
    },
    size,
    pose: { position: [-1, 0, 1], quaternion: [0, 0, 0, 1], fovDeg: 30 },
    format: 'png',
    quality: 80,
    samples: 1,
  });
  expect((await decode(bytes)).at(32, 32)).toEqual(GREEN);
  expect(await frame()).toBe(alone);
});

it('says in the report what may be changed, and warns of clips that do nothing', async () => {
  const gltf = withVariants();
  const input = gltf.accessor(Float32Array.of(0, 1), 'SCALAR');
  const target = { path: 'pointer', extensions: { KHR_animation_pointer: { pointer: '/materials/0/name' } } };
  gltf.rest.animations = [{ samplers: [{ input, output: input }], channels: [{ sampler: 0, target }] }];
  const { result } = await page.import({ 'scene.glb': gltf.uses('KHR_animation_pointer').build() });
  if (result.outcome !== 'ready') throw new Error(JSON.stringify(result.refusal));
  const unlit = { unlit: true, extensions: [] };
  expect(result.report).toMatchObject({
    variants: ['Green', 'Blue'],
    editable: {
      nodes: ['Left', 'Right', 'Group'],
      materials: [
        { name: 'Paint', ...unlit },
        { name: 'Glass', ...unlit },
        { name: 'material-2', ...unlit },
        { name: 'material-3', ...unlit },
      ],
      cameras: 0,
      lights: 0,
    },
  });
  expect(result.report.findings.map(({ code }) => code)).toContain('UNSUPPORTED_ANIMATION');
});
