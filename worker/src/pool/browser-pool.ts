/**
 * Browsers by tenant: started when they are needed, ended when nobody has needed them for a while or another tenant
 * needs the place. A browser that is in use is never ended.
 */
import { KilnError, type WorkerBrowser, type WorkerScene } from '@kiln/shared';
import type { LaunchedBrowser } from '../browser/launch-browser.ts';
import { processTree } from '../browser/process-tree.ts';
import { type Clock, pause } from '../clock.ts';
import { WORKER_LIMITS } from '../limits.ts';
import type { Log } from '../log.ts';
import { Permits } from './permits.ts';
import { TenantBrowser } from './tenant-browser.ts';

export interface BrowserPoolOptions {
  readonly launch: () => Promise<LaunchedBrowser>;
  readonly slots: number;
  readonly maxBrowsers: number;
  readonly clock: Clock;
  readonly log: Log;
}

export interface BorrowedBrowser {
  readonly browser: TenantBrowser;
  /** Call it once the work is done, however it ended. */
  release(): void;
}

interface Entry {
  readonly tenantId: string;
  readonly started: Promise<TenantBrowser>;
  /** Set once it has started. */
  browser: TenantBrowser | null;
  users: number;
  usedAt: number;
}

export class BrowserPool {
  /** One permit a slot; a frame holds one while it is drawn. */
  readonly slots: Permits;
  readonly #options: BrowserPoolOptions;
  readonly #entries = new Map<string, Entry>();
  /** Spent browsers that somebody still uses. */
  readonly #retiring = new Set<Entry>();
  /** Browsers that end in order; the pool's own end waits for them. */
  readonly #ending = new Set<Promise<void>>();
  readonly #waiting: (() => void)[] = [];
  readonly #sweep: NodeJS.Timeout;
  #isClosed = false;

  constructor(options: BrowserPoolOptions) {
    this.#options = options;
    this.slots = new Permits(options.slots);
    this.#sweep = setInterval(() => this.endIdle(), 10_000);
    this.#sweep.unref();
  }

  /**
   * The tenant's browser, started if need be.
   *
   * @param urgency a `job` waits while all places are in use; `live` sessions and imports never wait for jobs, and may
   *   take the pool over its limit until one is free
   * @throws KilnError `render.page_lost` when the browser does not start; the signal's reason
   */
  async borrow(tenantId: string, urgency: 'job' | 'live', signal: AbortSignal): Promise<BorrowedBrowser> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#isClosed) throw new KilnError('server.draining', 'this worker is shutting down');
      const entry = this.#usable(tenantId) ?? (this.#hasRoom(urgency) ? this.#start(tenantId) : null);
      if (entry) return this.#take(entry);
      await this.#roomOrAbort(signal);
    }
  }

  get browsers(): WorkerBrowser[] {
    return this.#all.flatMap(({ tenantId, browser }) =>
      browser?.running ? [{ tenantId, pid: browser.pid, pages: browser.pageCount }] : [],
    );
  }

  /** Loaded scenes; `sessionsOn` counts the live sessions of a tenant's scene. */
  scenes(sessionsOn: (tenantId: string, sceneHash: string) => number): WorkerScene[] {
    return this.#all.flatMap(({ tenantId, browser }) =>
      [...(browser?.sceneHashes ?? [])].map((sceneHash) => ({
        tenantId,
        sceneHash,
        loads: browser?.loadsOf(sceneHash) ?? 0,
        sessions: sessionsOn(tenantId, sceneHash),
      })),
    );
  }

  /** Resident memory of all browsers with all their processes. */
  get rssBytes(): number {
    const entries = this.browsers.flatMap(({ pid }) => processTree(pid));
    return entries.reduce((sum, entry) => sum + entry.rssBytes, 0);
  }

  /** Ends browsers that nobody has used for `browserIdleMs`, and those that are spent. */
  endIdle(): void {
    const now = this.#options.clock.monotonicMs();
    for (const entry of this.#entries.values()) {
      if (entry.users > 0 || !entry.browser) continue;
      if (entry.browser.spent || now - entry.usedAt >= WORKER_LIMITS.browserIdleMs) this.#end(entry, entry.browser);
    }
  }

  /** Ends every browser, in order, within `poolCloseMs`. One that is still starting then ends as soon as it has. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#sweep);
    this.#wake();
    const all = this.#all.map(async (entry) => {
      const started = await entry.started.catch(() => null);
      if (started) this.#end(entry, started);
    });
    const over = new AbortController();
    const ended = Promise.all(all).then(() => Promise.all(this.#ending));
    await Promise.race([ended, pause(WORKER_LIMITS.poolCloseMs, over.signal)]);
    over.abort();
  }

  get #all(): Entry[] {
    return [...this.#entries.values(), ...this.#retiring];
  }

  #roomOrAbort(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        signal.removeEventListener('abort', wake);
        resolve();
      };
      signal.addEventListener('abort', wake, { once: true });
      this.#waiting.push(wake);
    });
  }

  #usable(tenantId: string): Entry | null {
    const entry = this.#entries.get(tenantId);
    if (!entry?.browser) return entry ?? null;
    if (entry.browser.spent && entry.browser.running) {
      // Whoever uses it finishes; who comes now starts a fresh one.
      this.#entries.delete(tenantId);
      this.#retiring.add(entry);
      this.#endRetiring();
      return null;
    }
    return entry.browser.running ? entry : null;
  }

  #endRetiring(): void {
    for (const entry of this.#retiring) {
      if (entry.users > 0 || !entry.browser) continue;
      this.#retiring.delete(entry);
      this.#end(entry, entry.browser);
    }
  }

  async #take(entry: Entry): Promise<BorrowedBrowser> {
    entry.users++;
    let isHeld = true;
    const release = () => {
      if (!isHeld) return;
      isHeld = false;
      entry.users--;
      entry.usedAt = this.#options.clock.monotonicMs();
      if (entry.users > 0) return;
      this.#endRetiring();
      this.#wake();
    };
    try {
      return { browser: await entry.started, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Makes room by ending the browser that was used longest ago, if it may. */
  #hasRoom(urgency: 'job' | 'live'): boolean {
    if (this.#entries.size < this.#options.maxBrowsers) return true;
    const idle = [...this.#entries.values()].filter((entry) => entry.users === 0);
    const oldest = idle.toSorted((a, b) => a.usedAt - b.usedAt)[0];
    if (oldest?.browser) {
      this.#end(oldest, oldest.browser);
      return true;
    }
    return urgency === 'live';
  }

  #start(tenantId: string): Entry {
    const { clock, launch, log } = this.#options;
    const entry: Entry = {
      tenantId,
      started: launch().then((launched) => this.#ready(entry, launched)),
      browser: null,
      users: 0,
      usedAt: clock.monotonicMs(),
    };
    this.#entries.set(tenantId, entry);
    entry.started.catch((error: unknown) => {
      log.error({ err: error, tenantId }, 'a browser did not start');
      this.#forget(entry);
    });
    return entry;
  }

  #ready(entry: Entry, launched: LaunchedBrowser): TenantBrowser {
    const { slots, clock, log } = this.#options;
    const { tenantId } = entry;
    const browserLog = log.child({ tenantId, browserPid: launched.pid });
    entry.browser = new TenantBrowser({
      tenantId,
      browser: launched,
      slots,
      clock,
      log: browserLog,
    });
    browserLog.info({ sandbox: launched.sandbox.detail }, 'started a browser');
    void launched.ended.then(() => {
      browserLog.info('a browser ended');
      this.#forget(entry);
    });
    return entry.browser;
  }

  #end(entry: Entry, browser: TenantBrowser): void {
    this.#forget(entry);
    const ending = browser.close().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  #forget(entry: Entry): void {
    if (this.#entries.get(entry.tenantId) === entry) this.#entries.delete(entry.tenantId);
    this.#retiring.delete(entry);
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
