import { fileURLToPath } from 'node:url';
import { completeSettings, type LayerRequest } from '@kiln/shared';
import { build } from 'esbuild';
import { withBarePages } from './bare-page.ts';
import { type Bench, median } from './measure.ts';
import { withBenchScene } from './on-farm.ts';
import { withPlainPage } from './plain-page.ts';
import type { TileFigures } from './tile-figures.ts';

const PAGE_SOURCE = fileURLToPath(new URL('page/tiles-page.ts', import.meta.url));
/** What finds the tiles in the worker's page. */
const GRID_SOURCE = fileURLToPath(new URL('../../worker/src/page/live/tile-grid.ts', import.meta.url));
const EDGES_PX = [64, 96, 128, 192, 256];
const SIZE = { widthPx: 1_280, heightPx: 720 };
const TRIANGLES = 40_000;
const RUNS = 3;

type Look = Pick<LayerRequest, 'engine' | 'samples' | 'clip' | 'fps'> & { readonly frame?: number };

/** What a view shows one after the other; the first is there already. */
const SERIES: readonly { readonly name: string; readonly looks: readonly Look[]; readonly endsExact: boolean }[] = [
  { name: 'raster', looks: [1, 2, 4, 8, 16].map((samples) => ({ samples })), endsExact: true },
  {
    name: 'traced',
    looks: [1, 2, 4].map((samples) => ({ engine: 'pathtrace', samples })),
    endsExact: true,
  },
  {
    name: 'part',
    looks: [0, 1, 2, 3, 4, 5].map((frame) => ({ samples: 4, clip: 'Turn', fps: 24, frame })),
    endsExact: false,
  },
];

export const liveTilesBench: Bench = {
  name: 'live.tiles',
  about:
    'tiles of 64 to 256 px of views that get better, and of one of whose objects turns: bytes; encode, decode and upload',
  run: (report) =>
    withBenchScene(async (path) => {
      const files: Record<string, string | Uint8Array> = {
        '/': '<!doctype html><script type="module" src="/page.js"></script>',
        '/page.js': await scriptOf(PAGE_SOURCE),
        '/tile-grid.js': await scriptOf(GRID_SOURCE),
      };
      await withBarePages(path, 1, async ({ pages: [page], sceneHash }) => {
        for (const { name, looks } of SERIES) {
          for (const [at, { frame = 0, ...look }] of looks.entries()) {
            const settings = completeSettings({ frames: String(frame), size: SIZE, format: 'png', ...look });
            const drawn = await page?.client.call('frame', { sceneHash, settings, frameNumber: frame });
            files[pathOf(name, at)] = Buffer.from(drawn?.bytes ?? '');
          }
        }
      });
      await withPlainPage(files, async (page) => {
        await page.waitForFunction('window.sendTiles !== undefined');
        for (const { name, looks, endsExact } of SERIES) {
          const paths = looks.map((_, at) => pathOf(name, at));
          for (const edgePx of EDGES_PX) {
            const order = JSON.stringify([paths, edgePx, endsExact]);
            const runs: TileFigures[] = [];
            for (let run = 0; run < RUNS; run += 1)
              runs.push((await page.evaluate(`sendTiles(...${order})`)) as TileFigures);
            const of = (figure: keyof TileFigures) => median(runs.map((run) => run[figure])) / (looks.length - 1);
            const prefix = `live.tiles.${name}.${edgePx}-px`;
            report({ name: `${prefix}.size`, value: of('bytes') / 1_000, unit: 'kB', target: '' });
            report({ name: `${prefix}.encode`, value: of('encodeMs'), unit: 'ms', target: '' });
            report({ name: `${prefix}.decode`, value: of('decodeMs'), unit: 'ms', target: '' });
            report({ name: `${prefix}.upload`, value: of('uploadMs'), unit: 'ms', target: '' });
          }
        }
      });
    }, TRIANGLES),
};

const pathOf = (series: string, at: number) => `/${series}-${at}.png`;

async function scriptOf(entry: string): Promise<string> {
  const bundle = await build({ entryPoints: [entry], bundle: true, format: 'esm', write: false });
  return bundle.outputFiles[0]?.text ?? '';
}
