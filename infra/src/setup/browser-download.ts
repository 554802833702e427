import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import {
  Browser,
  type BrowserPlatform,
  computeExecutablePath,
  detectBrowserPlatform,
  install,
} from '@puppeteer/browsers';
import puppeteer from 'puppeteer';
import { INFRA_LIMITS } from '../limits.ts';

interface Place {
  /** What puppeteer calls its cache. */
  readonly cacheFolder: string;
  readonly platform: BrowserPlatform;
  readonly buildId: string;
}

/**
 * Downloads the Chrome that this puppeteer wants to where puppeteer looks for it. It is unpacked beside that place and
 * moved there when it is whole, so that what is cut leaves no half of a browser.
 *
 * @param baseUrl a mirror; absent: where puppeteer's Chrome is published.
 * @param note is told the progress.
 * @returns the path of its executable.
 * @throws Error when it cannot be had, or when nothing arrives for `downloadSilenceMs`.
 */
export async function downloadBrowser(note: (text: string) => void, baseUrl?: string): Promise<string> {
  const place = await wantedPlace();
  const unpackedIn = join(place.cacheFolder, 'kiln-download');
  await rm(unpackedIn, { recursive: true, force: true });
  try {
    const unpacked = await downloadTo(unpackedIn, place, note, baseUrl);
    const wanted = executableIn(place.cacheFolder, place);
    if (!existsSync(unpacked)) throw new Error(`the download has no ${relative(unpackedIn, unpacked)}`);
    const folder = dirname(dirname(wanted));
    await rm(folder, { recursive: true, force: true });
    await mkdir(dirname(folder), { recursive: true });
    await rename(dirname(dirname(unpacked)), folder);
    return wanted;
  } finally {
    await rm(unpackedIn, { recursive: true, force: true });
  }
}

/** Puppeteer says where it would look: CACHE/chrome/PLATFORM-BUILD/… */
async function wantedPlace(): Promise<Place> {
  const platform = detectBrowserPlatform();
  if (platform === undefined) throw new Error('there is no Chrome for this platform');
  const [cacheFolder, inCache] = (await puppeteer.executablePath()).split(`${sep}chrome${sep}`);
  const buildId = inCache?.split(sep)[0]?.split('-')[1];
  if (cacheFolder === undefined || buildId === undefined) throw new Error('puppeteer names no build');
  return { cacheFolder, platform, buildId };
}

/** CACHE/chrome/PLATFORM-BUILD/chrome-PLATFORM/chrome */
const executableIn = (cacheDir: string, { platform, buildId }: Place) =>
  computeExecutablePath({ browser: Browser.CHROME, cacheDir, platform, buildId });

async function downloadTo(
  cacheDir: string,
  { platform, buildId }: Place,
  note: (text: string) => void,
  baseUrl: string | undefined,
): Promise<string> {
  let silence: NodeJS.Timeout | undefined;
  const timedOut = new Promise<never>((_, reject) => {
    const giveUp = () => reject(new Error(`nothing arrived for ${INFRA_LIMITS.downloadSilenceMs / 1_000} s`));
    silence = setTimeout(giveUp, INFRA_LIMITS.downloadSilenceMs);
  });
  const downloaded = install({
    browser: Browser.CHROME,
    buildId,
    platform,
    cacheDir,
    ...(baseUrl === undefined ? {} : { baseUrl }),
    downloadProgressCallback: (received, total) => {
      silence?.refresh();
      note(`${Math.round((received / total) * 100)} %`);
    },
  });
  try {
    return (await Promise.race([downloaded, timedOut])).executablePath;
  } finally {
    clearTimeout(silence);
  }
}
