import { type RenderSettings, SAMPLES_PER_BLOCK, type SampleRange } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dividedFrame } from './divided.ts';
import { drawScenario } from './fidelity/draw-scenario.ts';
import { expectGolden } from './fidelity/goldens.ts';
import { isTracedByWebGpu, SCENARIOS } from './fidelity/scenarios.ts';
import { ball, boxRoom } from './lit-scenes.ts';
import { TestPage } from './test-page.ts';

const TRACED: Partial<RenderSettings> = {
  engine: 'pathtrace',
  backend: 'webgpu',
  size: { widthPx: 64, heightPx: 36 },
  environment: 'none',
  background: 'transparent',
};
const ROOM: Partial<RenderSettings> = {
  camera: { position: [0, 0, 3.4], target: [0, 0, 0], fovDeg: 45 },
  bounces: 5,
  samples: 64,
};
/** In software it takes a quarter of a minute to compile the tracer, and longer beside others. */
const COMPILING_MS = 300_000;

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start({ webgpu: true });
  await watchPrograms();
  await picture(ball({ albedo: 1 }), { samples: 1 });
}, COMPILING_MS);
afterAll(() => page.close());

/** Large programs that the page has its WebGPU device compile from now on. */
const watchPrograms = () =>
  page.open.page.evaluate(() => {
    const prototype = Reflect.get(globalThis, 'GPUDevice').prototype;
    const original = prototype.createShaderModule;
    const lengths: number[] = [];
    Object.assign(globalThis, { programLengths: lengths });
    prototype.createShaderModule = function (program: { code: string }) {
      lengths.push(program.code.length);
      return original.call(this, program);
    };
  });

const tracersCompiled = async () => {
  const lengths: number[] = await page.open.page.evaluate(() => Reflect.get(globalThis, 'programLengths'));
  return lengths.filter((length) => length > 50_000).length;
};

async function picture(files: Uint8Array, settings: Partial<RenderSettings> = {}) {
  const { sceneHash } = await page.load({ 'scene.glb': files });
  const { result } = await page.frame(sceneHash, { ...TRACED, ...settings });
  return result;
}

describe('path tracing with WebGPU', () => {
  it.each(SCENARIOS.filter(isTracedByWebGpu))('$name is the golden picture', async (scenario) => {
    await expectGolden(scenario, await drawScenario(page, scenario));
    expect(await tracersCompiled()).toBe(1);
  });

  it('is divided into blocks and ranges without changing a byte, which differ from sample to sample', async () => {
    const floats = { format: 'exr', bitDepth: 'float', samples: 2 * SAMPLES_PER_BLOCK + 1 } as const;
    const settings = { ...TRACED, ...ROOM, ...floats, bounces: 2, size: { widthPx: 70, heightPx: 13 } };
    const { sceneHash } = await page.load({ 'scene.glb': boxRoom() });
    const { result } = await page.frame(sceneHash, settings);
    const division = { tiles: { columns: 2, rows: 2 }, sampleRanges: 2 };
    const made = await dividedFrame(page, sceneHash, settings, { division });
    expect(made.result.sha256).toBe(result.sha256);
    // [WK23] Something more urgent waits after each sample.
    const ends = new Set<number>();
    const whole = { tiles: { columns: 1, rows: 1 }, sampleRanges: 1 };
    const interrupted = { division: whole, wantedAfter: 0, onRange: ({ count }: SampleRange) => ends.add(count % 16) };
    expect((await dividedFrame(page, sceneHash, settings, interrupted)).result.sha256).toBe(result.sha256);
    expect(ends.size).toBeGreaterThan(2);
    const fewer = await page.frame(sceneHash, { ...settings, samples: floats.samples - 1 });
    expect(fewer.result.sha256).not.toBe(result.sha256);
  });

  it('draws with other settings, scenes and cameras without compiling anew', async () => {
    const noisy = { samples: 64, noiseThreshold: 0.5 } as const;
    const { draw } = await picture(ball({ albedo: 0.5, sun: true }), { ...noisy, environment: 'studio' });
    expect(draw.sampling).toMatchObject({ endedBy: 'noise', samples: SAMPLES_PER_BLOCK });
    const lens = { fStop: 1, focusDistanceM: 3 } as const;
    await picture(boxRoom(), { ...ROOM, lens, samples: 1, clampIndirect: 1, filterGlossy: 0.5 });
    await picture(boxRoom(), { camera: { position: [0, 0, 5], target: [0, 0, 0], heightM: 2 }, samples: 1 });
    expect(await tracersCompiled()).toBe(1);
  });
});
