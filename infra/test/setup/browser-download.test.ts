/** Puppeteer's own download, from a mirror on this machine. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { zipSync } from 'fflate';
import puppeteer from 'puppeteer';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { downloadBrowser } from '../../src/setup/browser-download.ts';

const SCRIPT = '#!/bin/sh\necho "Google Chrome for Testing 1.2.3"\n';
const EXECUTABLE = { os: 3, attrs: (0o100755 << 16) >>> 0 } as const;
const archive = (name: string) =>
  Buffer.from(zipSync({ [name]: [Buffer.from(SCRIPT), EXECUTABLE], 'chrome-linux64/more': Buffer.alloc(100_000, 7) }));

/** The archive below has the layout of this platform. */
const onLinux = test.skipIf(process.platform !== 'linux' || process.arch !== 'x64');

const configuration: { cacheDirectory?: string | undefined } = Reflect.get(puppeteer, 'configuration');
const ownCache = configuration.cacheDirectory;
let cache: string;
let mirror: Server;
let baseUrl: string;
/** How the mirror answers. */
let answer: 'whole' | 'cut' | 'other';

beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'kiln-browsers-'));
  // As with PUPPETEER_CACHE_DIR, which puppeteer reads when it is loaded: other tests may have done so.
  configuration.cacheDirectory = cache;
  mirror = createServer((_, response) => {
    const bytes = archive(answer === 'other' ? 'chrome-linux64/README' : 'chrome-linux64/chrome');
    response.writeHead(200, { 'content-length': bytes.length });
    if (answer !== 'cut') response.end(bytes);
    else response.write(bytes.subarray(0, 100), () => response.destroy());
  });
  await new Promise<void>((resolve) => mirror.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(mirror.address() as AddressInfo).port}`;
});
beforeEach(async () => {
  await rm(cache, { recursive: true, force: true });
});
afterAll(async () => {
  configuration.cacheDirectory = ownCache;
  mirror?.close();
  await rm(cache, { recursive: true, force: true });
});

const download = (as: typeof answer) => {
  answer = as;
  return downloadBrowser(() => undefined, baseUrl);
};

onLinux('the browser is whole and in its place', async () => {
  const path = await download('whole');
  expect(execFileSync(path, { encoding: 'utf8' })).toContain('1.2.3');
  expect(await readdir(cache)).toEqual(['chrome']);
  expect(await readdir(join(cache, 'chrome'))).toHaveLength(1);
});

onLinux.each(['cut', 'other'] as const)(
  'a download that is %s leaves nothing in its place, and the next one succeeds',
  async (how) => {
    await expect(download(how)).rejects.toThrow();
    expect(existsSync(join(cache, 'chrome'))).toBe(false);
    expect(existsSync(await download('whole'))).toBe(true);
  },
);

onLinux('half of a browser is replaced', async () => {
  const path = await download('whole');
  await rm(path);
  await mkdir(join(cache, 'kiln-download'), { recursive: true });
  await writeFile(join(dirname(path), 'rest'), 'of a download that was cut');
  expect(existsSync(await download('whole'))).toBe(true);
  expect(await readdir(cache)).toEqual(['chrome']);
});
