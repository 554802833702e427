/** The peer: the same scene in a page of its own, each frame taken with `page.screenshot`. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Size } from '@kiln/shared';
import { build } from 'esbuild';
import { withPlainPage } from './plain-page.ts';

const PAGE_SOURCE = fileURLToPath(new URL('page/screenshot-page.ts', import.meta.url));

/** @returns frames per second of drawing frame after frame and taking each with `page.screenshot`. */
export async function screenshotsPerSec(
  scenePath: string,
  { widthPx: width, heightPx: height }: Size,
  type: 'jpeg' | 'png',
  count: number,
): Promise<number> {
  const bundle = await build({ entryPoints: [PAGE_SOURCE], bundle: true, format: 'esm', write: false, minify: true });
  const files = {
    '/': `<!doctype html><style>body{margin:0}canvas{display:block}</style><canvas width="${width}" height="${height}"></canvas><script type="module" src="/page.js"></script>`,
    '/page.js': bundle.outputFiles[0]?.text ?? '',
    '/scene.glb': await readFile(scenePath),
  };
  return withPlainPage(files, async (page) => {
    await page.setViewport({ width, height, deviceScaleFactor: 1 });
    await page.waitForFunction('window.drawFrame !== undefined', { timeout: 120_000 });
    const options = type === 'jpeg' ? ({ type, quality: 90 } as const) : ({ type } as const);
    const take = async (frame: number) => {
      await page.evaluate(`window.drawFrame(${frame})`);
      await page.screenshot({ ...options, optimizeForSpeed: true });
    };
    await take(0);
    await take(1);
    const startedAt = performance.now();
    for (let frame = 2; frame < count + 2; frame++) await take(frame);
    return (count * 1_000) / (performance.now() - startedAt);
  });
}
