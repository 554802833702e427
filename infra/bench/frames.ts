import type { LayerRequest, Size } from '@kiln/shared';
import { withBarePages } from './bare-page.ts';
import { type Bench, median } from './measure.ts';
import { runJob, send, sizeText, withBenchScene, withFarm } from './on-farm.ts';
import { screenshotsPerSec } from './screenshots.ts';

const CASES: readonly { readonly size: Size; readonly frames: number; readonly target: string }[] = [
  { size: { widthPx: 640, heightPx: 360 }, frames: 40, target: '≥ 0.9' },
  { size: { widthPx: 64, heightPx: 64 }, frames: 200, target: '' },
];
const PAGES = [1, 2] as const;
const WARM_UP_FRAMES = 4;
/** Farm and bare loop take turns, so that what else the machine does falls on both. */
const ROUNDS = 3;
const SCREENSHOTS = 20;

export const framesBench: Bench = {
  name: 'frames',
  about: 'frames per second of the farm ÷ of the bare loop in a page (draw and encode), and of page.screenshot',
  run: (report) =>
    withBenchScene(async (path) => {
      for (const pages of PAGES) {
        await withFarm({ KILN_SLOTS: String(pages), KILN_WORKERS: '1' }, async (farm) => {
          const scene = await send(farm, path);
          await withBarePages(path, pages, async (bare) => {
            for (const { size, frames, target } of CASES) {
              const name = `frames.${sizeText(size)}.pages-${pages}`;
              const layer = (first: number, count: number): LayerRequest => ({
                size,
                format: 'jpeg',
                frames: `${first}-${first + count - 1}`,
              });
              await runJob(farm, scene.id, layer(0, WARM_UP_FRAMES * pages));
              await bare.framesPerSec(layer(0, 1), WARM_UP_FRAMES);
              const ratios: number[] = [];
              const farmRates: number[] = [];
              const bareRates: number[] = [];
              for (let round = 0; round < ROUNDS; round++) {
                const before = await bare.framesPerSec(layer(0, 1), Math.ceil(frames / pages / 2));
                const { totalMs } = await runJob(farm, scene.id, layer(1_000 * (round + 1), frames));
                const after = await bare.framesPerSec(layer(0, 1), Math.ceil(frames / pages / 2));
                const rate = (frames * 1_000) / totalMs;
                farmRates.push(rate);
                bareRates.push((before + after) / 2);
                ratios.push((2 * rate) / (before + after));
              }
              report({ name: `${name}.farm`, value: median(farmRates), unit: 'frames/s', target: '' });
              report({ name: `${name}.bare`, value: median(bareRates), unit: 'frames/s', target: '' });
              report({ name: `${name}.ratio`, value: median(ratios), unit: 'ratio', target });
            }
          });
        });
      }
      const { widthPx, heightPx } = CASES[0]?.size ?? { widthPx: 640, heightPx: 360 };
      for (const format of ['jpeg', 'png'] as const) {
        const rate = await screenshotsPerSec(path, { widthPx, heightPx }, format, SCREENSHOTS);
        report({ name: `frames.640x360.screenshot-${format}`, value: rate, unit: 'frames/s', target: '' });
      }
    }),
};
