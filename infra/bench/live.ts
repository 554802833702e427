import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Page } from 'puppeteer';
import { withPlainBrowser } from '../src/trial/plain-browser.ts';
import { type Bench, type Measure, median } from './measure.ts';
import { send, withBenchScene, withFarm } from './on-farm.ts';

const PAGE_SOURCE = fileURLToPath(new URL('page/live-page.ts', import.meta.url));
const VIEW = { width: 640, height: 360 } as const;
const STILLS = 15;
const MOVES = 30;
/** Pixels that the hand moves between two pictures. */
const MOVE_PX = 6;
/** What a measure of the page has; milliseconds but for `bytes` and `widthPx`. */
const FIELDS = {
  'draw-end-to-uploaded': 'drawEndToUploadedMs',
  'read-back': 'readBackMs',
  encode: 'encodeMs',
  'worker-queue': 'workerQueueMs',
  relay: 'relayMs',
  decode: 'decodeMs',
  upload: 'uploadMs',
  'display-wait': 'displayWaitMs',
  'pose-to-painted': 'inputToPaintedMs',
  'input-wait': 'inputWaitMs',
  draw: 'drawMs',
} as const;
const TARGET = '≤ 25';

type Figures = Readonly<Record<string, number>>;

export const liveBench: Bench = {
  name: 'live',
  about: 'a live view of 640×360, one pose in flight: from draw end to picture uploaded, and bytes a picture',
  run: (report) =>
    withBenchScene((path) =>
      withFarm({}, async (farm) => {
        const scene = await send(farm, path);
        const bundle = await build({ entryPoints: [PAGE_SOURCE], bundle: true, format: 'iife', write: false });
        await withPlainBrowser(async (page) => {
          await page.setViewport({ ...VIEW, deviceScaleFactor: 1 });
          await page.setBypassCSP(true);
          const code = await farm.client.createSignInCode();
          await page.goto(code.url, { waitUntil: 'networkidle2' });
          await page.addScriptTag({ content: bundle.outputFiles[0]?.text ?? '' });
          await page.evaluate(`window.openView(${JSON.stringify(scene.id)})`);
          show('live', await stills(page), report);
          show('live.moving', await moves(page), report);
        });
      }),
    ),
};

/** Full-size pictures: the camera jumps, the view comes to rest, and its picture is waited for. */
async function stills(page: Page): Promise<Figures[]> {
  const measures: Figures[] = [];
  for (let i = 0; i < STILLS; i++) {
    measures.push(figures(await page.evaluate('{ const { input } = view; view.jump(); view.next(input, true); }')));
  }
  return measures;
}

/** What a hand that drags sees, drawn as small as the machine needs to keep up. */
async function moves(page: Page): Promise<Figures[]> {
  const measures: Figures[] = [];
  await page.mouse.move(VIEW.width / 4, VIEW.height / 2);
  await page.mouse.down();
  for (let i = 1; i <= MOVES; i++) {
    const measure = page.evaluate('view.next(view.input, false)');
    await page.mouse.move(VIEW.width / 4 + i * MOVE_PX, VIEW.height / 2);
    measures.push(figures(await measure));
  }
  await page.mouse.up();
  // A machine that draws very slowly takes the hand to rest now and then.
  return measures.filter((measure) => measure.moving === 1);
}

const figures = (value: unknown): Figures =>
  Object.fromEntries(
    Object.entries(Object(value)).flatMap(([name, field]) =>
      typeof field === 'number' || typeof field === 'boolean' ? [[name, Number(field)]] : [],
    ),
  );

function show(name: string, measures: readonly Figures[], report: (measure: Measure) => void): void {
  const of = (field: string) => median(measures.flatMap((measure) => measure[field] ?? []));
  for (const [stage, field] of Object.entries(FIELDS)) {
    const target = field === 'drawEndToUploadedMs' ? TARGET : '';
    report({ name: `${name}.${stage}`, value: of(field), unit: 'ms', target });
  }
  report({ name: `${name}.bytes`, value: of('bytes') / 1_000, unit: 'kB', target: '' });
  report({ name: `${name}.width`, value: of('widthPx'), unit: 'px', target: '' });
}
