import type { LayerRequest, Size } from '@kiln/shared';
import type { TrialFarm } from '../src/trial/trial-farm.ts';
import { type BarePages, withBarePages } from './bare-page.ts';
import { type Bench, type Measure, median } from './measure.ts';
import { runJob, send, sizeText, withBenchScene, withFarm } from './on-farm.ts';
import { screenshotsPerSec } from './screenshots.ts';

/** Farm and bare loop take turns for so many rounds, so that what else the machine does falls on both. */
const CASES: readonly { readonly size: Size; readonly rounds: number; readonly target: string }[] = [
  { size: { widthPx: 640, heightPx: 360 }, rounds: 2, target: '≥ 0.9' },
  { size: { widthPx: 64, heightPx: 64 }, rounds: 1, target: '' },
];
const PAGES = [1, 2] as const;
const WARM_UP_FRAMES = 3;
/** What the farm takes for a round, about: the frames are as many as the bare pages draw in this time. */
const ROUND_SEC = 6;
const LEAST_FRAMES = 12;
const SCREENSHOTS = 10;

export const framesBench: Bench = {
  name: 'frames',
  about: 'frames per second of the farm ÷ of the bare loop in a page (draw and encode), and of page.screenshot',
  run: (report) =>
    withBenchScene(async (path) => {
      for (const pages of PAGES) {
        await withFarm({ KILN_SLOTS: String(pages), KILN_WORKERS: '1' }, async (farm) => {
          const scene = await send(farm, path);
          await withBarePages(path, pages, async (bare) => {
            for (const { size, rounds, target } of CASES) {
              const { farmRate, bareRate, ratio } = await compare(farm, scene.id, bare, size, rounds);
              const name = `frames.${sizeText(size)}.pages-${pages}`;
              report({ name: `${name}.farm`, value: farmRate, unit: 'frames/s', target: '' });
              report({ name: `${name}.bare`, value: bareRate, unit: 'frames/s', target: '' });
              report({ name: `${name}.ratio`, value: ratio, unit: 'ratio', target });
            }
          });
        });
      }
      await reportScreenshots(path, report);
    }),
};

/** Medians over the rounds; the ratio is that of each round, not of the medians. */
async function compare(farm: TrialFarm, sceneId: string, bare: BarePages, size: Size, rounds: number) {
  const layer = (first: number, count: number): LayerRequest => ({
    size,
    format: 'jpeg',
    frames: `${first}-${first + count - 1}`,
  });
  const one = layer(0, 1);
  const pages = bare.pages.length;
  await runJob(farm, sceneId, layer(0, WARM_UP_FRAMES * pages));
  await bare.framesPerSec(one, WARM_UP_FRAMES);
  const frames = Math.max(LEAST_FRAMES, Math.round((await bare.framesPerSec(one, WARM_UP_FRAMES)) * ROUND_SEC));
  const framesPerPage = Math.ceil(frames / pages / 2);
  const rates: { readonly farm: number; readonly bare: number }[] = [];
  for (let round = 1; round <= rounds; round++) {
    const before = await bare.framesPerSec(one, framesPerPage);
    const { totalMs } = await runJob(farm, sceneId, layer(10_000 * round, frames));
    const after = await bare.framesPerSec(one, framesPerPage);
    rates.push({ farm: (frames * 1_000) / totalMs, bare: (before + after) / 2 });
  }
  return {
    farmRate: median(rates.map(({ farm }) => farm)),
    bareRate: median(rates.map(({ bare }) => bare)),
    ratio: median(rates.map(({ farm, bare }) => farm / bare)),
  };
}

async function reportScreenshots(path: string, report: (measure: Measure) => void): Promise<void> {
  const size = CASES[0]?.size ?? { widthPx: 640, heightPx: 360 };
  for (const format of ['jpeg', 'png'] as const) {
    const value = await screenshotsPerSec(path, size, format, SCREENSHOTS);
    report({ name: `frames.${sizeText(size)}.screenshot-${format}`, value, unit: 'frames/s', target: '' });
  }
}
