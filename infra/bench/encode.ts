import { type BitDepth, completeSettings, IMAGE_FORMATS, ImageFormat, type Size } from '@kiln/shared';
import sharp from 'sharp';
import { withBarePages } from './bare-page.ts';
import { type Bench, median } from './measure.ts';
import { sizeText, withBenchScene } from './on-farm.ts';
import { withPlainPage } from './plain-page.ts';

const SIZES: readonly Size[] = [
  { widthPx: 640, heightPx: 360 },
  { widthPx: 1_920, heightPx: 1_080 },
];
const RUNS = 3;

/** Formats of 8 bits that sharp writes too. */
type SharpFormat = Exclude<ImageFormat, 'exr'>;
const isSharps = (format: ImageFormat, bitDepth: BitDepth): format is SharpFormat => bitDepth === 8 && format !== 'exr';

export const encodeBench: Bench = {
  name: 'encode',
  about: 'a frame encoded in the page, and in sharp after its raw pixels crossed to Node',
  run: (report) =>
    withBenchScene((path) =>
      withBarePages(path, 1, async ({ pages: [page], sceneHash }) => {
        if (!page) throw new Error('no page');
        for (const size of SIZES) {
          const rawMs = await rawTransferMs(size);
          for (const format of ImageFormat.enum) {
            for (const bitDepth of IMAGE_FORMATS[format].bitDepths) {
              const settings = completeSettings({ frames: '0', size, format, bitDepth });
              const inPage: number[] = [];
              let picture = Buffer.alloc(0);
              for (let frameNumber = 0; frameNumber < RUNS; frameNumber++) {
                const { result, bytes } = await page.client.call('frame', { sceneHash, settings, frameNumber });
                inPage.push(result.encode.durationMs);
                picture = Buffer.from(bytes);
              }
              const name = `encode.${sizeText(size)}.${format}-${bitDepth}`;
              report({ name: `${name}.page`, value: median(inPage), unit: 'ms', target: '' });
              report({ name: `${name}.size`, value: picture.length / 1_000, unit: 'kB', target: '' });
              if (!isSharps(format, bitDepth)) continue;
              const inSharp = await sharpMs(picture, size, format, settings.quality);
              report({ name: `${name}.sharp`, value: median(inSharp) + rawMs, unit: 'ms', target: '' });
            }
          }
        }
      }),
    ),
};

async function sharpMs(
  picture: Buffer,
  { widthPx, heightPx }: Size,
  format: SharpFormat,
  quality: number,
): Promise<number[]> {
  const pixels = await sharp(picture).ensureAlpha().raw().toBuffer();
  const raw = { width: widthPx, height: heightPx, channels: 4 } as const;
  const times: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    const startedAt = performance.now();
    await sharp(pixels, { raw }).removeAlpha().toFormat(format, { quality }).toBuffer();
    times.push(performance.now() - startedAt);
  }
  return times;
}

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
