/** Pages of a browser started as the worker starts it, with no farm around: the bare limit that the farm is held to. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { completeSettings, type LayerRequest } from '@kiln/shared';
import {
  bestWebgl,
  browserEnvironment,
  buildPage,
  createLog,
  findBrowser,
  type LaunchedBrowser,
  launchBrowser,
  loadLocalScene,
  type OpenPage,
  PAGE_FOLDER,
  probeBackends,
} from '@kiln/worker';
import { processEnvironment } from '../src/config.ts';

export interface BarePages {
  readonly pages: readonly OpenPage[];
  readonly browser: LaunchedBrowser;
  /** By which the pages know the scene. */
  readonly sceneHash: string;
  /** Draws and encodes `count` frames on every page side by side. @returns frames per second of all of them. */
  framesPerSec(layer: LayerRequest, count: number): Promise<number>;
}

/** Runs `work` with `count` pages that have the scene at `path` loaded. */
export async function withBarePages<T>(path: string, count: number, work: (bare: BarePages) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'kiln-bench-probe-'));
  const log = createLog('error');
  const environment = browserEnvironment(processEnvironment());
  try {
    await buildPage(PAGE_FOLDER);
    const found = await findBrowser({});
    if (!found) throw new Error('there is no browser on this machine');
    const common = { pageFolder: PAGE_FOLDER, allowNoSandbox: false, environment, log };
    const probe = await probeBackends({ ...common, browser: found, cacheFolder: folder });
    const best = bestWebgl(probe);
    if (!best) throw new Error('no back end draws the canary right');
    const browser = await launchBrowser({ ...common, browserPath: found.path, gl: best.backend });
    try {
      const { size: sizeBytes } = await stat(path);
      const scene = { entry: 'bench.glb', files: new Map([['bench.glb', { diskPath: path, sizeBytes }]]) };
      const pages: OpenPage[] = [];
      let sceneHash = '';
      for (let i = 0; i < count; i++) {
        const page = await browser.openPage();
        sceneHash = await loadLocalScene(page, scene);
        pages.push(page);
      }
      return await work({
        pages,
        browser,
        sceneHash,
        framesPerSec: async (layer, frames) => {
          const startedAt = performance.now();
          const settings = completeSettings(layer);
          await Promise.all(
            pages.map((page, i) =>
              page.client.call('bench', { sceneHash, settings, firstFrame: i * frames, count: frames }),
            ),
          );
          return (frames * pages.length * 1_000) / (performance.now() - startedAt);
        },
      });
    } finally {
      await browser.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
