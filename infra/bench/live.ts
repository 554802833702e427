import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { withPlainBrowser } from '../src/trial/plain-browser.ts';
import { type Bench, median } from './measure.ts';
import { send, withBenchScene, withFarm } from './on-farm.ts';

const PAGE_SOURCE = fileURLToPath(new URL('page/live-page.ts', import.meta.url));
const POSES = 60;
/** What a measure of the page must have to be counted. */
const FIELDS = [
  'drawEndToUploadedMs',
  'readBackMs',
  'encodeMs',
  'workerQueueMs',
  'relayMs',
  'decodeMs',
  'uploadMs',
  'displayWaitMs',
  'inputToPaintedMs',
  'inputWaitMs',
  'drawMs',
  'bytes',
] as const;
type Figures = Readonly<Record<(typeof FIELDS)[number], number>>;

const figuresOf = (value: unknown): Figures[] =>
  Array.isArray(value)
    ? value.map((one) => Object.fromEntries(FIELDS.map((field) => [field, Number(one[field])])) as Figures)
    : [];

export const liveBench: Bench = {
  name: 'live',
  about: 'a live view at 640×360, one pose in flight: from draw end to picture uploaded, and bytes a picture',
  run: (report) =>
    withBenchScene((path) =>
      withFarm({}, async (farm) => {
        const scene = await send(farm, path);
        const bundle = await build({ entryPoints: [PAGE_SOURCE], bundle: true, format: 'iife', write: false });
        const measures = await withPlainBrowser(async (page) => {
          await page.setViewport({ width: 640, height: 360, deviceScaleFactor: 1 });
          await page.setBypassCSP(true);
          const code = await farm.client.createSignInCode();
          await page.goto(code.url, { waitUntil: 'networkidle2' });
          await page.addScriptTag({ content: bundle.outputFiles[0]?.text ?? '' });
          return figuresOf(await page.evaluate(`window.measureLive(${JSON.stringify(scene.id)}, ${POSES})`));
        });
        const of = (field: keyof Figures) => median(measures.map((measure) => measure[field]));
        report({
          name: 'live.draw-end-to-uploaded',
          value: of('drawEndToUploadedMs'),
          unit: 'ms',
          target: '≤ 25',
        });
        const stages = {
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
        for (const [name, field] of Object.entries(stages)) {
          report({ name: `live.${name}`, value: of(field), unit: 'ms', target: '' });
        }
        report({ name: 'live.bytes', value: of('bytes') / 1_000, unit: 'kB', target: '' });
      }),
    ),
};
