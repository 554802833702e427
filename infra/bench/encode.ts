import { completeSettings, type ImageFormat, type Size } from '@kiln/shared';
import sharp from 'sharp';
import { withBarePages } from './bare-page.ts';
import { type Bench, median } from './measure.ts';
import { sizeText, withBenchScene } from './on-farm.ts';
import { withPlainPage } from './plain-page.ts';

const SIZES: readonly Size[] = [
  { widthPx: 640, heightPx: 360 },
  { widthPx: 1_280, heightPx: 720 },
];
const FORMATS: readonly ImageFormat[] = ['png', 'jpeg', 'webp'];
const RUNS = 7;

export const encodeBench: Bench = {
  name: 'encode',
  about: 'a frame encoded in the page, and in sharp after its raw pixels crossed to Node',
  run: (report) =>
    withBenchScene((path) =>
      withBarePages(path, 1, async ({ pages: [page], sceneHash }) => {
        if (!page) throw new Error('no page');
        for (const size of SIZES) {
          const rawMs = await rawTransferMs(size);
          for (const format of FORMATS) {
            const settings = completeSettings({ frames: '0', size, format });
            const inPage: number[] = [];
            let picture = Buffer.alloc(0);
            for (let frameNumber = 0; frameNumber < RUNS; frameNumber++) {
              const { result, bytes } = await page.client.call('frame', { sceneHash, settings, frameNumber });
              inPage.push(result.encode.durationMs);
              picture = Buffer.from(bytes);
            }
            const pixels = await sharp(picture).ensureAlpha().raw().toBuffer();
            const raw = { width: size.widthPx, height: size.heightPx, channels: 4 } as const;
            const inSharp: number[] = [];
            for (let i = 0; i < RUNS; i++) {
              const startedAt = performance.now();
              await sharp(pixels, { raw }).removeAlpha().toFormat(format, { quality: settings.quality }).toBuffer();
              inSharp.push(performance.now() - startedAt);
            }
            const name = `encode.${sizeText(size)}.${format}`;
            report({ name: `${name}.page`, value: median(inPage), unit: 'ms', target: '' });
            report({ name: `${name}.sharp`, value: median(inSharp) + rawMs, unit: 'ms', target: '' });
          }
        }
      }),
    ),
};

/** Milliseconds from a canvas's pixels in the page to Node over a loopback WebSocket: sharp's way begins with it. */
function rawTransferMs({ widthPx, heightPx }: Size): Promise<number> {
  const script = `(async () => {
    const context = new OffscreenCanvas(${widthPx}, ${heightPx}).getContext('2d', { willReadFrequently: true });
    const socket = new WebSocket(location.origin.replace('http', 'ws'));
    await new Promise((resolve) => socket.addEventListener('open', resolve));
    const times = [];
    for (let i = 0; i < ${RUNS}; i++) {
      const startedAt = performance.now();
      socket.send(context.getImageData(0, 0, ${widthPx}, ${heightPx}).data);
      await new Promise((resolve) => socket.addEventListener('message', resolve, { once: true }));
      times.push(performance.now() - startedAt);
    }
    return times;
  })()`;
  return withPlainPage({ '/': '<!doctype html><title>raw pixels</title>' }, async (page) => {
    const times = await page.evaluate(script);
    return median(Array.isArray(times) ? times.map(Number) : []);
  });
}
