/**
 * Tries every graphics back end with the real page and its canary. The wrong one costs a factor of three and says
 * nothing, so none is taken on trust: each must draw right, and be the one that was asked for.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KilnError } from '@kiln/shared';
import Type from 'typebox';
import Value from 'typebox/value';
import { pause } from '../clock.ts';
import type { Log } from '../log.ts';
import { driverIdentity } from './driver-identity.ts';
import type { FoundBrowser } from './find-browser.ts';
import { type LaunchedBrowser, launchBrowser } from './launch-browser.ts';
import { GL_BACKENDS, type GlBackend, type WebgpuBackend } from './launch-flags.ts';
import { missingDriver } from './missing-driver.ts';
import { type OpenPage, PageGaveUp } from './open-page.ts';
import {
  bestWebgl,
  bestWebgpu,
  type EngineDrawing,
  type GlCandidate,
  isSoftwareWebgpu,
  ProbeResult,
  type WebgpuCandidate,
} from './probe-result.ts';
import type { SandboxState } from './sandbox.ts';
import { drawWithEngines } from './time-engines.ts';
import { checkWebgpu } from './webgpu-check.ts';

/** Raise this when what a probe asks or how a browser is started changes: old results are then of no more use. */
const PROBE_VERSION = 5;

/** Time for a browser to start and draw the canary while none has: a second or two, half a minute on a busy machine. */
const FIRST_MS = 120_000;
/** Once one back end draws, another may take twice as long as that did, and at least this. */
const LATER_MS = 8_000;
/** For each engine with each interface; a path tracer is compiled for half a minute on a busy machine. */
const ENGINES_MS = 240_000;

export interface ProbeOptions {
  readonly browser: FoundBrowser;
  /** Folder of the built page. */
  readonly pageFolder: string;
  /** The result is kept here as `probe.json`. */
  readonly cacheFolder: string;
  readonly allowNoSandbox: boolean;
  readonly environment: Readonly<Record<string, string>>;
  readonly log: Log;
  /** Probe although a result is there, and also what cannot be taken any more: to show people. @defaultValue false */
  readonly again?: boolean;
}

const CachedProbe = Type.Object({ key: Type.String(), result: ProbeResult });

/**
 * The result of an earlier probe of the same browser and drivers, if what it chose still draws the same canary; else of one
 * now.
 */
export async function probeBackends(options: ProbeOptions): Promise<ProbeResult> {
  const driver = driverIdentity(options.environment);
  const { path, version } = options.browser;
  const key = JSON.stringify([PROBE_VERSION, path, version, driver, options.allowNoSandbox]);
  const file = join(options.cacheFolder, 'probe.json');
  const known = options.again ? null : await readCached(file, key);
  if (known) {
    const fault = await canaryFault(options, known);
    if (fault === null) return known;
    options.log.warn({ fault }, 'the canary is not drawn as it was; every back end is tried again');
  }
  const { result, isSettled } = await probe(options, driver);
  // What was wrong may be put right by the next start, or was bad luck: kept, it would be drawn with the second best.
  if (isSettled && bestWebgl(result)) await writeCached(options.cacheFolder, file, { key, result });
  return result;
}

async function readCached(file: string, key: string): Promise<ProbeResult | null> {
  try {
    const cached: unknown = JSON.parse(await readFile(file, 'utf8'));
    return Value.Check(CachedProbe, cached) && cached.key === key ? cached.result : null;
  } catch {
    // Not there, or written by another version: the probe makes a new one.
    return null;
  }
}

async function writeCached(folder: string, file: string, cached: Type.Static<typeof CachedProbe>): Promise<void> {
  await mkdir(folder, { recursive: true });
  const arriving = `${file}.${process.pid}`;
  await writeFile(arriving, `${JSON.stringify(cached, null, 2)}\n`);
  await rename(arriving, file);
}

/**
 * Draws the canary once more, in a browser of its own, as the browsers of jobs are.
 *
 * @param over ends the browser when it aborts.
 * @returns what is wrong; null: it is the same picture as when the back ends were probed.
 */
export async function canaryFault(
  options: ProbeOptions,
  result: ProbeResult,
  over?: AbortSignal,
): Promise<string | null> {
  const chosen = bestWebgl(result);
  if (!chosen) return 'no back end draws the canary right';
  const webgpu = bestWebgpu(result)?.backend ?? null;
  try {
    return await withBrowser(options, chosen.backend, webgpu, FIRST_MS, async (browser) => {
      over?.addEventListener('abort', () => browser.kill(), { once: true });
      over?.throwIfAborted();
      const { error, pixelsSha256 } = await drawCanary(await browser.openPage(), chosen.backend);
      return error ?? (pixelsSha256 === chosen.pixelsSha256 ? null : 'the canary is another picture than it was');
    });
  } catch (error) {
    return messageOf(error);
  }
}

interface Probed {
  readonly result: ProbeResult;
  /** Every WebGL back end would answer the same another time. */
  readonly isSettled: boolean;
}

async function probe(options: ProbeOptions, driver: string): Promise<Probed> {
  const webgl: GlCandidate[] = [];
  const webgpu: WebgpuCandidate[] = [];
  let sandbox: SandboxState = { sandboxed: false, detail: 'no browser started' };
  let limitMs = FIRST_MS;
  let isSettled = true;
  for (const backend of GL_BACKENDS) {
    const skipped = missingDriver(backend, options.environment) ?? (options.again ? null : beaten(backend, webgl));
    if (skipped !== null) {
      webgl.push(webglFailure(backend, skipped));
      continue;
    }
    const startedAt = performance.now();
    const tried = await tryBackend(options, backend, webgpuBeside(backend, webgl), limitMs);
    if (tried.webgl.correct) limitMs = Math.max(LATER_MS, 2 * (performance.now() - startedAt));
    options.log.info({ ...tried.webgl }, 'probed a WebGL back end');
    // One that takes much longer than another before it is not taken anyway.
    const isBeaten = tried.isLate && webgl.some(({ correct }) => correct);
    if (!tried.isAnswer && !isBeaten) isSettled = false;
    webgl.push(tried.webgl);
    if (tried.webgpu) {
      options.log.info({ ...tried.webgpu }, 'probed a WebGPU back end');
      webgpu.push(tried.webgpu);
    }
    if (tried.sandbox) sandbox = tried.sandbox;
  }
  const best = webgl.find(({ correct }) => correct);
  if (best && !webgpu.some(({ correct, backend }) => correct || backend === 'swiftshader')) {
    const software = await trySoftwareWebgpu(options, best.backend, limitMs);
    options.log.info({ ...software }, 'probed a WebGPU back end');
    webgpu.push(software);
  }
  const result: ProbeResult = {
    browserPath: options.browser.path,
    browserVersion: options.browser.version,
    driver,
    probedAt: new Date().toISOString(),
    sandboxed: sandbox.sandboxed,
    sandboxDetail: sandbox.detail,
    webgl,
    webgpu,
    engines: [],
  };
  const engines = await probeEngines(options, result);
  return { result: { ...result, engines: engines.drawn }, isSettled: isSettled && engines.isWhole };
}

/** Times what there is to choose from: none where WebGPU is not there, or is software. */
async function probeEngines(options: ProbeOptions, result: ProbeResult) {
  const [gl, webgpu] = [bestWebgl(result), bestWebgpu(result)];
  if (gl === null || webgpu === null || isSoftwareWebgpu(webgpu)) return { drawn: [], isWhole: true };
  const drawn: EngineDrawing[] = [];
  try {
    await withBrowser(options, gl.backend, webgpu.backend, ENGINES_MS, async (browser) => {
      const { client } = await browser.openPage();
      await drawWithEngines(client, (drawing) => drawn.push(drawing));
    });
    return { drawn, isWhole: true };
  } catch (error) {
    options.log.warn({ err: error }, 'not every engine could be timed');
    return { drawn, isWhole: false };
  } finally {
    for (const drawing of drawn) options.log.info({ ...drawing }, 'probed an engine');
  }
}

/** SwiftShader is not taken where anything else draws right: its browser would be half the time of a first start. */
function beaten(backend: GlBackend, before: readonly GlCandidate[]): string | null {
  const other = before.find(({ correct }) => correct);
  return backend === 'swiftshader' && other ? `not tried, since ${other.backend} draws right` : null;
}

/** WebGPU does not depend on WebGL's back end, so it is asked in a browser that is up anyway: a start takes seconds. */
function webgpuBeside(backend: GlBackend, before: readonly GlCandidate[]): WebgpuBackend | null {
  if (backend === 'swiftshader') return 'swiftshader';
  return before.length === 0 ? 'default' : null;
}

interface Tried {
  readonly webgl: GlCandidate;
  readonly webgpu: WebgpuCandidate | null;
  readonly sandbox: SandboxState | null;
  /** WebGL drew, or the page said why it cannot: it would be the same another time. */
  readonly isAnswer: boolean;
  readonly isLate: boolean;
}

async function tryBackend(
  options: ProbeOptions,
  backend: GlBackend,
  webgpu: WebgpuBackend | null,
  limitMs: number,
): Promise<Tried> {
  let sandbox: SandboxState | null = null;
  let drawn: GlCandidate | null = null;
  try {
    return await withBrowser(options, backend, webgpu, limitMs, async (browser) => {
      sandbox = browser.sandbox;
      const page = await browser.openPage();
      drawn = await drawCanary(page, backend);
      const checked = webgpu && { backend: webgpu, ...(await checkWebgpu(page.page).catch(webgpuFailure)) };
      return { webgl: drawn, webgpu: checked, sandbox, isAnswer: true, isLate: false };
    });
  } catch (error) {
    return {
      webgl: drawn ?? webglFailure(backend, error),
      webgpu: webgpu && { backend: webgpu, ...webgpuFailure(error) },
      sandbox,
      isLate: error instanceof KilnError && error.code === 'render.timeout',
      isAnswer: drawn !== null || isAnswer(error),
    };
  }
}

/** Where the browser offers no WebGPU of itself: in software, it takes flags, and so a browser of its own. */
async function trySoftwareWebgpu(options: ProbeOptions, gl: GlBackend, limitMs: number): Promise<WebgpuCandidate> {
  const backend = 'swiftshader';
  try {
    return await withBrowser(options, gl, backend, limitMs, async (browser) => {
      const { page } = await browser.openPage();
      return { backend, ...(await checkWebgpu(page)) };
    });
  } catch (error) {
    return { backend, ...webgpuFailure(error) };
  }
}

/** The page's own program says that it cannot draw here: it lacks WebGL 2, or what that needs. */
const isAnswer = (error: unknown) =>
  error instanceof PageGaveUp || (error instanceof KilnError && error.code === 'render.failed');

async function drawCanary(page: OpenPage, backend: GlBackend): Promise<GlCandidate> {
  const { result } = await page.client.call('canary', {});
  const { renderer, maxTextureSizePx, pixelsSha256, drawMs } = result;
  const error = result.correct ? fallback(backend, renderer) : 'the canary has wrong pixels';
  return { backend, correct: error === null, drawMs, renderer, maxTextureSizePx, pixelsSha256, error };
}

/** With its cause: this is for whoever runs the machine. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

const webglFailure = (backend: GlBackend, error: unknown): GlCandidate => ({
  backend,
  correct: false,
  drawMs: null,
  renderer: null,
  maxTextureSizePx: null,
  pixelsSha256: null,
  error: messageOf(error),
});

const webgpuFailure = (error: unknown) => ({ correct: false, drawMs: null, adapter: null, error: messageOf(error) });

/** A browser that could not have what it was asked for draws with SwiftShader instead and says so only in its name. */
function fallback(backend: GlBackend, renderer: string): string | null {
  const isSoftwareVulkan = /swiftshader/i.test(renderer);
  if (backend !== 'swiftshader' && isSoftwareVulkan) return 'the browser fell back to SwiftShader';
  if (backend === 'vulkan' && !/vulkan/i.test(renderer)) return `the browser fell back to ${renderer}`;
  return null;
}

async function withBrowser<T>(
  options: ProbeOptions,
  gl: GlBackend,
  webgpu: WebgpuBackend | null,
  limitMs: number,
  work: (browser: LaunchedBrowser) => Promise<T>,
): Promise<T> {
  const { browser: found, pageFolder, allowNoSandbox, environment, log } = options;
  const browser = await launchBrowser({
    browserPath: found.path,
    gl,
    webgpu,
    allowNoSandbox,
    environment,
    pageFolder,
    log,
  });
  const over = new AbortController();
  try {
    const late = pause(limitMs, over.signal).then(() => {
      if (over.signal.aborted) return new Promise<never>(() => {});
      browser.kill();
      throw new KilnError('render.timeout', `no canary within ${Math.round(limitMs)} ms`);
    });
    return await Promise.race([work(browser), late]);
  } finally {
    over.abort();
    await browser.close();
  }
}
