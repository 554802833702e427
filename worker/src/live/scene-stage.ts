/** Where a session draws: the first page of its tenant's browser, with the scene loaded and its place kept. */
import type { SceneSource } from '@kiln/shared';
import { KilnError } from '@kiln/shared';
import { assetFiles } from '../deliveries/asset-files.ts';
import { WORKER_LIMITS } from '../limits.ts';
import type { LoadResult } from '../page/contract.ts';
import type { CallHooks, PageAnswer } from '../page-host/page-client.ts';
import type { BrowserPool } from '../pool/browser-pool.ts';
import type { DrawKind } from '../pool/draw-turns.ts';
import type { LiveArguments, ScenePage } from '../pool/scene-page.ts';
import type { FetchFile, SceneCache } from '../scene-cache/scene-cache.ts';
import type { LiveStage, LoadHooks } from './live-session.ts';

export interface SceneStageParts {
  readonly tenantId: string;
  readonly scene: SceneSource;
  readonly pool: BrowserPool;
  readonly cache: SceneCache;
  readonly fetchFile: FetchFile;
}

export class SceneStage implements LiveStage {
  readonly #parts: SceneStageParts;
  #page: ScenePage | null = null;
  #release: () => void = () => {};

  constructor(parts: SceneStageParts) {
    this.#parts = parts;
  }

  get sceneHash(): string {
    return this.#parts.scene.sceneHash;
  }

  async load({ onProgress, onLost }: LoadHooks, signal: AbortSignal): Promise<LoadResult> {
    const { cache, fetchFile, pool, scene, tenantId } = this.#parts;
    this.leave();
    const held = await cache.hold(scene.files, fetchFile, signal);
    try {
      const borrowed = await pool.borrow(tenantId, 'live', signal);
      this.#release = borrowed.release;
      const taken = await borrowed.browser.takeLivePage(scene.sceneHash);
      this.#release = () => {
        taken.release();
        borrowed.release();
      };
      this.#page = taken.page;
      void taken.page.lost.then(onLost);
      return await taken.page.load({ source: scene, files: held.files, backend: 'webgl' }, { onProgress });
    } finally {
      held.release();
    }
  }

  turn(kind: DrawKind, signal: AbortSignal): Promise<() => void> {
    return this.#onPage().turns.take(kind, signal);
  }

  async draw(order: LiveArguments, hooks: CallHooks): Promise<PageAnswer<'live'>> {
    const page = this.#onPage();
    const files = assetFiles(order.view);
    if (files.length === 0) return page.drawLive(order, hooks);
    const { cache, fetchFile } = this.#parts;
    const held = await cache.hold(files, fetchFile, AbortSignal.timeout(WORKER_LIMITS.transferMs));
    const takeBack = page.lendAssets(held.files);
    try {
      return await page.drawLive(order, hooks);
    } finally {
      takeBack();
      held.release();
    }
  }

  /** Gives page and browser back. */
  leave(): void {
    this.#release();
    this.#release = () => {};
    this.#page = null;
  }

  #onPage(): ScenePage {
    if (!this.#page) throw new KilnError('render.page_lost', 'the session has no page');
    return this.#page;
  }
}
