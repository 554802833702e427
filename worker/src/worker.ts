/** Wires the worker: finds and probes the browser, registers, takes deliveries and sessions, and ends in order. */
import { hostname } from 'node:os';
import { KilnError, WORKER_PROTOCOLS, type WorkerIdentity } from '@kiln/shared';
import packageJson from '../package.json' with { type: 'json' };
import { findBrowser } from './browser/find-browser.ts';
import { launchBrowser } from './browser/launch-browser.ts';
import { canaryFault, probeBackends } from './browser/probe-backends.ts';
import {
  abilitiesOf,
  adapterClassOf,
  autoBackendsOf,
  bestWebgl,
  bestWebgpu,
  type GlCandidate,
  type ProbeResult,
} from './browser/probe-result.ts';
import { sweepProfileFolders } from './browser/profile-folder.ts';
import { systemClock } from './clock.ts';
import type { WorkerConfig } from './config/worker-config.ts';
import { FarmClient } from './farm/farm-client.ts';
import { Membership } from './farm/membership.ts';
import { hasFfmpeg } from './film/ffmpeg-sink.ts';
import { createLog, type Log } from './log.ts';
import { machineFacts } from './machine-facts.ts';
import { buildPage, PAGE_FOLDER } from './page-folder.ts';
import { BrowserPool } from './pool/browser-pool.ts';
import { RunningWorker } from './running-worker.ts';
import { SceneCache } from './scene-cache/scene-cache.ts';

/**
 * Starts a worker: resolves when it is registered and takes work.
 *
 * @throws KilnError when this machine has no browser that draws, or the server refuses the token
 */
export async function startWorker(config: WorkerConfig, log: Log = createLog(config.logLevel)): Promise<RunningWorker> {
  await Promise.all([sweepProfileFolders(log), buildPage(PAGE_FOLDER)]);
  const browser = await findBrowser({ explicitPath: config.browserPath });
  if (!browser) {
    throw new KilnError(
      'server.internal',
      'no Chrome or Chromium was found: install one, or name one with KILN_BROWSER',
    );
  }
  const { allowNoSandbox, browserEnvironment: environment, cacheFolder } = config;
  const launchParts = { allowNoSandbox, environment, pageFolder: PAGE_FOLDER };
  const probing = { ...launchParts, browser, cacheFolder, log };
  const probe = await probeBackends(probing);
  const chosen = bestWebgl(probe);
  if (!chosen) {
    const tried = probe.webgl.map(({ backend, error }) => `${backend}: ${error}`).join('; ');
    throw new Error(
      `no graphics back end of this machine draws right; "npx --no kiln doctor" says what helps (${tried})`,
    );
  }
  const cache = await SceneCache.open({
    folder: config.sceneFolder,
    limitBytes: config.sceneCacheBytes,
    log,
  });
  const pool = new BrowserPool({
    launch: () => {
      const webgpu = bestWebgpu(probe)?.backend ?? null;
      return launchBrowser({ ...launchParts, browserPath: browser.path, gl: chosen.backend, webgpu, log });
    },
    slots: config.slots,
    maxBrowsers: config.maxBrowsers,
    clock: systemClock,
    log,
  });
  const filmMakers: WorkerIdentity['filmMakers'] = (await hasFfmpeg()) ? ['page', 'ffmpeg'] : ['page'];
  const over = new AbortController();
  const client = new FarmClient(config.url);
  const identity = { ...identityOf(config, probe, chosen), filmMakers };
  const membership = new Membership({ client, identity, token: config.token, log, signal: over.signal });
  await membership.join();
  return new RunningWorker({
    config,
    identity,
    client,
    membership,
    cache,
    pool,
    clock: systemClock,
    log,
    over,
    canaryFault: () => canaryFault(probing, probe, over.signal),
  });
}

function identityOf(config: WorkerConfig, probe: ProbeResult, chosen: GlCandidate): WorkerIdentity {
  return {
    name: config.name,
    pid: process.pid,
    host: hostname(),
    version: packageJson.version,
    protocols: [...WORKER_PROTOCOLS],
    slots: config.slots,
    maxSessions: config.maxSessions,
    capabilities: abilitiesOf(probe),
    autoBackends: autoBackendsOf(probe),
    adapterClass: adapterClassOf(probe, chosen),
    renderer: chosen.renderer ?? 'unknown',
    backend: chosen.backend,
    browserVersion: probe.browserVersion,
    sandboxed: probe.sandboxed,
    ...machineFacts(),
    gpuMemoryBytes: config.gpuMemoryBytes,
    maxTexturePx: chosen.maxTextureSizePx,
    tags: config.tags,
    drawsCanary: true,
  };
}
