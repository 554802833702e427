import { createHash } from 'node:crypto';
import type { WorkerIdentity } from '@kiln/shared';
import { launchBrowser } from '../../src/browser/launch-browser.ts';
import { canaryFault } from '../../src/browser/probe-backends.ts';
import type { ProbeResult } from '../../src/browser/probe-result.ts';
import { systemClock } from '../../src/clock.ts';
import { readWorkerConfig } from '../../src/config/worker-config.ts';
import { FarmClient } from '../../src/farm/farm-client.ts';
import { Membership } from '../../src/farm/membership.ts';
import { createLog } from '../../src/log.ts';
import { BrowserPool } from '../../src/pool/browser-pool.ts';
import { RunningWorker } from '../../src/running-worker.ts';
import { SceneCache } from '../../src/scene-cache/scene-cache.ts';
import { tinyLaunchOptions } from './tiny-browser.ts';

export interface TinyWorkerOptions {
  readonly url: string;
  readonly home: string;
  readonly slots?: number;
  /** Hash of the pixels that its canary must have. @defaultValue of those that it has */
  readonly canarySha256?: string;
}

/** One pixel of the colour that the tiny page draws for a canary. */
export const TINY_CANARY = createHash('sha256')
  .update(Buffer.from([51, 128, 64, 255]))
  .digest('hex');

/** A worker whose page is the tiny one, without a probe. */
export async function startTinyWorker({ url, home, slots = 1, canarySha256 = TINY_CANARY }: TinyWorkerOptions) {
  const log = createLog(process.env.TEST_LOG ?? 'silent');
  const { config } = readWorkerConfig({
    KILN_URL: url,
    KILN_WORKER_TOKEN: 'wt_test',
    KILN_HOME: home,
    KILN_SLOTS: String(slots),
    KILN_WORKER_NAME: 'tiny',
  });
  const launchOptions = await tinyLaunchOptions();
  const cache = await SceneCache.open({
    folder: config.sceneFolder,
    limitBytes: config.sceneCacheBytes,
    log,
  });
  const pool = new BrowserPool({
    launch: () => launchBrowser({ ...launchOptions, log }),
    slots,
    maxBrowsers: config.maxBrowsers,
    clock: systemClock,
    log,
  });
  const identity: WorkerIdentity = {
    name: config.name,
    pid: process.pid,
    version: '0.0.0',
    protocols: [1],
    slots,
    maxSessions: config.maxSessions,
    capabilities: [
      { engine: 'raster', backend: 'webgl' },
      { engine: 'raster', backend: 'webgpu' },
    ],
    autoBackends: { raster: 'webgpu', pathtrace: 'webgl' },
    adapterClass: '0123456789abcdef',
    renderer: 'tiny',
    backend: 'swiftshader',
    browserVersion: 'Chromium',
    sandboxed: true,
    drawsCanary: true,
  };
  const over = new AbortController();
  const client = new FarmClient(config.url);
  const membership = new Membership({ client, identity, token: config.token, log, signal: over.signal });
  await membership.join();
  const { browserPath, ...launching } = launchOptions;
  const probed: ProbeResult = {
    browserPath,
    browserVersion: 'Chromium',
    driver: '',
    probedAt: new Date().toISOString(),
    sandboxed: true,
    sandboxDetail: '',
    webgl: [
      {
        backend: 'swiftshader',
        correct: true,
        drawMs: 1,
        renderer: 'tiny',
        maxTextureSizePx: 8_192,
        pixelsSha256: canarySha256,
        error: null,
      },
    ],
    webgpu: [],
    engines: [],
  };
  const found = { path: browserPath, version: 'Chromium', source: 'system' } as const;
  const probing = { ...launching, browser: found, cacheFolder: config.cacheFolder, log };
  const worker = new RunningWorker({
    config,
    identity,
    client,
    membership,
    cache,
    pool,
    clock: systemClock,
    log,
    over,
    canaryFault: () => canaryFault(probing, probed, over.signal),
  });
  return { worker, pool };
}
