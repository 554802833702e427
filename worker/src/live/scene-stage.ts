/** Where a session draws: the first page of its tenant's browser, with the scene loaded and its place kept. */
import {
  type AutoBackends,
  KilnError,
  type LiveView,
  MAX_SUMS_BYTES,
  type PickedSurface,
  type SceneSource,
  settingsOfView,
} from '@kiln/shared';
import { assetFiles } from '../deliveries/asset-files.ts';
import { outputIn, withFolder } from '../deliveries/attempt-folder.ts';
import { chosenBackend } from '../deliveries/chosen-backend.ts';
import { WORKER_LIMITS } from '../limits.ts';
import type { LoadResult } from '../page/contract.ts';
import type { CallHooks, PageAnswer } from '../page-host/page-client.ts';
import type { BrowserPool } from '../pool/browser-pool.ts';
import type { DrawKind } from '../pool/draw-turns.ts';
import type { PickArguments } from '../pool/page-orders.ts';
import type { ScenePage } from '../pool/scene-page.ts';
import type { FetchFile, SceneCache } from '../scene-cache/scene-cache.ts';
import type { LiveStage, LoadHooks, StageDrawOrder } from './live-stage.ts';
import type { SummedView, SumsOrder } from './view-hand-over.ts';
import type { StageRefineOrder, StageStandingOrder } from './view-refiner.ts';

export interface SceneStageParts {
  readonly sessionId: string;
  /** Of this worker. */
  readonly autoBackends: AutoBackends;
  readonly tenantId: string;
  readonly scene: SceneSource;
  readonly pool: BrowserPool;
  readonly cache: SceneCache;
  readonly fetchFile: FetchFile;
}

export class SceneStage implements LiveStage {
  readonly #parts: SceneStageParts;
  #page: ScenePage | null = null;
  /** Whether the page has what WebGPU draws the scene with. */
  #hasWebGpu = false;
  /** Whether the page has samples of a resting view, or a stream. */
  #keepsOnPage = false;
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
      this.#hasWebGpu = false;
      void taken.page.lost.then(onLost);
      return await taken.page.load({ source: scene, files: held.files, backend: 'webgl' }, { onProgress });
    } finally {
      held.release();
    }
  }

  turn(kind: DrawKind, signal: AbortSignal): Promise<() => void> {
    return this.#onPage().turns.take(kind, signal);
  }

  draw({ video, ...order }: StageDrawOrder, hooks: CallHooks): Promise<PageAnswer<'live'>> {
    const { sessionId } = this.#parts;
    this.#keepsOnPage ||= video !== undefined;
    const keyed = { ...order, ...(video && { video: { ...video, key: sessionId } }) };
    return this.#withAssets(order.view, (page) => page.drawLive(keyed, hooks));
  }

  pick(order: PickArguments): Promise<PickedSurface | null> {
    return this.#onPage().pick(order);
  }

  async refine(order: StageRefineOrder, hooks: CallHooks): Promise<PageAnswer<'refine'>> {
    const { autoBackends, sessionId } = this.#parts;
    const backend = chosenBackend(settingsOfView(order.view), autoBackends);
    if (backend === 'webgpu') await this.#loadForWebGpu();
    this.#keepsOnPage = true;
    return this.#withAssets(order.view, (page) => page.refine({ ...order, backend, key: sessionId }, hooks));
  }

  async standing(order: StageStandingOrder): Promise<PageAnswer<'standing'> | null> {
    if (!this.#keepsOnPage) return null;
    return this.#onPage().standing({ ...order, key: this.#parts.sessionId });
  }

  async withSums<T>(order: SumsOrder, use: (summed: SummedView | null) => Promise<T>): Promise<T> {
    const page = this.#page;
    if (!page || !this.#keepsOnPage) return use(null);
    const { autoBackends, cache, sessionId } = this.#parts;
    return withFolder({ cache }, 'view', async (folder) => {
      const output = { ...outputIn(folder), maxBytes: MAX_SUMS_BYTES };
      const { answer, sums } = await page.viewSums({ ...order, key: sessionId }, output);
      const backend = chosenBackend(settingsOfView(order.view), autoBackends);
      return use(sums.length === 0 ? null : { sums, endedBy: answer.result.endedBy, backend });
    });
  }

  forget(): void {
    if (this.#keepsOnPage) this.#page?.forget(this.#parts.sessionId);
    this.#keepsOnPage = false;
  }

  async #withAssets<T>(view: LiveView, work: (page: ScenePage) => Promise<T>): Promise<T> {
    const page = this.#onPage();
    const files = assetFiles(view);
    if (files.length === 0) return work(page);
    const { cache, fetchFile } = this.#parts;
    const held = await cache.hold(files, fetchFile, AbortSignal.timeout(WORKER_LIMITS.transferMs));
    const takeBack = page.lendAssets(held.files);
    try {
      return await work(page);
    } finally {
      takeBack();
      held.release();
    }
  }

  async #loadForWebGpu(): Promise<void> {
    if (this.#hasWebGpu) return;
    const page = this.#onPage();
    const { cache, fetchFile, scene } = this.#parts;
    const held = await cache.hold(scene.files, fetchFile, AbortSignal.timeout(WORKER_LIMITS.transferMs));
    try {
      await page.load({ source: scene, files: held.files, backend: 'webgpu' });
      this.#hasWebGpu = true;
    } finally {
      held.release();
    }
  }

  /** Gives page and browser back. */
  leave(): void {
    this.forget();
    this.#release();
    this.#release = () => {};
    this.#page = null;
  }

  #onPage(): ScenePage {
    if (!this.#page) throw new KilnError('render.page_lost', 'the session has no page');
    return this.#page;
  }
}
