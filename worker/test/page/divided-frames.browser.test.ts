import type { RenderSettings, SampleRange } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dividedFrame } from './divided.ts';
import { glassAndShadow } from './glass-scene.ts';
import { TestPage } from './test-page.ts';

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

const SIZE = { widthPx: 101, heightPx: 75 };

/** Shows the last bit of a sum, which eight bits of a display do not. */
const FLOATS = { format: 'exr', bitDepth: 'float' } as const;

describe('a frame made of parts is the same file, byte for byte', () => {
  const cases: [what: string, settings: Partial<RenderSettings>, columns: number, rows: number, ranges: number][] = [
    ['one sample, in blocks', { samples: 1 }, 3, 2, 1],
    ['many samples, in blocks', { samples: 40 }, 2, 3, 1],
    ['ranges of samples, the last block not full', { samples: 104, ...FLOATS }, 1, 1, 3],
    ['both, with depth of field', { samples: 48, lens: { fStop: 0.02, focusDistanceM: 1.5 } }, 2, 2, 3],
    ['16 bits, transparent', { samples: 1, bitDepth: 16, background: 'transparent', toneMapping: 'agx' }, 4, 4, 1],
    ['JPEG before a colour', { samples: 4, format: 'jpeg', background: '#336699' }, 2, 2, 1],
    ['TIFF of floats', { samples: 2, format: 'tiff', bitDepth: 'float', exposureEv: 1 }, 2, 1, 1],
    [
      'OpenEXR with passes',
      { samples: 32, format: 'exr', passes: ['beauty', 'depth', 'motion', 'crypto-object'] },
      2,
      2,
      2,
    ],
  ];
  test.each(cases)('%s', async (_what, more, columns, rows, sampleRanges) => {
    const settings = { size: SIZE, ...more };
    const whole = await page.frame(sceneHash, settings);
    const division = { tiles: { columns, rows }, sampleRanges };
    const made = await dividedFrame(page, sceneHash, settings, { division, pages: [page, other] });
    expect(made.bytes.equals(whole.bytes)).toBe(true);
    expect(made.result.sha256).toBe(whole.result.sha256);
    expect(made.result.statistics).toEqual(whole.result.statistics);
    expect(made.result.draw.sampling).toEqual(whole.result.draw.sampling);
  });

  test.each([1, 2])('%d samples that are drawn in strips, glass in them', async (samples) => {
    const { sceneHash: fresh } = await page.load({ 'glass.glb': glassAndShadow(), 'note.txt': 'of its own pace' });
    const settings = { size: { widthPx: 1_601, heightPx: 1_101 }, samples, ...FLOATS };
    const inStrips = await page.frame(fresh, settings);
    // Each part is fewer pixels than a strip.
    const division = { tiles: { columns: 2, rows: 2 }, sampleRanges: 1 };
    const made = await dividedFrame(page, fresh, settings, { division });
    expect(made.bytes.equals(inStrips.bytes)).toBe(true);
    expect(made.result.statistics?.max).toBeGreaterThan(0.1);
  });

  test('also when parts hand over what they have as often as they can', { tags: ['heavy'] }, async () => {
    const settings = { size: SIZE, samples: 100, ...FLOATS };
    const whole = await page.frame(sceneHash, settings);
    const division = { tiles: { columns: 1, rows: 2 }, sampleRanges: 2 };
    const made = await dividedFrame(page, sceneHash, settings, { division, checkpointMs: 0.001 });
    expect(made.bytes.equals(whole.bytes)).toBe(true);
  });

  test.each([
    ['whole', { tiles: { columns: 1, rows: 1 }, sampleRanges: 1 }],
    ['in blocks and ranges', { tiles: { columns: 2, rows: 2 }, sampleRanges: 2 }],
  ])(
    '[WK23] also when something more urgent ends them within a block, again and again: %s',
    async (_what, division) => {
      const settings = { size: SIZE, samples: 56, ...FLOATS };
      const whole = await page.frame(sceneHash, settings);
      const ranges: SampleRange[] = [];
      const order = {
        division,
        pages: [page, other],
        wantedAfter: 0,
        onRange: (range: SampleRange) => ranges.push(range),
      };
      const made = await dividedFrame(page, sceneHash, settings, order);
      expect(made.bytes.equals(whole.bytes)).toBe(true);
      expect(ranges.some(({ count }) => count % 16 !== 0 && count !== 8)).toBe(true);
    },
  );
});
