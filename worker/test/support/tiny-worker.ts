import type { WorkerIdentity } from '@kiln/shared';
import { launchBrowser } from '../../src/browser/launch-browser.ts';
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
}

/** A worker whose page is the tiny one, without a probe. */
export async function startTinyWorker({ url, home, slots = 1 }: TinyWorkerOptions) {
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
  };
  const over = new AbortController();
  const client = new FarmClient(config.url);
  const membership = new Membership({ client, identity, token: config.token, log, signal: over.signal });
  await membership.join();
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
  });
  return { worker, pool };
}
