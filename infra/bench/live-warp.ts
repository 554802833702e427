import { mkdir, writeFile } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PosePath, TimedCamera } from '@kiln/shared';
import { build } from 'esbuild';
import type { Page } from 'puppeteer';
import { readPoses } from '../src/cli/live/poses-file.ts';
import { withPlainBrowser } from '../src/trial/plain-browser.ts';
import { dissimilarity } from './dissimilarity.ts';
import type { Followed } from './followed.ts';
import { type Bench, type BenchOptions, type Measure, median } from './measure.ts';
import { send, withBenchScene, withFarm } from './on-farm.ts';
import { OPEN_LINK, ShapedLink } from './shaped-link.ts';

const PAGE_SOURCE = fileURLToPath(new URL('page/warp-page.ts', import.meta.url));
const VIEW = { width: 640, height: 360 } as const;
const ROUND_TRIPS_MS = [0, 50, 100, 200];
const ORBIT = { degreesPerSec: 30, seconds: 5, stepMs: 20 } as const;
/** What a hand did in the viewer with the bench's scene: turns fast and slow, nearer, aside, and rests between them. */
const HAND_PATH = fileURLToPath(new URL('paths/hand.json', import.meta.url));
const KEPT_EVERY_MS = 400;
/** Of the scene: so few that software draws a picture within the time that the figures are for. */
const TRIANGLES = 4_000;
const LINK = { bitsPerSec: 20_000_000, lossShare: 0.001, jitterShare: 0.05 } as const;

interface Run extends Followed {
  /** 1 − SSIM from what is true of each moment, the mean. */
  readonly error: number;
}

/** A way of the camera, of where it begins. */
interface Way {
  /** Of its figures, before the round trip. */
  readonly name: string;
  readonly path: (start: Camera) => PosePath;
  /** Of the share of the error at a round trip of 100 ms. */
  readonly target: string;
}

type Camera = Omit<TimedCamera, 'atMs'>;

export const liveWarpBench: Bench = {
  name: 'live.warp',
  about:
    'what a view of 640×360 shows while the camera turns by 30°/s, and as a hand moved it, over links of several round trips, from what is true',
  async run(report, options) {
    const ways = await waysOf(options);
    const bench = (scenePath: string) =>
      withFarm({}, async (farm) => {
        const scene = await send(farm, scenePath);
        const link = await ShapedLink.open(farm.url);
        const signIn = async () => (await farm.client.createSignInCode()).url.replace(farm.url, link.url);
        try {
          for (const way of ways)
            for (const roundTripMs of ROUND_TRIPS_MS) {
              const name = `live.warp.${way.name}${roundTripMs}-ms`;
              const runOf = async (warps: boolean) => {
                const keepAs =
                  options.keepDir && join(options.keepDir, `${name.slice(10)}-${warps ? 'warped' : 'as-it-came'}`);
                return follow({ link, url: await signIn(), sceneId: scene.id, way, roundTripMs, warps, keepAs });
              };
              const runs = { warped: await runOf(true), plain: await runOf(false) };
              tell(report, name, runs, roundTripMs === 100 ? way.target : '');
            }
        } finally {
          link.close();
        }
      });
    await (options.scenePath === null ? withBenchScene(bench, TRIANGLES) : bench(options.scenePath));
  },
};

/** The orbit of the target, and what was recorded: of the bench's own scene, or what is given. */
async function waysOf({ scenePath, posesPath }: BenchOptions): Promise<Way[]> {
  const ways: Way[] = [{ name: '', path: orbit, target: '≤ 0.2' }];
  const recorded = posesPath ?? (scenePath === null ? HAND_PATH : null);
  if (recorded === null) return ways;
  const path = await readPoses(recorded);
  return [...ways, { name: `${parse(recorded).name}.`, path: () => path, target: '' }];
}

/** Around what the camera looks at, upright. */
function orbit({ position, target, fovDeg }: Camera): PosePath {
  const [x, y, z] = [position[0] - target[0], position[1] - target[1], position[2] - target[2]];
  const poses = Array.from({ length: (ORBIT.seconds * 1_000) / ORBIT.stepMs + 1 }, (_, step) => {
    const atMs = step * ORBIT.stepMs;
    const angle = ((atMs / 1_000) * ORBIT.degreesPerSec * Math.PI) / 180;
    const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
    const moved: Camera['position'] = [
      target[0] + x * cosine + z * sine,
      target[1] + y,
      target[2] + z * cosine - x * sine,
    ];
    return { atMs, position: moved, target, fovDeg };
  });
  return { poses };
}

function tell(
  report: (measure: Measure) => void,
  name: string,
  { warped, plain }: Readonly<Record<'warped' | 'plain', Run>>,
  target: string,
): void {
  report({ name: `${name}.error`, value: warped.error, unit: 'ratio', target: '' });
  report({ name: `${name}.error-as-it-came`, value: plain.error, unit: 'ratio', target: '' });
  report({ name: `${name}.share`, value: warped.error / plain.error, unit: 'ratio', target });
  report({ name: `${name}.display`, value: warped.framesPerSec, unit: 'frames/s', target: '' });
  const { pictures, pathMs } = warped;
  report({ name: `${name}.pictures`, value: (pictures.length * 1_000) / pathMs, unit: 'frames/s', target: '' });
  const of = (field: 'widthPx' | 'drawMs' | 'bytes') => median(pictures.map((picture) => picture[field]));
  report({ name: `${name}.width`, value: of('widthPx'), unit: 'px', target: '' });
  report({ name: `${name}.draw`, value: of('drawMs'), unit: 'ms', target: '' });
  report({ name: `${name}.bytes`, value: of('bytes') / 1_000, unit: 'kB', target: '' });
}

interface Order {
  readonly link: ShapedLink;
  /** Of the page, through the link. */
  readonly url: string;
  readonly sceneId: string;
  readonly way: Way;
  readonly roundTripMs: number;
  readonly warps: boolean;
  readonly keepAs: string | null;
}

async function follow({ link, url, sceneId, way, roundTripMs, warps, keepAs }: Order): Promise<Run> {
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
    const path = way.path((await page.evaluate('warpView.start')) as Camera);
    const order = { path, everyMs: KEPT_EVERY_MS };
    const followed = (await page.evaluate(`warpView.follow(${JSON.stringify(order)})`)) as Followed;
    link.shape = OPEN_LINK;
    if (keepAs) await mkdir(keepAs, { recursive: true });
    const keep = async (name: string, content: Buffer | object) => {
      const bytes = Buffer.isBuffer(content) ? content : JSON.stringify(content, null, 2);
      if (keepAs) await writeFile(join(keepAs, name), bytes);
    };
    await keep('pictures.json', followed.pictures);
    await keep('path.json', path);
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
