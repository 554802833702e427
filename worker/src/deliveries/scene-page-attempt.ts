/** An attempt that needs a page which has its scene, or may load it. */
import type { Assignment, FrameStages, RenderSettings } from '@kiln/shared';
import type { ScenePage } from '../pool/scene-page.ts';
import { assetFiles } from './asset-files.ts';
import { chosenBackend } from './chosen-backend.ts';
import { holdFiles, holdScene } from './hold-scene.ts';
import type { AttemptContext } from './work-parts.ts';

/** Stages that come before the first frame; later frames do not have them. */
export type Preparation = Pick<FrameStages, 'fetch' | 'load'>;

/** @param work gets a page, and how to load the scene into it; both are its own until it ends. */
export async function withScenePage(
  { scene, tenantId }: Assignment,
  { settings }: { readonly settings: RenderSettings },
  context: AttemptContext,
  work: (page: ScenePage, load: () => Promise<Preparation>) => Promise<void>,
): Promise<void> {
  const { autoBackends, pool, lease } = context;
  const { held, fetch } = await holdScene(scene, context);
  const assets = await holdFiles(assetFiles(settings), context).catch((error: unknown) => {
    held.release();
    throw error;
  });
  try {
    const borrowed = await pool.borrow(tenantId, 'job', lease.signal);
    try {
      const { page, release } = await borrowed.browser.takeFramePage(scene.sceneHash);
      context.readLog = () => ({ page: page.console, browser: borrowed.browser.logTail });
      const takeBack = page.lendAssets(assets.files);
      try {
        await work(page, async () => {
          const backend = chosenBackend(settings, autoBackends);
          const { loadedNow, load } = await page.load({ source: scene, files: held.files, backend });
          return { ...(fetch ? { fetch } : {}), ...(loadedNow ? { load } : {}) };
        });
      } finally {
        takeBack();
        release();
      }
    } finally {
      borrowed.release();
    }
  } finally {
    assets.release();
    held.release();
  }
}
