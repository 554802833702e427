/** Frames that no target holds, made small: what is drawn on a grid of blocks, and streamed into its file. */
import { createHash } from 'node:crypto';
import { type GridPlan, gridOf, type RenderSettings, type Tiles, tilesWithin } from '@kiln/shared';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DividedOrder, dividedFrame } from './divided.ts';
import { glassAndShadow } from './glass-scene.ts';
import { SETTINGS, TestPage } from './test-page.ts';

let page: TestPage;
let other: TestPage;
let sceneHash: string;

beforeAll(async () => {
  page = await TestPage.start();
  other = await page.another();
  ({ sceneHash } = await page.load({ 'glass.glb': glassAndShadow() }));
  await other.load({ 'glass.glb': glassAndShadow() });
});
afterAll(() => page?.close());

/** As if targets held 80 pixels an edge. */
const PLAN: GridPlan = { wholePixels: 6_400, wholeEdgePx: 80, blockEdgePx: 64, marginPx: 16 };
const SIZE = { widthPx: 203, heightPx: 151 };

/** @param tiles that were asked for. */
async function large(
  more: Partial<RenderSettings>,
  tiles: Tiles = { columns: 1, rows: 1 },
  sampleRanges = 1,
  how: Pick<DividedOrder, 'wantedAfter'> = {},
) {
  const settings: RenderSettings = { ...SETTINGS, size: SIZE, ...more };
  const division = { tiles: tilesWithin(gridOf(settings, PLAN), tiles), sampleRanges };
  return dividedFrame(page, sceneHash, settings, { division, plan: PLAN, pages: [page, other], ...how });
}

describe('a frame that no target holds is the same file, however finely it was divided', () => {
  const passes: RenderSettings['passes'] = ['beauty', 'depth', 'normal', 'motion', 'crypto-object', 'samples'];
  const cases: [what: string, settings: Partial<RenderSettings>, ranges: number][] = [
    ['PNG of one sample', { samples: 1 }, 1],
    ['PNG of 16 bits, transparent, 32 samples in ranges', { samples: 32, bitDepth: 16, background: 'transparent' }, 2],
    ['TIFF of floats', { format: 'tiff', bitDepth: 'float', samples: 2 }, 1],
    ['OpenEXR with passes', { format: 'exr', bitDepth: 'half', passes }, 1],
  ];
  test.each(cases)('%s', async (_what, settings, ranges) => {
    const coarse = await large(settings);
    const fine = await large(settings, { columns: 7, rows: 5 }, ranges);
    expect(fine.bytes.equals(coarse.bytes)).toBe(true);
    if ((settings.samples ?? 1) > 16) {
      const interrupted = await large(settings, { columns: 1, rows: 1 }, 1, { wantedAfter: 0 });
      expect(interrupted.bytes.equals(coarse.bytes)).toBe(true);
    }
    expect(fine.result.statistics).toEqual(coarse.result.statistics);
    expect(createHash('sha256').update(coarse.bytes).digest('hex')).toBe(coarse.result.sha256);
  });
});

/** Of two pictures, in levels. */
async function meanDifference(one: Buffer, two: Buffer) {
  const [a, b] = await Promise.all([one, two].map((file) => sharp(file).removeAlpha().raw().toBuffer()));
  if (!a || !b || a.length !== b.length) throw new Error('the pictures differ in size');
  return a.reduce((sum, level, index) => sum + Math.abs(level - (b[index] ?? 0)), 0) / a.length;
}

test.each([
  ['with depth of field and a lens', { samples: 4, lens: { fStop: 0.02, focusDistanceM: 1.5 } }],
  ['without perspective', { camera: { position: [1, 1, 3], target: [0, 0, 0], heightM: 2 } }],
] as const)('shows what the same frame shows that is drawn whole, %s', async (_what, more) => {
  const settings = more as Partial<RenderSettings>;
  const whole = await page.frame(sceneHash, { size: SIZE, ...settings });
  const made = await large(settings);
  // A camera that looks at a block rounds otherwise, and what is behind glass is blurred in the block.
  expect(await meanDifference(whole.bytes, made.bytes)).toBeLessThan(0.3);
  expect(made.result.statistics?.mean).toBeCloseTo(whole.result.statistics?.mean ?? 0, 2);
  expect(made.result.statistics?.nanCount).toBe(0);
});

test.each([
  ['8 bits', {}],
  ['16 bits, transparent', { bitDepth: 16, background: 'transparent' }],
] as const)('has a small picture beside it that shows the same, of %s', async (_what, more) => {
  const { bytes, preview = new Uint8Array() } = await large({ samples: 1, ...more });
  const [small, whole] = [sharp(preview), sharp(bytes)];
  expect(await small.metadata()).toMatchObject({ format: 'webp', width: SIZE.widthPx, height: SIZE.heightPx });
  const onGrey = (picture: Sharp) => picture.toColourspace('srgb').flatten({ background: '#808080' }).png().toBuffer();
  // WebP loses some.
  expect(await meanDifference(await onGrey(small), await onGrey(whole))).toBeLessThan(3);
});

test('has none where it holds no picture', async () => {
  const { preview } = await large({ format: 'exr', bitDepth: 'half', passes: ['depth'], samples: 1 });
  expect(preview).toHaveLength(0);
});
