import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { driverIdentity } from '../../src/browser/driver-identity.ts';
import { findBrowser } from '../../src/browser/find-browser.ts';
import { type ProbeOptions, probeBackends } from '../../src/browser/probe-backends.ts';
import { adapterClassOf, bestWebgl, type ProbeResult } from '../../src/browser/probe-result.ts';
import { silent } from '../support/silent.ts';
import { tinyLaunchOptions } from '../support/tiny-browser.ts';

let options: ProbeOptions;
let first: ProbeResult;

beforeAll(async () => {
  const browser = await findBrowser({ explicitPath: process.env.KILN_BROWSER ?? null });
  if (!browser) throw new Error('these tests need a Chrome or Chromium');
  const { environment, pageFolder } = await tinyLaunchOptions();
  const cacheFolder = await mkdtemp(join(tmpdir(), 'kiln-test-'));
  options = { browser, environment, pageFolder, cacheFolder, allowNoSandbox: false, log: silent };
  first = await probeBackends(options);
});

afterAll(() => rm(options.cacheFolder, { recursive: true, force: true }));

it('tries every back end, and takes the fastest of those that draw right', () => {
  expect(first.webgl.map(({ backend }) => backend)).toEqual(['gl-egl', 'vulkan', 'gl', 'swiftshader']);
  expect(first.webgpu.map(({ backend }) => backend)).toEqual(['default', 'swiftshader']);
  const software = first.webgl.find(({ backend }) => backend === 'swiftshader');
  expect(software).toMatchObject({ correct: true, error: null, renderer: expect.stringMatching(/swiftshader/i) });
  for (const { correct, error } of [...first.webgl, ...first.webgpu]) expect(error === null).toBe(correct);
  const best = bestWebgl(first);
  expect(first.webgl.every((one) => !one.correct || (one.drawMs ?? 0) >= (best?.drawMs ?? 0))).toBe(true);
  expect(first.sandboxed).toBe(true);
});

it('never takes a back end that silently fell back to software', () => {
  const fellBack = first.webgl.filter(
    ({ backend, renderer }) => backend !== 'swiftshader' && /swiftshader/i.test(renderer ?? ''),
  );
  expect(fellBack.filter(({ correct }) => correct)).toEqual([]);
});

it('does not probe again for the same browser and drivers', async () => {
  // A page that does not exist: a probe would find that nothing draws.
  const again = await probeBackends({ ...options, pageFolder: '/nowhere' });
  expect(again).toEqual(first);
});

it('probes again for another browser, and does not keep that nothing drew', async () => {
  const kept = await readFile(join(options.cacheFolder, 'probe.json'), 'utf8');
  const other = await probeBackends({ ...options, browser: { ...options.browser, path: '/nowhere/chromium' } });
  expect(bestWebgl(other)).toBeNull();
  expect(other.webgl.every(({ error }) => error?.includes('/nowhere/chromium'))).toBe(true);
  expect(await readFile(join(options.cacheFolder, 'probe.json'), 'utf8')).toBe(kept);
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
