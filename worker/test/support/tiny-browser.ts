import { fileURLToPath } from 'node:url';
import { findBrowser } from '../../src/browser/find-browser.ts';
import { type LaunchedBrowser, type LaunchOptions, launchBrowser } from '../../src/browser/launch-browser.ts';
import { browserEnvironment } from '../../src/config/worker-config.ts';
import { silent } from './silent.ts';

/** A page that speaks the contract and can be told to misbehave. */
const TINY_PAGE = fileURLToPath(new URL('../fixtures/tiny-page', import.meta.url));

export async function tinyLaunchOptions(): Promise<LaunchOptions> {
  const browser = await findBrowser({ explicitPath: process.env.KILN_BROWSER ?? null });
  if (!browser) throw new Error('these tests need a Chrome or Chromium');
  return {
    browserPath: browser.path,
    // The one back end that every Chromium brings along.
    gl: 'swiftshader',
    allowNoSandbox: false,
    environment: browserEnvironment(),
    pageFolder: TINY_PAGE,
    log: silent,
  };
}

export const launchTinyBrowser = async (): Promise<LaunchedBrowser> => launchBrowser(await tinyLaunchOptions());
