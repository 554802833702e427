/** Which browser to drive: a path that is named, else one that puppeteer manages, else the machine's own. */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { KilnError } from '@kiln/shared';
import { runsAsRoot } from './browser-user.ts';

export interface FoundBrowser {
  readonly path: string;
  /** As the browser prints it: `Chromium 156.0.8078.79 built on Debian GNU/Linux 12 (bookworm)`. */
  readonly version: string;
  readonly source: 'explicit' | 'managed' | 'system';
}

const SYSTEM_PATHS = [
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/opt/google/chrome/chrome',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

const run = promisify(execFile);

/**
 * Finds a browser that starts.
 *
 * @param options.explicitPath what KILN_BROWSER names; nothing else is tried when it is set
 * @param options.onRejected told why a browser that is there cannot be used
 * @returns null when this machine has none
 * @throws KilnError `request.invalid` when the explicit path is no browser
 */
export async function findBrowser(
  options: { readonly explicitPath?: string | null; readonly onRejected?: (why: string) => void } = {},
): Promise<FoundBrowser | null> {
  const { explicitPath } = options;
  if (explicitPath) {
    const found = await tryBrowser(explicitPath, 'explicit');
    if ('path' in found) return found;
    throw new KilnError('request.invalid', `KILN_BROWSER must be the path of a Chrome or Chromium; ${found.problem}`, {
      field: 'KILN_BROWSER',
    });
  }
  const candidates: [string, FoundBrowser['source']][] = SYSTEM_PATHS.map((path) => [path, 'system']);
  const managed = await managedPath();
  if (managed) candidates.unshift([managed, 'managed']);
  for (const [path, source] of candidates) {
    if (!existsSync(path)) continue;
    const found = await tryBrowser(path, source);
    if ('path' in found) return found;
    options.onRejected?.(found.problem);
  }
  return null;
}

/** Where puppeteer would have put its own browser, whether it is there or not. */
async function managedPath(): Promise<string | null> {
  try {
    const { default: puppeteer } = await import('puppeteer');
    return await puppeteer.executablePath();
  } catch {
    // Puppeteer throws when its cache holds no browser of the wanted build: there is none, then.
    return null;
  }
}

async function tryBrowser(
  path: string,
  source: FoundBrowser['source'],
): Promise<FoundBrowser | { readonly problem: string }> {
  try {
    accessSync(path, constants.X_OK);
  } catch {
    return { problem: `"${path}" cannot be run` };
  }
  const closed = runsAsRoot() ? closedFolder(path) : null;
  if (closed) {
    return { problem: `"${path}" lies in "${closed}", which the unprivileged user that runs the browser cannot enter` };
  }
  try {
    const { stdout } = await run(path, ['--version'], { timeout: 20_000 });
    const version = stdout.trim();
    return /chrom/i.test(version) ? { path, version, source } : { problem: `"${path}" says it is "${version}"` };
  } catch (cause) {
    return { problem: `"${path} --version" failed: ${cause instanceof Error ? cause.message.split('\n')[0] : cause}` };
  }
}

/** The first folder on the way to `path` that only its owner may enter. */
function closedFolder(path: string): string | null {
  for (let folder = dirname(realpathSync(path)); folder !== dirname(folder); folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return folder;
  }
  return null;
}
