/** When a path-traced picture has enough samples, and what they may hold. */
import { LIMITS, type RenderSettings, type SampleRange } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dividedFrame } from './divided.ts';
import { readExrFile } from './exr-file.ts';
import { unlitSquare } from './glb.ts';
import { ball, boxRoom } from './lit-scenes.ts';
import { decode, lightOf, samePixels } from './pixels.ts';
import { TestPage } from './test-page.ts';

const TRACED: Partial<RenderSettings> = {
  engine: 'pathtrace',
  samples: 64,
  size: { widthPx: 24, heightPx: 24 },
  environment: 'none',
  camera: { position: [0, 0, 3], target: [0, 0, 0], fovDeg: 30 },
};

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

async function frame(files: Uint8Array, settings: Partial<RenderSettings> = {}) {
  const { sceneHash } = await page.load({ 'scene.glb': files });
  const { result, bytes } = await page.frame(sceneHash, { ...TRACED, ...settings });
  return { sampling: result.draw.sampling, bytes };
}

describe('a noise threshold', () => {
  const studio = { environment: 'studio', samples: 512 } as const;

  it('ends a picture when its halves agree, with the pixels of as many samples', async () => {
    const files = ball({ albedo: 0.7 });
    const { sampling, bytes } = await frame(files, { ...studio, noiseThreshold: 0.2 });
    expect(sampling).toMatchObject({ endedBy: 'noise' });
    const { samples = 0, noise = 1 } = sampling ?? {};
    expect([16, 32, 64, 128, 256]).toContain(samples);
    expect(noise).toBeLessThan(0.2);
    expect(await samePixels(bytes, (await frame(files, { ...studio, samples })).bytes)).toBe(true);
    // A stricter one takes more, and is met with less noise.
    const strict = (await frame(files, { ...studio, noiseThreshold: noise * 0.7 })).sampling;
    expect(strict?.samples).toBeGreaterThan(samples);
    expect(strict?.noise).toBeLessThan(noise);
  });

  it('is met at once by a picture without noise, and never before the least number of samples', async () => {
    const { sampling } = await frame(unlitSquare([1, 0.5, 0]), { noiseThreshold: 0.2 });
    expect(sampling).toMatchObject({ samples: LIMITS.noiseMinSamples, endedBy: 'noise' });
  });

  it('has all samples drawn where it is out of reach', async () => {
    const { sampling } = await frame(ball({ albedo: 0.7 }), { ...studio, samples: 20, noiseThreshold: 1e-6 });
    expect(sampling).toMatchObject({ samples: 20, endedBy: 'samples' });
  });
});

it('a time limit ends a picture behind a sample, and the file says with how many', async () => {
  const settings = { samples: 4_096, timeLimitSec: 0.001, format: 'exr', bitDepth: 'float' } as const;
  const { sampling, bytes } = await frame(ball({ albedo: 0.7 }), { ...settings, passes: ['beauty', 'samples'] });
  expect(sampling?.endedBy).toBe('time');
  expect(sampling?.samples).toBeLessThan(4_096);
  const file = readExrFile(bytes);
  expect(JSON.parse(file.texts.get('kiln:sampling') ?? '')).toEqual(sampling);
  expect(file.value('samples.Y', 3, 3)).toBe(sampling?.samples);
});

describe('a picture whose samples are stored as often as they can be, and added again, is the same file', () => {
  const ONE_PART = { tiles: { columns: 1, rows: 1 }, sampleRanges: 1 };
  const FLOATS = { format: 'exr', bitDepth: 'float', environment: 'studio' } as const;
  const DATA = { passes: ['beauty', 'noisy', 'depth', 'samples', 'crypto-object'], denoise: true } as const;
  const cases: [what: string, more: Partial<RenderSettings>, ended: object, isInterrupted: boolean][] = [
    ['ended by noise', { samples: 512, noiseThreshold: 0.06 }, { endedBy: 'noise' }, true],
    ['too noisy to the end', { samples: 100, noiseThreshold: 1e-6 }, { endedBy: 'samples', samples: 100 }, true],
    ['denoised', { samples: 72, ...DATA, passes: [...DATA.passes] }, { endedBy: 'samples', samples: 72 }, true],
    ['denoised, as PNG', { samples: 64, denoise: true, format: 'png', bitDepth: 8 }, { samples: 64 }, true],
    ['denoised after its first block', { samples: 64, denoise: true, noiseThreshold: 0.9 }, { samples: 16 }, false],
    ['denoised when noise ends it', { samples: 512, denoise: true, noiseThreshold: 0.06 }, { endedBy: 'noise' }, true],
  ];
  it.each(cases)('%s', async (_what, more, ended, isInterrupted) => {
    const { sceneHash } = await page.load({ 'scene.glb': ball({ albedo: 0.7 }) });
    const settings = { ...TRACED, ...FLOATS, ...more };
    const whole = await page.frame(sceneHash, settings);
    const { sampling } = whole.result.draw;
    expect(sampling).toMatchObject(ended);
    const order = { division: ONE_PART, checkpointMs: 0.001 };
    const made = await dividedFrame(page, sceneHash, settings, order);
    expect(made.result.draw.sampling).toEqual(sampling);
    expect(made.bytes.equals(whole.bytes)).toBe(true);
    // [WK23] Something more urgent waits after each third sample.
    const ends = new Set<number>();
    const onRange = ({ first, count }: SampleRange) => ends.add((first + count) % 16);
    const again = await dividedFrame(page, sceneHash, settings, { division: ONE_PART, wantedAfter: 3, onRange });
    expect(again.result.draw.sampling).toEqual(sampling);
    expect(again.bytes.equals(whole.bytes)).toBe(true);
    if (isInterrupted) expect(ends.size).toBeGreaterThan(1);
  });

  it('a time limit counts what was drawn before', async () => {
    const { sceneHash } = await page.load({ 'scene.glb': ball({ albedo: 0.7 }) });
    const settings = { ...TRACED, ...FLOATS, denoise: true, timeLimitSec: 3_600 };
    const order = { division: ONE_PART, checkpointMs: 0.001, drawnMs: 3_600_000 };
    const { result } = await dividedFrame(page, sceneHash, settings, order);
    expect(result.draw.sampling).toEqual({ samples: 1, endedBy: 'time' });
  });
});

describe('a clamp', () => {
  const room: Partial<RenderSettings> = {
    camera: { position: [0, 0, 3.4], target: [0, 0, 0], fovDeg: 36 },
    samples: 32,
  };

  it('leaves direct light as it is', async () => {
    const direct = { ...room, bounces: 1 };
    const plain = await frame(boxRoom(), direct);
    expect(await samePixels((await frame(boxRoom(), { ...direct, clampIndirect: 0.001 })).bytes, plain.bytes)).toBe(
      true,
    );
  });

  it('bounds what comes by way of other surfaces, as exposed', async () => {
    const mean = async (settings: Partial<RenderSettings>) => {
      const { data } = await decode((await frame(boxRoom(), { ...room, ...settings })).bytes);
      return data.reduce((sum, level, at) => sum + (at % 4 === 3 ? 0 : lightOf(level)), 0) / (data.length * 0.75);
    };
    const [direct, all] = [await mean({ bounces: 1 }), await mean({})];
    const clamped = await mean({ clampIndirect: 0.1 });
    expect(all - direct).toBeGreaterThan(0.02);
    expect(clamped - direct).toBeGreaterThan(0);
    expect(clamped - direct).toBeLessThan((all - direct) * 0.9);
    expect(await mean({ clampIndirect: 1_000 })).toBeCloseTo(all, 3);
    // Two stops darker the same bound is four times as much light.
    const [darker, darkerDirect] = [
      await mean({ clampIndirect: 0.1, exposureEv: -2 }),
      await mean({ bounces: 1, exposureEv: -2 }),
    ];
    expect((darker - darkerDirect) * 4).toBeGreaterThan((clamped - direct) * 1.05);
  });
});
