import { sep } from 'node:path';
import { Browser, detectBrowserPlatform, install } from '@puppeteer/browsers';
import puppeteer from 'puppeteer';
import { INFRA_LIMITS } from '../limits.ts';

/**
 * Downloads the Chrome that this puppeteer wants to where puppeteer looks for it.
 *
 * @param note is told the progress.
 * @returns the path of its executable.
 * @throws Error when it cannot be had, or when nothing arrives for `downloadSilenceMs`.
 */
export async function downloadBrowser(note: (text: string) => void): Promise<string> {
  const platform = detectBrowserPlatform();
  if (platform === undefined) throw new Error('there is no Chrome for this platform');
  // Puppeteer says where it would look: CACHE/chrome/PLATFORM-BUILD/…
  const [cacheDir, inCache] = (await puppeteer.executablePath()).split(`${sep}chrome${sep}`);
  const buildId = inCache?.split(sep)[0]?.split('-')[1];
  if (cacheDir === undefined || buildId === undefined) throw new Error('puppeteer names no build');
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
