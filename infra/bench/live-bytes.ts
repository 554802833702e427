import { fileURLToPath } from 'node:url';
import { apiUrls, type Picture, type PictureCodec, VIDEO_CODEC_STRINGS } from '@kiln/shared';
import { build } from 'esbuild';
import type { Page } from 'puppeteer';
import { runLive } from '../src/cli/live/live-run.ts';
import type { PathInput } from '../src/cli/live/path-timeline.ts';
import type { TrialFarm } from '../src/trial/trial-farm.ts';
import { dissimilarity } from './dissimilarity.ts';
import { type Bench, median } from './measure.ts';
import { benchView, never, send, withBenchScene, withFarm } from './on-farm.ts';
import { withPlainPage } from './plain-page.ts';

const PAGE_SOURCE = fileURLToPath(new URL('page/video-page.ts', import.meta.url));
const SIZE = { widthPx: 640, heightPx: 360 };
/** So few that software draws a picture before the next is asked for. */
const TRIANGLES = 4_000;
const PICTURES = 40;
const EVERY_MS = 200;
/** A turn by 30°/s at 25 pictures a second. */
const STEP_RAD = (1.2 * Math.PI) / 180;
/** Of the screencast's JPEGs. */
const QUALITIES = [30, 40, 50, 60, 70, 80, 90];
const VIEW = benchView(SIZE);

export const liveBytesBench: Bench = {
  name: 'live.bytes',
  about:
    'colour bytes of a picture while the camera turns, as a video, beside Chromium’s screencast of the same pictures',
  run: (report) =>
    withBenchScene(
      (path) =>
        withFarm({ KILN_SLOTS: '1' }, async (farm) => {
          const scene = await send(farm, path);
          const exact = await moved(farm, scene.id, ['png']);
          const video = await moved(farm, scene.id, ['vp9', 'png']);
          const jpeg = await moved(farm, scene.id, ['jpeg']);
          const bundle = await build({ entryPoints: [PAGE_SOURCE], bundle: true, format: 'esm', write: false });
          const { widthPx, heightPx } = SIZE;
          const files = {
            '/': `<!doctype html><style>body{margin:0}canvas{display:block}</style><canvas width="${widthPx}" height="${heightPx}"></canvas><script type="module" src="/page.js"></script>`,
            '/page.js': bundle.outputFiles[0]?.text ?? '',
          };
          await withPlainPage(files, async (page) => {
            await page.setViewport({ width: widthPx, height: heightPx, deviceScaleFactor: 1 });
            await page.waitForFunction('window.showPicture !== undefined');
            const truths = new Map([...exact].map(([input, { colour }]) => [input, Buffer.from(colour)]));
            const ours = await videoFigures(page, video, truths);
            const cast = await castFigures(page, [...truths.values()], ours.error);
            report({ name: 'live.bytes.video', value: ours.bytes / 1_000, unit: 'kB', target: '' });
            report({ name: 'live.bytes.video-error', value: ours.error, unit: 'ratio', target: '' });
            report({ name: 'live.bytes.video-key', value: ours.keyBytes / 1_000, unit: 'kB', target: '' });
            report({ name: 'live.bytes.depth', value: ours.depthBytes / 1_000, unit: 'kB', target: '' });
            report({ name: 'live.bytes.depth-share', value: ours.depthShare, unit: 'ratio', target: '≤ 0.25' });
            const stills = [...jpeg.values()].map(({ colour }) => colour.length);
            report({ name: 'live.bytes.jpeg', value: median(stills) / 1_000, unit: 'kB', target: '' });
            report({ name: 'live.bytes.screencast', value: cast.bytes / 1_000, unit: 'kB', target: '' });
            report({ name: 'live.bytes.screencast-error', value: cast.error, unit: 'ratio', target: '' });
            report({ name: 'live.bytes.share', value: ours.bytes / cast.bytes, unit: 'ratio', target: '≤ 0.333' });
          });
        }),
      TRIANGLES,
    ),
};

/** @returns the moving pictures of full size, by the input that they answer. */
async function moved(farm: TrialFarm, sceneId: string, codecs: readonly PictureCodec[]): Promise<Map<number, Picture>> {
  const inputs = Array.from({ length: PICTURES }, (_, i): PathInput => {
    const [atMs, angle] = [i * EVERY_MS, i * STEP_RAD];
    const position: [number, number, number] = [Math.sin(angle) * 6, 1.5, Math.cos(angle) * 6];
    const pose = { atMs, position, target: [0, 0, 0] as [number, number, number], fovDeg: 40 };
    return { kind: 'pose', atMs, moving: i < PICTURES - 1, pose };
  });
  const { url, apiKey } = farm.credentials;
  const pictures = new Map<number, Picture>();
  const order = { url: apiUrls(url).live, apiKey, sceneId, view: VIEW, codecs, inputs };
  await runLive(
    order,
    {
      state: () => {},
      begun: () => {},
      shows: () => {},
      trouble: (message) => process.stderr.write(`${message}\n`),
      picture: async (picture) => {
        const { moving, input, widthPx } = picture.header;
        if (moving && (widthPx === SIZE.widthPx || picture.header.codec === 'vp9')) pictures.set(input, picture);
      },
    },
    never,
  );
  return pictures;
}

interface ByteFigures {
  /** Colour, the median. */
  readonly bytes: number;
  /** 1 − SSIM, the mean. */
  readonly error: number;
}

async function videoFigures(
  page: Page,
  video: ReadonlyMap<number, Picture>,
  truths: ReadonlyMap<number, Buffer>,
): Promise<ByteFigures & { readonly keyBytes: number; readonly depthBytes: number; readonly depthShare: number }> {
  const sent = [...video].map(([input, picture]) => ({ input, ...picture }));
  const frames = sent.map(({ header, colour }) => ({
    bytes: Buffer.from(colour).toString('base64'),
    isKey: header.delta !== true,
  }));
  const urls = (await page.evaluate(
    `window.decodeVideo('${VIDEO_CODEC_STRINGS.vp9}', ${JSON.stringify(frames)})`,
  )) as string[];
  const errors: number[] = [];
  for (const [at, { input, header }] of sent.entries()) {
    const truth = truths.get(input);
    const url = urls[at];
    if (truth && url && header.widthPx === SIZE.widthPx) errors.push(await dissimilarity(bytesIn(url), truth));
  }
  const deltas = sent.filter(({ header }) => header.delta);
  const keys = sent.filter(({ header }) => !header.delta);
  return {
    bytes: median(deltas.map(({ colour }) => colour.length)),
    keyBytes: median(keys.map(({ colour }) => colour.length)),
    depthBytes: median(deltas.map(({ depth }) => depth.length)),
    depthShare: median(deltas.map(({ colour, depth }) => depth.length / colour.length)),
    error: mean(errors),
  };
}

/** Of the lowest quality that is as near to what is shown as `mostError`; of the highest where none is. */
async function castFigures(page: Page, truths: readonly Buffer[], mostError: number): Promise<ByteFigures> {
  let figures: ByteFigures = { bytes: 0, error: 1 };
  for (const quality of QUALITIES) {
    figures = await cast(page, truths, quality);
    if (figures.error <= mostError) break;
  }
  return figures;
}

async function cast(page: Page, truths: readonly Buffer[], quality: number): Promise<ByteFigures> {
  const session = await page.createCDPSession();
  let came: (data: string) => void = () => {};
  session.on('Page.screencastFrame', ({ data, sessionId }) => {
    void session.send('Page.screencastFrameAck', { sessionId });
    came(data);
  });
  const next = () =>
    new Promise<string>((resolve) => {
      came = resolve;
    });
  const first = next();
  await session.send('Page.startScreencast', { format: 'jpeg', quality, everyNthFrame: 1 });
  await first;
  const [sizes, errors]: [number[], number[]] = [[], []];
  for (const truth of truths) {
    const frame = next();
    await page.evaluate(`window.showPicture('data:image/png;base64,${truth.toString('base64')}')`);
    const jpeg = Buffer.from(await frame, 'base64');
    sizes.push(jpeg.length);
    errors.push(await dissimilarity(jpeg, truth));
  }
  await session.send('Page.stopScreencast');
  await session.detach();
  return { bytes: median(sizes), error: mean(errors) };
}

const bytesIn = (url: string): Buffer => Buffer.from(url.slice(url.indexOf(',') + 1), 'base64');
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
