import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Page } from 'puppeteer';
import { withPlainBrowser } from '../src/trial/plain-browser.ts';
import { dissimilarity } from './dissimilarity.ts';
import type { Followed } from './followed.ts';
import { type Bench, median } from './measure.ts';
import { send, withBenchScene, withFarm } from './on-farm.ts';
import { OPEN_LINK, ShapedLink } from './shaped-link.ts';

const PAGE_SOURCE = fileURLToPath(new URL('page/warp-page.ts', import.meta.url));
const VIEW = { width: 640, height: 360 } as const;
const ROUND_TRIPS_MS = [0, 50, 100, 200];
const PATH = { degreesPerSec: 30, seconds: 5, everyMs: 400 } as const;
/** Of the scene: so few that software draws a picture within the time that the figures are for. */
const TRIANGLES = 4_000;
const LINK = { bitsPerSec: 20_000_000, lossShare: 0.001, jitterShare: 0.05 } as const;

interface Run extends Followed {
  /** 1 − SSIM from what is true of each moment, the mean. */
  readonly error: number;
}

export const liveWarpBench: Bench = {
  name: 'live.warp',
  about:
    'what a view of 640×360 shows while the camera turns by 30°/s, over links of several round trips, from what is true',
  run: (report, { keepDir }) =>
    withBenchScene(
      (path) =>
        withFarm({}, async (farm) => {
          const scene = await send(farm, path);
          const link = await ShapedLink.open(farm.url);
          try {
            for (const roundTripMs of ROUND_TRIPS_MS) {
              const runOf = async (warps: boolean) => {
                const code = await farm.client.createSignInCode();
                const keepAs = keepDir && join(keepDir, `${roundTripMs}-ms-${warps ? 'warped' : 'as-it-came'}`);
                return follow(link, code.url.replace(farm.url, link.url), scene.id, roundTripMs, warps, keepAs);
              };
              const [warped, plain] = [await runOf(true), await runOf(false)];
              const name = `live.warp.${roundTripMs}-ms`;
              const target = roundTripMs === 100 ? '≤ 0.2' : '';
              report({ name: `${name}.error`, value: warped.error, unit: 'ratio', target: '' });
              report({ name: `${name}.error-as-it-came`, value: plain.error, unit: 'ratio', target: '' });
              report({ name: `${name}.share`, value: warped.error / plain.error, unit: 'ratio', target });
              report({ name: `${name}.display`, value: warped.framesPerSec, unit: 'frames/s', target: '' });
              report({
                name: `${name}.pictures`,
                value: warped.pictures.length / PATH.seconds,
                unit: 'frames/s',
                target: '',
              });
              const of = (field: 'widthPx' | 'drawMs' | 'bytes') =>
                median(warped.pictures.map((picture) => picture[field]));
              report({ name: `${name}.width`, value: of('widthPx'), unit: 'px', target: '' });
              report({ name: `${name}.draw`, value: of('drawMs'), unit: 'ms', target: '' });
              report({ name: `${name}.bytes`, value: of('bytes') / 1_000, unit: 'kB', target: '' });
            }
          } finally {
            link.close();
          }
        }),
      TRIANGLES,
    ),
};

async function follow(
  link: ShapedLink,
  url: string,
  sceneId: string,
  roundTripMs: number,
  warps: boolean,
  keepAs: string | null,
): Promise<Run> {
  const bundle = await build({ entryPoints: [PAGE_SOURCE], bundle: true, format: 'iife', write: false });
  return withPlainBrowser(async (page) => {
    link.shape = OPEN_LINK;
    await page.setViewport({ ...VIEW, deviceScaleFactor: 1 });
    await page.setBypassCSP(true);
    await page.goto(url, { waitUntil: 'networkidle2' });
    await page.addScriptTag({ content: bundle.outputFiles[0]?.text ?? '' });
    const { bitsPerSec, lossShare, jitterShare } = LINK;
    link.shape = { roundTripMs, bitsPerSec, lossShare, jitterMs: roundTripMs * jitterShare };
    await page.evaluate(`window.openWarpView(${JSON.stringify(sceneId)}, ${warps})`);
    const followed = (await page.evaluate(`warpView.follow(${JSON.stringify(PATH)})`)) as Followed;
    link.shape = OPEN_LINK;
    if (keepAs) await mkdir(keepAs, { recursive: true });
    const keep = async (name: string, content: Buffer | object) => {
      const bytes = Buffer.isBuffer(content) ? content : JSON.stringify(content, null, 2);
      if (keepAs) await writeFile(join(keepAs, name), bytes);
    };
    await keep('pictures.json', followed.pictures);
    const errors: number[] = [];
    for (let i = 0; i < followed.kept; i++) {
      const shown = await pictureOf(page, `warpView.shown(${i})`);
      const truth = await pictureOf(page, `warpView.truth(${i})`);
      errors.push(await dissimilarity(shown, truth));
      await keep(`${i}-shown.png`, shown);
      await keep(`${i}-truth.png`, truth);
    }
    // At rest the same is shown twice: what that differs by is no error of a movement.
    const [last, , again] = [
      await pictureOf(page, `warpView.truth(${followed.kept - 1})`),
      await pictureOf(page, 'warpView.truth(0)'),
      await pictureOf(page, `warpView.truth(${followed.kept - 1})`),
    ];
    const rest = await dissimilarity(last, again);
    await keep('rest-1.png', last);
    await keep('rest-2.png', again);
    await page.evaluate('warpView.close()');
    const error = errors.reduce((sum, one) => sum + one, 0) / errors.length - rest;
    await keep('figures.json', { error, errors, rest, framesPerSec: followed.framesPerSec });
    return { ...followed, error };
  });
}

async function pictureOf(page: Page, expression: string): Promise<Buffer> {
  const url = String(await page.evaluate(expression));
  return Buffer.from(url.slice(url.indexOf(',') + 1), 'base64');
}
