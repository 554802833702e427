/** [LV39] A frame begins with the samples of a resting view, and is the same file. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  endsWithinBlock,
  type LiveView,
  mostSums,
  nextRange,
  type Pose,
  type RenderSettings,
  type SampleRange,
  settingsOfView,
} from '@kiln/shared';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FrameOutcome, type PieceOutcome, type SumsInput, sumsOutput } from '../../src/page/contract.ts';
import type { HostedFile } from '../../src/page-host/page-site.ts';
import { layeredScene } from './glb.ts';
import { TestPage } from './test-page.ts';

const SIZE = { widthPx: 150, heightPx: 84 };
const VIEW: LiveView = {
  samples: 40,
  clip: null,
  fps: 24,
  toneMapping: 'agx',
  exposureEv: 0,
  background: 'environment',
  size: SIZE,
  frameNumber: 0,
  tiles: true,
};
/** Turned by no round angle: what a hand leaves behind. */
const POSE: Pose = {
  position: [0.4, 0.31, 3],
  quaternion: [-0.048_412_291_827_592_71, 0.061_237_243_569_579_45, 0.002_972_183_3, 0.996_943_99],
  fovDeg: 40,
};

let page: TestPage;
/** Where what is left of a frame is drawn: a page that has nothing of the view. */
let other: TestPage;
let sceneHash: string;
let folder: string;
beforeAll(async () => {
  page = await TestPage.start();
  other = await page.another();
  ({ sceneHash } = await page.load({ 'scene.glb': layeredScene() }));
  await other.load({ 'scene.glb': layeredScene() });
});
afterAll(() => page.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kiln-test-handover-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

let versions = 0;
let names = 0;

/** Draws the view on until it has `least` samples, slice by slice; all, unless given. */
async function refined(view: LiveView, least = Number.POSITIVE_INFINITY): Promise<number> {
  versions += 1;
  for (;;) {
    const order = { key: 'view', version: versions, sceneHash, view, pose: POSE } as const;
    const shown = { format: 'jpeg', quality: 85, exactFormat: 'png', mayShow: true, isFirstShown: false } as const;
    const { result } = await page.client.call('refine', { ...order, ...shown, backend: 'webgl', sliceMs: 0 });
    if (result.isOver || result.samples >= least) return result.samples;
  }
}

interface Handed {
  readonly sums: readonly SumsInput[];
  readonly files: ReadonlyMap<string, HostedFile>;
  readonly endedBy?: 'noise';
}

/** What the view hands over to a frame of so many samples. */
async function handedOver(view: LiveView, samples: number, version = versions): Promise<Handed> {
  const output = `handed-${names++}`;
  const outputs = Array.from({ length: mostSums({ first: 0, count: samples }) }, (_, place) => {
    const name = sumsOutput(output, place);
    return { name, received: page.open.site.awaitOutput(name, join(folder, name), 100_000_000) };
  });
  const { result } = await page.client.call('view-sums', { key: 'view', version, view, samples, output });
  const files = new Map<string, HostedFile>();
  const sums = result.ranges.map(({ samples: range, noise }, place): SumsInput => {
    const { name = '', received } = outputs[place] ?? {};
    const file = received?.();
    if (!file) throw new Error('the sums did not come');
    files.set(name, file);
    const isLast = place === result.ranges.length - 1;
    const end = { ...(isLast && result.endedBy && { endedBy: result.endedBy }), ...(noise !== undefined && { noise }) };
    return { region: { x: 0, y: 0, ...SIZE }, samples: range, ...end, input: name };
  });
  for (const { name } of outputs) page.open.site.forgetOutput(name);
  return { sums, files, ...(result.endedBy && { endedBy: result.endedBy }) };
}

const samplesOf = ({ sums }: Handed): number => sums.reduce((sum, { samples }) => sum + samples.count, 0);

interface Made {
  readonly result: FrameOutcome;
  readonly bytes: Buffer;
  /** Drawn for it, beside what was handed over. */
  readonly drawn: number;
}

/** The frame as an attempt makes it that takes the sums up, as after a checkpoint. */
async function goneOn(settings: RenderSettings, handed: Handed): Promise<Made> {
  const inputs = new Map(handed.files);
  const sums: SumsInput[] = [...handed.sums];
  let begun: SumsInput | undefined;
  const last = sums.at(-1);
  if (last && endsWithinBlock(last.samples) && last.samples.first + last.samples.count < settings.samples) {
    if (!last.endedBy) begun = sums.pop();
  }
  let drawn = 0;
  let first = begun?.samples.first ?? samplesOf(handed);
  while (first < settings.samples && !handed.endedBy) {
    const samples: SampleRange = nextRange({ first, count: settings.samples - first }, settings);
    const output = `rest-${names++}`;
    const name = sumsOutput(output, 0);
    const received = other.open.site.awaitOutput(name, join(folder, name), 100_000_000);
    const unmount = other.open.site.mountInputs(inputs);
    const part = { region: { x: 0, y: 0, ...SIZE }, samples };
    const order = { sceneHash, settings, frameNumber: 0, part, backend: 'webgl', checkpointMs: 0, output } as const;
    const before = { sums, drawnMs: 0 };
    const { result }: { result: PieceOutcome } = await other.client
      .call('piece', { ...order, before, ...(begun && { begun }) })
      .finally(unmount);
    const [range] = result.ranges;
    const file = received();
    if (!range || !file || result.ranges.length > 1) throw new Error('expected one range');
    inputs.set(name, file);
    const noise = range.noise === undefined ? {} : { noise: range.noise };
    sums.push({
      ...part,
      samples: range.samples,
      ...noise,
      ...(result.endedBy && { endedBy: result.endedBy }),
      input: name,
    });
    drawn += range.samples.count - (begun?.samples.count ?? 0);
    begun = undefined;
    first += range.samples.count;
    if (result.endedBy) break;
  }
  const unmount = other.open.site.mountInputs(inputs);
  const { result, bytes } = await other.client
    .call('assemble', { sceneHash, settings, frameNumber: 0, sums })
    .finally(unmount);
  return { result, bytes: Buffer.from(bytes), drawn };
}

async function whole(settings: RenderSettings): Promise<{ readonly bytes: Buffer; readonly samples: number }> {
  const { result, bytes } = await other.client.call('frame', { sceneHash, settings, frameNumber: 0 });
  return { bytes: Buffer.from(bytes), samples: result.draw.sampling?.samples ?? 0 };
}

const settingsOf = (view: LiveView, more: Partial<RenderSettings> = {}): RenderSettings => ({
  ...settingsOfView(view),
  camera: POSE,
  ...more,
});

const RASTER: LiveView = { ...VIEW };
const TRACED: LiveView = { ...VIEW, engine: 'pathtrace', bounces: 2 };
const LENS: LiveView = { ...VIEW, lens: { fStop: 1.4, focusDistanceM: 2.5 }, shutterAngleDeg: 180 };

describe('a frame that begins with the samples of a view', () => {
  it.each([
    ['rasterisation, within a block', RASTER, 8, 40, 8],
    ['rasterisation, amid blocks', RASTER, 32, 40, 32],
    ['rasterisation, all of it', RASTER, 40, 40, 40],
    ['path tracing, within a block', TRACED, 4, 40, 4],
    ['path tracing, amid blocks', TRACED, 32, 40, 32],
    ['path tracing, all of it', TRACED, 40, 40, 40],
    ['more samples than the view has', TRACED, 40, 70, 40],
    ['fewer samples than the view has', RASTER, 40, 32, 32],
    ['depth of field and motion blur', LENS, 16, 40, 16],
    ['path tracing with motion blur', { ...TRACED, shutterAngleDeg: 180 }, 16, 40, 16],
    ['a transparent background', { ...RASTER, background: 'transparent' }, 16, 40, 16],
    ['a filter, before the half of the samples', { ...TRACED, denoise: true }, 16, 40, 16],
    ['a filter, beyond the half of the samples', { ...TRACED, samples: 64, denoise: true }, 64, 64, 32],
  ] as const)('[LV39] is the same file: %s', async (_what, view, shown, samples, reused) => {
    expect(await refined(view, shown)).toBe(shown);
    const handed = await handedOver(view, samples);
    expect(samplesOf(handed)).toBe(reused);
    const settings = settingsOf(view, { samples });
    const made = await goneOn(settings, handed);
    const drawn = await whole(settings);
    expect(made.bytes.equals(drawn.bytes)).toBe(true);
    // What was drawn of the view is not drawn again.
    expect(made.drawn).toBe(samples - reused);
    expect(drawn.samples).toBe(samples);
  });

  it('[LV39] is the same file in other formats and depths', async () => {
    await refined(TRACED, 16);
    const handed = await handedOver(TRACED, 40);
    for (const more of [{ bitDepth: 16 }, { format: 'exr', bitDepth: 'float' }, { format: 'jpeg' }] as const) {
      const settings = settingsOf(TRACED, more);
      expect((await goneOn(settings, handed)).bytes.equals((await whole(settings)).bytes), JSON.stringify(more)).toBe(
        true,
      );
    }
  });

  it.each([
    ['that noise has ended', { noiseThreshold: 0.3 }, Number.POSITIVE_INFINITY],
    ['that noise may end', { noiseThreshold: 0.001 }, 16],
    ['that noise has ended, with a filter', { noiseThreshold: 0.3, denoise: true }, Number.POSITIVE_INFINITY],
  ] as const)('[LV39] is the same file of a view %s', async (_what, changes, least) => {
    const view: LiveView = { ...TRACED, samples: 64, ...changes };
    const samples = await refined(view, least);
    expect(samples).toBeLessThan(64);
    const handed = await handedOver(view, 64);
    expect(samplesOf(handed)).toBe(samples);
    const settings = settingsOf(view);
    const made = await goneOn(settings, handed);
    expect(made.bytes.equals((await whole(settings)).bytes)).toBe(true);
  });

  it('[LV39] leaves the view as it is: it goes on, and hands over again', async () => {
    await refined(RASTER, 16);
    const first = await handedOver(RASTER, 40);
    const more = { format: 'jpeg', quality: 85, exactFormat: 'png', mayShow: true, isFirstShown: false } as const;
    const order = { key: 'view', version: versions, sceneHash, view: RASTER, pose: POSE, backend: 'webgl' } as const;
    let over = false;
    while (!over) over = (await page.client.call('refine', { ...order, ...more, sliceMs: 10_000 })).result.isOver;
    const all = await handedOver(RASTER, 40);
    expect([samplesOf(first), samplesOf(all)]).toEqual([16, 40]);
    const settings = settingsOf(RASTER);
    const { bytes } = await whole(settings);
    for (const handed of [first, all]) expect((await goneOn(settings, handed)).bytes.equals(bytes)).toBe(true);
  });

  it('has nothing of a view that is another by now, that was forgotten, or whose halves are not known', async () => {
    await refined(RASTER, 4);
    expect(samplesOf(await handedOver(RASTER, 40, versions + 1))).toBe(0);
    await page.client.call('forget', { key: 'view' });
    expect(samplesOf(await handedOver(RASTER, 40))).toBe(0);
    const denoised: LiveView = { ...TRACED, samples: 16, denoise: true };
    await refined(denoised, 8);
    expect(samplesOf(await handedOver(denoised, 16))).toBe(0);
  });
});
