/** Starts one browser: sandboxed, driven over a pipe, its only network the worker's own page host. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { KilnError } from '@kiln/shared';
import puppeteer, { type Browser, type ConsoleMessage } from 'puppeteer';
import { WORKER_LIMITS } from '../limits.ts';
import type { Log } from '../log.ts';
import { PageHost } from '../page-host/page-host.ts';
import { type BrowserUser, releaseBrowserUser, takeBrowserUser } from './browser-user.ts';
import { browserFlags, type GlBackend, type WebgpuBackend } from './launch-flags.ts';
import { LineTail } from './line-tail.ts';
import { OpenPage } from './open-page.ts';
import { PageTaken } from './page-taken.ts';
import { makeProfileFolder, removeProfileFolder } from './profile-folder.ts';
import { readSandbox, type SandboxState, untilSandboxed } from './sandbox.ts';

export interface LaunchOptions {
  readonly browserPath: string;
  readonly gl: GlBackend;
  /** Null leaves WebGPU to the browser's defaults. */
  readonly webgpu?: WebgpuBackend | null;
  readonly allowNoSandbox: boolean;
  /** The browser's whole environment besides HOME and TMPDIR. */
  readonly environment: Readonly<Record<string, string>>;
  /** Folder of the built page. */
  readonly pageFolder: string;
  readonly log: Log;
}

/** Chromium keeps bitmaps and GPU transfer buffers in /dev/shm; below this it crashes on large frames. */
const SHARED_MEMORY_BYTES = 1_073_741_824;

/**
 * Where Mesa keeps what it has compiled: with the browser, which is one tenant's. It would look in the home that the system
 * knows of the user, which has none; then each page compiles everything anew. The first traced frame of a second page took
 * 8.9 s of llvmpipe's time, and 1.0 s with this.
 */
const compiledShaders = (profileFolder: string) => ({
  MESA_SHADER_CACHE_DIR: join(profileFolder, 'shaders'),
  MESA_SHADER_CACHE_MAX_SIZE: '256M',
});

/** @throws KilnError `render.page_lost` when the browser does not start, or starts without a sandbox unasked. */
export async function launchBrowser(options: LaunchOptions): Promise<LaunchedBrowser> {
  const { log } = options;
  const user = takeBrowserUser();
  const host = await PageHost.open(options.pageFolder, log);
  const profileFolder = await makeProfileFolder(user);
  const tail = new LineTail(WORKER_LIMITS.logLines, WORKER_LIMITS.logLineChars);
  const [program, ...firstArgs] = [...(user?.command ?? []), options.browserPath];
  const flags = browserFlags({
    profileFolder,
    proxyPort: host.port,
    gl: options.gl,
    webgpu: options.webgpu ?? null,
    noSandbox: options.allowNoSandbox,
    sharedMemory: await hasSharedMemory(),
  });
  try {
    const browser = await puppeteer.launch({
      executablePath: program ?? options.browserPath,
      args: [...firstArgs, ...flags],
      ignoreDefaultArgs: true,
      pipe: true,
      env: { ...options.environment, HOME: profileFolder, TMPDIR: profileFolder, ...compiledShaders(profileFolder) },
      timeout: WORKER_LIMITS.browserStartMs,
      protocolTimeout: WORKER_LIMITS.browserStartMs,
      // The worker ends its browsers itself, in its own order; its death ends them through the pipe.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
      defaultViewport: null,
      networkEnabled: false,
      issuesEnabled: false,
    });
    const launched = new LaunchedBrowser(browser, host, profileFolder, user, tail, log);
    await launched.checkSandbox(options.allowNoSandbox);
    return launched;
  } catch (cause) {
    await host.close();
    await removeProfileFolder(profileFolder);
    releaseBrowserUser(user);
    if (cause instanceof KilnError) throw cause;
    const lines = cause instanceof Error ? cause.message.split('\n').slice(0, 3).join(' ') : String(cause);
    // Why, and where it lies on this machine, is no tenant's business: that is for the log and the probe.
    const detail = new Error(`${options.browserPath}: ${lines}`, { cause });
    throw new KilnError('render.page_lost', 'the browser did not start', { cause: detail });
  }
}

async function hasSharedMemory(): Promise<boolean> {
  if (!existsSync('/dev/shm')) return false;
  const { bsize, blocks } = await statfs('/dev/shm');
  return bsize * blocks >= SHARED_MEMORY_BYTES;
}

export class LaunchedBrowser {
  readonly pid: number;
  /** Resolves when the process is gone and its traces are removed. */
  readonly ended: Promise<void>;
  readonly #browser: Browser;
  readonly #host: PageHost;
  readonly #tail: LineTail;
  readonly #log: Log;
  /** That have not ended. */
  readonly #pages = new Set<OpenPage>();
  #sandbox: SandboxState = { sandboxed: false, detail: 'not looked at yet' };
  #isOver = false;

  constructor(
    browser: Browser,
    host: PageHost,
    profileFolder: string,
    user: BrowserUser | null,
    tail: LineTail,
    log: Log,
  ) {
    const process = browser.process();
    if (!process?.pid) throw new KilnError('render.page_lost', 'the browser ended while it started');
    this.pid = process.pid;
    this.#browser = browser;
    this.#host = host;
    this.#tail = tail;
    this.#log = log.child({ browserPid: this.pid });
    for (const stream of [process.stderr, process.stdout]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => tail.add(line));
    }
    process.once('exit', (code, signal) => tail.add(signal ? `ended by ${signal}` : `ended with code ${code}`));
    this.ended = this.#watch(process.exitCode === null ? once(process, 'exit') : Promise.resolve(), async () => {
      await host.close();
      await removeProfileFolder(profileFolder);
      releaseBrowserUser(user);
    });
  }

  /** False once the process is gone or was told to go. */
  get running(): boolean {
    return !this.#isOver;
  }

  get sandbox(): SandboxState {
    return this.#sandbox;
  }

  /** Last lines that the browser wrote. */
  get logTail(): readonly string[] {
    return this.#tail.lines;
  }

  /** Requests that the browser made for something else than its worker. */
  get refusedRequests(): number {
    return this.#host.refused;
  }

  /** Port of its page host on 127.0.0.1: the only thing that it can reach. */
  get port(): number {
    return this.#host.port;
  }

  /** Product and version: `Chrome/156.0.8078.79`. */
  version(): Promise<string> {
    return this.#browser.version();
  }

  /**
   * A page of its own host name, storage and renderer process, after its hello.
   *
   * @throws KilnError `render.page_lost` when it does not come up in time.
   */
  async openPage(): Promise<OpenPage> {
    const site = this.#host.addSite();
    const forget = () => this.#host.removeSite(site);
    try {
      const context = await this.#browser.createBrowserContext({ downloadBehavior: { policy: 'deny' } });
      const page = await context.newPage();
      const open = new OpenPage({ page, context, site, kill: () => this.#endStuck(), forget, log: this.#log });
      page.on('console', (message: ConsoleMessage) => open.console.add(`${message.type()}: ${message.text()}`));
      this.#pages.add(open);
      void open.client.lost.then(() => this.#pages.delete(open));
      await open.start();
      return open;
    } catch (cause) {
      forget();
      if (cause instanceof KilnError) throw cause;
      throw new KilnError('render.page_lost', 'the browser did not open a page', { cause });
    }
  }

  /** One of its pages does not close: the others are not to blame. */
  #endStuck(): void {
    for (const { client } of this.#pages) client.end(new PageTaken('another page of its browser was stuck'));
    this.kill();
  }

  /** Ends the browser in order, within `pageCloseMs`, else by force. */
  async close(): Promise<void> {
    this.#isOver = true;
    const timer = setTimeout(() => this.kill(), WORKER_LIMITS.pageCloseMs);
    this.#browser.close().catch((error: unknown) => {
      this.#log.debug({ err: error }, 'the browser did not close in order');
      this.kill();
    });
    await this.ended;
    clearTimeout(timer);
  }

  /** Ends the browser's whole process group now. */
  kill(): void {
    this.#isOver = true;
    for (const target of [-this.pid, this.pid]) {
      try {
        process.kill(target, 'SIGKILL');
      } catch (error) {
        this.#log.trace({ err: error }, 'the browser was gone already');
      }
    }
  }

  async checkSandbox(allowNoSandbox: boolean): Promise<void> {
    // The first page's renderer appears a moment after the browser itself.
    await this.#browser.pages();
    const waitMs = allowNoSandbox ? 0 : WORKER_LIMITS.sandboxMs;
    this.#sandbox = await untilSandboxed(() => readSandbox(this.pid), waitMs);
    if (this.#sandbox.sandboxed) return;
    if (allowNoSandbox) {
      return this.#log.warn('KILN_ALLOW_NO_SANDBOX=1: scene files are parsed without a sandbox');
    }
    this.kill();
    await this.ended;
    throw new KilnError('render.page_lost', `the browser runs without its sandbox: ${this.#sandbox.detail}`);
  }

  async #watch(exit: Promise<unknown>, cleanUp: () => Promise<void>): Promise<void> {
    await exit;
    this.#isOver = true;
    this.#log.debug('the browser ended');
    await cleanUp();
  }
}
