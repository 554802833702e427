/** One page of a browser, from its hello to its end. */
import { KilnError } from '@kiln/shared';
import type { BrowserContext, Page } from 'puppeteer';
import { pause } from '../clock.ts';
import { WORKER_LIMITS } from '../limits.ts';
import type { Log } from '../log.ts';
import type { PageClient } from '../page-host/page-client.ts';
import type { PageSite } from '../page-host/page-site.ts';
import { LineTail } from './line-tail.ts';

export interface OpenPageParts {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly site: PageSite;
  /** Kills the whole browser, and ends its other pages. */
  readonly kill: () => void;
  /** Takes the page's host name away. */
  readonly forget: () => void;
  readonly log: Log;
}

/** The page's own program threw before its hello, as where it lacks WebGL 2: it would again in such a browser. */
export class PageGaveUp extends KilnError {
  constructor(message: string) {
    super('render.page_lost', `the page did not start: ${message}`);
  }
}

export class OpenPage {
  /** What the page wrote to its console, last lines. */
  readonly console = new LineTail(WORKER_LIMITS.logLines, WORKER_LIMITS.logLineChars);
  readonly site: PageSite;
  readonly #parts: OpenPageParts;
  #isUp = false;
  #closing: Promise<void> | null = null;

  constructor(parts: OpenPageParts) {
    this.#parts = parts;
    this.site = parts.site;
    const { page } = parts;
    page.on('error', (error) => this.#lose(`the page crashed: ${error.message}`));
    page.on('close', () => this.#lose('the page was closed'));
    page.on('pageerror', (error) => this.#noteUncaught(error instanceof Error ? error.message : String(error)));
    page.on('dialog', (dialog) => void dialog.dismiss().catch(() => this.#lose('a dialog could not be closed')));
    page.on('popup', (opened) => {
      this.#parts.log.warn('the page opened a window: closing it');
      opened?.close().catch(() => this.#lose('a window that the page opened could not be closed'));
    });
    page.on('framenavigated', (frame) => {
      const isForeign = frame === page.mainFrame() && frame.url() !== this.site.url && frame.url() !== 'about:blank';
      if (isForeign) this.#lose('the page navigated away');
    });
  }

  get client(): PageClient {
    return this.site.client;
  }

  /** Puppeteer's page: for tests, and for the probe's look at WebGPU. */
  get page(): Page {
    return this.#parts.page;
  }

  /** Loads the page and waits for its hello. */
  async start(): Promise<void> {
    const late = setTimeout(
      () => this.#lose(`the page did not say hello within ${WORKER_LIMITS.pageStartMs} ms`),
      WORKER_LIMITS.pageStartMs,
    );
    try {
      const arrived = this.#parts.page.goto(this.site.url, {
        waitUntil: 'domcontentloaded',
        timeout: WORKER_LIMITS.pageStartMs,
      });
      await Promise.all([this.client.ready, arrived]);
      this.#isUp = true;
    } catch (error) {
      await this.close(new KilnError('render.page_lost', 'the page did not start'));
      throw error;
    } finally {
      clearTimeout(late);
    }
  }

  /** Ends the page and every call to it with `reason`. Kills the browser if the page does not go in time. */
  close(reason: KilnError): Promise<void> {
    this.#closing ??= this.#end(reason);
    return this.#closing;
  }

  async #end(reason: KilnError): Promise<void> {
    this.client.end(reason);
    this.#parts.forget();
    const closed = this.#parts.context.close().then(
      () => true,
      (error: unknown) => {
        this.#parts.log.debug({ err: error }, 'a page was gone before it was closed');
        return true;
      },
    );
    const done = await Promise.race([closed, pause(WORKER_LIMITS.pageCloseMs).then(() => false)]);
    if (done) return;
    this.#parts.log.warn({ reason: reason.message }, 'a page is stuck: ending its browser');
    this.#parts.kill();
  }

  /** A page that throws before its hello never says it: waiting for the time limit would tell nothing more. */
  #noteUncaught(message: string): void {
    this.console.add(`uncaught: ${message}`);
    if (!this.#isUp) this.client.end(new PageGaveUp(message));
  }

  #lose(message: string): void {
    this.client.end(new KilnError('render.page_lost', message));
  }
}
