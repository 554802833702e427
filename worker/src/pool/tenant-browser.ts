/** One browser process and its pages. It serves one tenant, from its start to its end. */
import { KilnError } from '@kiln/shared';
import type { LaunchedBrowser } from '../browser/launch-browser.ts';
import type { OpenPage } from '../browser/open-page.ts';
import type { Clock } from '../clock.ts';
import { WORKER_LIMITS } from '../limits.ts';
import type { Log } from '../log.ts';
import { ScenePage } from './scene-page.ts';

export interface TenantBrowserParts {
  readonly tenantId: string;
  readonly browser: LaunchedBrowser;
  /** Most pages for frames. */
  readonly slots: number;
  readonly clock: Clock;
  readonly log: Log;
}

export interface TakenPage {
  readonly page: ScenePage;
  /** Lets the scene go; the page may then unload it, or end. */
  release(): void;
}

export class TenantBrowser {
  readonly #parts: TenantBrowserParts;
  /** In the order of opening; the first also serves live sessions. */
  readonly #pages: ScenePage[] = [];
  #opening: Promise<ScenePage> | null = null;
  #framesOfEndedPages = 0;

  constructor(parts: TenantBrowserParts) {
    this.#parts = parts;
  }

  get pid(): number {
    return this.#parts.browser.pid;
  }

  get running(): boolean {
    return this.#parts.browser.running;
  }

  get pageCount(): number {
    return this.#pages.length;
  }

  get sandboxed(): boolean {
    return this.#parts.browser.sandbox.sandboxed;
  }

  /** Loaded scenes of all pages. */
  get sceneHashes(): Set<string> {
    return new Set(this.#pages.flatMap((page) => page.sceneHashes));
  }

  /** How often the pages that have a scene loaded have parsed and uploaded it. */
  loadsOf(sceneHash: string): number {
    return this.#pages.reduce((sum, page) => sum + page.loadsOf(sceneHash), 0);
  }

  /** Whether it has drawn so much that a fresh one should take its place once nobody uses it. */
  get spent(): boolean {
    const frames = this.#pages.reduce((sum, page) => sum + page.framesDrawn, this.#framesOfEndedPages);
    return frames >= WORKER_LIMITS.browserFrames;
  }

  /** Last lines that the browser wrote, for the worker's own log. */
  get logTail(): readonly string[] {
    return this.#parts.browser.logTail;
  }

  /** The page that holds live sessions, so that one load and one GPU context serve sessions and frames. */
  takeLivePage(sceneHash: string): Promise<TakenPage> {
    return this.#take(sceneHash, this.#freshPages()[0] ?? this.#openOne());
  }

  /** A page for a frame of `sceneHash`: one that has it and is free, a free one, a new one, the least busy. */
  takeFramePage(sceneHash: string): Promise<TakenPage> {
    const pages = this.#freshPages();
    const free = pages.filter((page) => page.users === 0);
    const best = free.find((page) => page.has(sceneHash)) ?? free[0];
    if (best) return this.#take(sceneHash, best);
    if (pages.length < this.#parts.slots && !this.#opening) return this.#take(sceneHash, this.#openOne());
    return this.#take(sceneHash, pages.toSorted((a, b) => a.users - b.users)[0] ?? this.#openOne());
  }

  async #take(sceneHash: string, choice: ScenePage | Promise<ScenePage>): Promise<TakenPage> {
    // A page that is there is held before anybody else can choose.
    if (choice instanceof ScenePage) return { page: choice, release: choice.hold(sceneHash) };
    const page = await choice;
    return { page, release: page.hold(sceneHash) };
  }

  /** A page of its own for a file that nobody has looked at yet; the caller closes it. */
  importPage(): Promise<OpenPage> {
    return this.#parts.browser.openPage();
  }

  close(): Promise<void> {
    return this.#parts.browser.close();
  }

  /** Pages that take work. Those that have drawn their share take no more, and go as soon as nobody uses them. */
  #freshPages(): ScenePage[] {
    const usable = this.#pages.filter((page) => page.usable);
    const isSpent = (page: ScenePage) => page.framesDrawn >= WORKER_LIMITS.pageFrames;
    for (const page of usable) {
      if (!isSpent(page) || page.users > 0) continue;
      void page.close(new KilnError('render.page_lost', 'the page has drawn its share and was replaced'));
    }
    return usable.filter((page) => !isSpent(page));
  }

  #openOne(): Promise<ScenePage> {
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async #open(): Promise<ScenePage> {
    const { browser, clock, log } = this.#parts;
    const page = new ScenePage(await browser.openPage(), clock);
    this.#pages.push(page);
    void page.lost.then(async (reason) => {
      this.#pages.splice(this.#pages.indexOf(page), 1);
      this.#framesOfEndedPages += page.framesDrawn;
      log.warn({ reason: reason.message, code: reason.code, console: page.console.slice(-5) }, 'a page ended');
      await page.close(reason);
    });
    return page;
  }
}
