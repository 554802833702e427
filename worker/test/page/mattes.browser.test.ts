/**
 * Cryptomatte: how much of each pixel things cover, at edges, behind what is half transparent, in the blur of movement.
 *
 * @module-tag heavy
 */
import type { RenderSettings } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ExrFile, readExrFile } from './exr-file.ts';
import { GltfBuilder, movingSquare } from './glb.ts';
import { TestPage } from './test-page.ts';

const SIZE = { widthPx: 32, heightPx: 32 };
const SETTINGS: Partial<RenderSettings> = {
  camera: { position: [0, 0, 3], target: [0, 0, 0], heightM: 2 },
  size: SIZE,
  background: 'transparent',
  format: 'exr',
  bitDepth: 'float',
  samples: 16,
  passes: ['beauty', 'crypto-object', 'crypto-material'],
};

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

async function draw(files: Uint8Array, settings: Partial<RenderSettings> = {}, frame = 0) {
  const { sceneHash } = await page.load({ 'scene.glb': files });
  return (await page.frame(sceneHash, { ...SETTINGS, ...settings }, frame)).bytes;
}

/** Names and coverages of a pixel, as a reader of Cryptomatte finds them. */
function mattes(file: ExrFile, layer: 'CryptoObject' | 'CryptoMaterial') {
  const key = [...file.texts].find(([name, text]) => name.endsWith('/name') && text === layer)?.[0].slice(0, -5);
  const manifest: Record<string, string> = JSON.parse(file.texts.get(`${key}/manifest`) ?? '{}');
  const names = new Map(Object.entries(manifest).map(([name, hex]) => [hex, name]));
  const bits = Buffer.alloc(4);
  return (x: number, y: number) =>
    ['00', '01', '02'].flatMap((number) =>
      ['RG', 'BA'].flatMap(([id = '', coverage = '']) => {
        const share = file.value(`${layer}${number}.${coverage}`, x, y);
        bits.writeFloatBE(file.value(`${layer}${number}.${id}`, x, y));
        return share === 0 ? [] : [[names.get(bits.toString('hex')) ?? null, share] as const];
      }),
    );
}

function everyPixel(visit: (x: number, y: number) => void): void {
  for (let y = 0; y < SIZE.heightPx; y += 1) for (let x = 0; x < SIZE.widthPx; x += 1) visit(x, y);
}

describe('mattes', () => {
  it('add up to alpha, in whole pixels and at edges', async () => {
    const gltf = new GltfBuilder();
    gltf.node({ name: 'Ball', mesh: gltf.sphere(gltf.matte(0.5), 0.7), translation: [-0.2, 0, 0] });
    gltf.node({ name: 'Card', mesh: gltf.square(gltf.matte(0.5), 0.9), translation: [0.4, 0.1, -0.9] });
    const file = readExrFile(await draw(gltf.build()));
    const at = mattes(file, 'CryptoObject');
    let [partly, mixed, most] = [0, 0, 0];
    everyPixel((x, y) => {
      const pairs = at(x, y);
      const sum = pairs.reduce((all, [, share]) => all + share, 0);
      most = Math.max(most, Math.abs(sum - file.value('A', x, y)));
      if (sum > 0 && sum < 1) partly += 1;
      if (pairs.length > 1) mixed += 1;
      for (const [name] of pairs) expect(['Ball', 'Card']).toContain(name);
      for (const [rank, [, share]] of pairs.entries()) expect(share).toBeLessThanOrEqual(pairs[rank - 1]?.[1] ?? 1);
    });
    // They look where the picture does: at silhouettes, a few of 64 fall on the other side.
    expect(most).toBeLessThan(0.05);
    expect(partly).toBeGreaterThan(40);
    expect(mixed).toBeGreaterThan(5);
  });

  it('have half of what is half transparent, and what stands behind has the rest', async () => {
    const gltf = new GltfBuilder();
    const glass = gltf.unlit([1, 0, 0, 0.5], { alphaMode: 'BLEND', name: 'Glass' });
    gltf.node({ name: 'Near', mesh: gltf.square(glass, 1), translation: [0, 0, 0.5] });
    gltf.node({ name: 'Middle', mesh: gltf.square(glass, 1) });
    gltf.node({
      name: 'Far',
      mesh: gltf.square(gltf.unlit([0, 1, 0], { name: 'Wall' }), 1),
      translation: [0, 0, -0.5],
    });
    const file = readExrFile(await draw(gltf.build()));
    const shares = Object.fromEntries(mattes(file, 'CryptoObject')(16, 16));
    expect(shares.Near).toBe(0.5);
    expect(Math.abs((shares.Middle ?? 0) - 0.25)).toBeLessThan(0.13);
    expect((shares.Near ?? 0) + (shares.Middle ?? 0) + (shares.Far ?? 0)).toBe(1);
    expect(Object.keys(Object.fromEntries(mattes(file, 'CryptoMaterial')(16, 16))).sort()).toEqual(['Glass', 'Wall']);
  });

  it('are smeared as the picture is, and the same whether the picture is there or not', async () => {
    const blur: Partial<RenderSettings> = { shutterAngleDeg: 360, fps: 2, clipLoop: 'once' };
    const both = readExrFile(await draw(movingSquare(), blur, 0));
    const alone = readExrFile(await draw(movingSquare(), { ...blur, passes: ['crypto-object'] }, 0));
    const [at, again] = [mattes(both, 'CryptoObject'), mattes(alone, 'CryptoObject')];
    let smeared = 0;
    everyPixel((x, y) => {
      const share = at(x, y)[0]?.[1] ?? 0;
      if (share > 0 && share < 1) smeared += 1;
      expect(Math.abs(share - both.value('A', x, y))).toBeLessThan(0.05);
      expect(again(x, y)).toEqual(at(x, y));
    });
    expect(smeared).toBeGreaterThan(100);
  });
});
