import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { driverIdentity } from '../../src/browser/driver-identity.ts';
import { findBrowser } from '../../src/browser/find-browser.ts';
import { launchBrowser } from '../../src/browser/launch-browser.ts';
import { missingDriver } from '../../src/browser/missing-driver.ts';
import { canaryFault, type ProbeOptions, probeBackends } from '../../src/browser/probe-backends.ts';
import { adapterClassOf, bestWebgl, type ProbeResult } from '../../src/browser/probe-result.ts';
import { silent } from '../support/silent.ts';
import { tinyLaunchOptions } from '../support/tiny-browser.ts';

const BROKEN_PAGE = fileURLToPath(new URL('../fixtures/broken-page', import.meta.url));

let options: ProbeOptions;
let first: ProbeResult;

beforeAll(async () => {
  const browser = await findBrowser({ explicitPath: process.env.KILN_BROWSER ?? null });
  if (!browser) throw new Error('these tests need a Chrome or Chromium');
  const { environment, pageFolder } = await tinyLaunchOptions();
  const cacheFolder = await mkdtemp(join(tmpdir(), 'kiln-test-'));
  options = { browser, environment, pageFolder, cacheFolder, allowNoSandbox: false, log: silent };
  first = await probeBackends({ ...options, again: true });
});

afterAll(() => rm(options.cacheFolder, { recursive: true, force: true }));

it('tries every back end that this machine may have, and takes one that draws right', () => {
  expect(first.webgl.map(({ backend }) => backend)).toEqual(['gl-egl', 'vulkan', 'gl', 'swiftshader']);
  expect(first.webgpu.map(({ backend }) => backend)).toEqual(['default', 'swiftshader']);
  const software = first.webgl.find(({ backend }) => backend === 'swiftshader');
  expect(software).toMatchObject({ correct: true, error: null, renderer: expect.stringMatching(/swiftshader/i) });
  for (const { correct, error } of [...first.webgl, ...first.webgpu]) expect(error === null).toBe(correct);
  expect(bestWebgl(first)).toMatchObject({ correct: true });
  expect(first.sandboxed).toBe(true);
});

it('takes the fastest that draws right; one further down only when it is clearly faster', () => {
  const template = first.webgl[0];
  if (!template) throw new Error('nothing was probed');
  const one = (backend: 'gl-egl' | 'vulkan' | 'gl' | 'swiftshader', drawMs: number | null, correct = true) => ({
    ...template,
    backend,
    drawMs,
    correct,
  });
  const best = (...webgl: (typeof template)[]) => bestWebgl({ ...first, webgl })?.backend ?? null;
  expect(best(one('gl-egl', 30), one('vulkan', 10), one('swiftshader', 90))).toBe('vulkan');
  expect(best(one('gl-egl', 30), one('vulkan', 20))).toBe('gl-egl');
  expect(best(one('gl-egl', 30), one('swiftshader', 5))).toBe('gl-egl');
  expect(best(one('gl-egl', 30, false), one('swiftshader', 90))).toBe('swiftshader');
  expect(best(one('gl-egl', null, false))).toBeNull();
});

it('does not start a browser for a back end whose driver is not there', () => {
  const candidates = (['gl-egl', 'vulkan', 'gl', 'swiftshader'] as const).filter(
    (backend) => missingDriver(backend, { VK_DRIVER_FILES: '/somewhere.json', DISPLAY: ':0' }) === null,
  );
  expect(candidates).toEqual(['gl-egl', 'vulkan', 'gl', 'swiftshader']);
  if (process.platform === 'linux') expect(missingDriver('gl', {})).toMatch(/X display/);
});

it('says at once why a page does not come up', async () => {
  const launchOptions = await tinyLaunchOptions();
  const browser = await launchBrowser({ ...launchOptions, pageFolder: BROKEN_PAGE });
  try {
    await expect(browser.openPage()).rejects.toMatchObject({
      code: 'render.page_lost',
      message: expect.stringContaining('the page did not start: no WebGL here'),
    });
  } finally {
    await browser.close();
  }
});

it('never takes a back end that silently fell back to software', () => {
  const fellBack = first.webgl.filter(
    ({ backend, renderer }) => backend !== 'swiftshader' && /swiftshader/i.test(renderer ?? ''),
  );
  expect(fellBack.filter(({ correct }) => correct)).toEqual([]);
});

it('starts no SwiftShader for a worker where anything else draws right', { tags: ['heavy'] }, async () => {
  const cacheFolder = join(options.cacheFolder, 'another');
  const { webgl } = await probeBackends({ ...options, cacheFolder });
  const others = webgl.filter(({ backend, correct }) => backend !== 'swiftshader' && correct);
  const software = webgl.find(({ backend }) => backend === 'swiftshader');
  expect(software?.error === null).toBe(others.length === 0);
});

it('does not probe again for the same browser and drivers, but draws its canary', { tags: ['heavy'] }, async () => {
  expect(await probeBackends(options)).toEqual(first);
  expect(await canaryFault(options, first)).toBeNull();
  const broken = { ...options, pageFolder: BROKEN_PAGE };
  expect(await canaryFault(broken, first)).toMatch(/no WebGL here/);
  expect(bestWebgl(await probeBackends(broken))).toBeNull();
});

it('probes again when the canary is another picture than it was', { tags: ['heavy'] }, async () => {
  const folder = join(options.cacheFolder, 'other-picture');
  const file = join(folder, 'probe.json');
  await mkdir(folder);
  const kept = JSON.parse(await readFile(join(options.cacheFolder, 'probe.json'), 'utf8'));
  const webgl = first.webgl.map((one) => ({ ...one, pixelsSha256: '0'.repeat(64) }));
  await writeFile(file, JSON.stringify({ ...kept, result: { ...first, webgl } }));
  const again = await probeBackends({ ...options, cacheFolder: folder });
  expect(bestWebgl(again)?.pixelsSha256).toBe(bestWebgl(first)?.pixelsSha256);
  expect(JSON.parse(await readFile(file, 'utf8')).result).toEqual(again);
});

it('probes again for another browser, and does not keep that nothing drew', async () => {
  const kept = await readFile(join(options.cacheFolder, 'probe.json'), 'utf8');
  const other = await probeBackends({ ...options, browser: { ...options.browser, path: '/nowhere/chromium' } });
  expect(bestWebgl(other)).toBeNull();
  const started = other.webgl.filter(({ backend }) => missingDriver(backend, options.environment) === null);
  expect(started.length).toBeGreaterThan(0);
  expect(started.every(({ error }) => error?.includes('/nowhere/chromium'))).toBe(true);
  expect(await readFile(join(options.cacheFolder, 'probe.json'), 'utf8')).toBe(kept);
});

it('does not keep a result in which a browser failed for want of luck', { tags: ['heavy'] }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kiln-test-'));
  try {
    // The browser's own user must be able to start it.
    await chmod(folder, 0o755);
    const path = join(folder, 'chromium');
    const { path: real } = options.browser;
    await writeFile(path, `#!/bin/sh\ncase "$*" in *=gl-egl*) exit 1;; esac\nexec "${real}" "$@"\n`, { mode: 0o755 });
    const result = await probeBackends({ ...options, browser: { ...options.browser, path }, cacheFolder: folder });
    expect(result.webgl[0]).toMatchObject({ backend: 'gl-egl', correct: false });
    expect(bestWebgl(result)).toMatchObject({ correct: true });
    expect(await readdir(folder)).toEqual(['chromium']);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it('knows drivers by what steers them', () => {
  expect(driverIdentity(options.environment)).toBe(first.driver);
  expect(driverIdentity({ ...options.environment, LIBGL_ALWAYS_SOFTWARE: '1' })).not.toBe(first.driver);
});

it('names an adapter class by what decides the pixels', () => {
  const best = bestWebgl(first);
  if (!best) throw new Error('no back end draws');
  const own = adapterClassOf(first, best);
  expect(own).toMatch(/^[0-9a-f]{16}$/);
  expect(adapterClassOf(first, { ...best, drawMs: 1 })).toBe(own);
  expect(adapterClassOf(first, { ...best, pixelsSha256: '0'.repeat(64) })).not.toBe(own);
  expect(adapterClassOf({ ...first, browserVersion: 'Chromium 1' }, best)).not.toBe(own);
});
