/** A browser as a visitor of the web app has one: for end-to-end tests and benchmarks. */
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBrowser } from '@kiln/worker';
import puppeteer, { type Browser, type Page } from 'puppeteer';
import { processEnvironment } from '../config.ts';
import { which } from '../setup/which.ts';

const UNPRIVILEGED_ID = 65_534;
const FLAGS = [
  '--headless=new',
  '--no-first-run',
  '--hide-scrollbars',
  '--use-gl=angle',
  '--use-angle=gl-egl',
  '--ignore-gpu-blocklist',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  '--force-device-scale-factor=1',
  // Suggestions of an address bar that nobody types into are pages of their own.
  '--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup',
];

/** Runs `work` with a page of a fresh browser, started unprivileged so that its sandbox is on. */
export async function withPlainBrowser<T>(work: (page: Page) => Promise<T>): Promise<T> {
  const profile = await mkdtemp(join(tmpdir(), 'kiln-trial-profile-'));
  try {
    const found = await findBrowser({});
    if (!found) throw new Error('there is no browser on this machine');
    const isRoot = process.getuid?.() === 0;
    if (isRoot) await chown(profile, UNPRIVILEGED_ID, UNPRIVILEGED_ID);
    const setpriv = isRoot ? which('setpriv', processEnvironment().PATH ?? '') : null;
    if (isRoot && setpriv === null) throw new Error('there is no setpriv on this machine');
    const asNobody = [`--reuid=${UNPRIVILEGED_ID}`, `--regid=${UNPRIVILEGED_ID}`, '--clear-groups', found.path];
    const browser = await puppeteer.launch({
      executablePath: setpriv ?? found.path,
      args: [...(isRoot ? asNobody : []), ...FLAGS, `--user-data-dir=${profile}`, 'about:blank'],
      ignoreDefaultArgs: true,
      pipe: true,
      env: { ...processEnvironment(), HOME: profile },
    });
    try {
      return await work(await visiblePage(browser));
    } finally {
      await browser.close();
    }
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/**
 * The page that the browser has opened by itself. A second one beside it may come to lie behind it, and a page that nobody
 * sees gets no display frames: nothing in it moves.
 */
async function visiblePage(browser: Browser): Promise<Page> {
  const [page = await browser.newPage()] = await browser.pages();
  await page.bringToFront();
  return page;
}
