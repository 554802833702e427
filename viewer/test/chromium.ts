/** Starts the machine's Chromium for tests, with its sandbox on: under root as an unprivileged user. */
import { chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer, { type Browser } from 'puppeteer';

/** `nobody`. */
const USER = 65_534;
const PLACES = ['/usr/bin/chromium', '/usr/bin/google-chrome', '/usr/bin/chromium-browser'];

export interface TestBrowser {
  readonly browser: Browser;
  close(): Promise<void>;
}

/** @param extraFlags of its command line. */
export async function startChromium(extraFlags: readonly string[] = []): Promise<TestBrowser> {
  const browserPath = findBrowser();
  const home = mkdtempSync(join(tmpdir(), 'kiln-viewer-test-'));
  const isRoot = process.getuid?.() === 0;
  if (isRoot) chownSync(home, USER, USER);
  const flags = puppeteer.defaultArgs({ userDataDir: join(home, 'profile'), headless: true });
  const command = isRoot
    ? ['/usr/bin/setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups', browserPath]
    : [browserPath];
  const [program = browserPath, ...firstArgs] = command;
  const browser = await puppeteer.launch({
    executablePath: program,
    ignoreDefaultArgs: true,
    args: [
      ...firstArgs,
      ...flags,
      '--use-gl=angle',
      '--use-angle=gl-egl',
      '--ignore-gpu-blocklist',
      '--disable-background-networking',
      '--disable-component-update',
      ...extraFlags,
    ],
    pipe: true,
    env: { ...process.env, HOME: home },
    defaultViewport: { width: 1_280, height: 800 },
  });
  return {
    browser,
    async close() {
      await browser.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function findBrowser(): string {
  const found = PLACES.find((place) => existsSync(place));
  return found ?? puppeteer.executablePath();
}
