/**
 * Workers that draw nothing, in one process: they register, take deliveries from their queues, claim, deliver and keep their
 * leases with the code of every worker; each frame is a few bytes, and an import finds an empty scene.
 *
 * `blank-workers.ts URL TOKEN FOLDER WORKERS SLOTS`, as a child process: it says `{ ready: true }`, ends when it is told
 * to, and says `{ claimedAtMs }` of each claim while `{ tellClaims: true }` holds.
 */
import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type Assignment, IMAGE_FORMATS, type ImportReport, WORKER_PROTOCOLS, type WorkerIdentity } from '@kiln/shared';
import { systemClock } from '../src/clock.ts';
import { readWorkerConfig } from '../src/config/worker-config.ts';
import type { Work } from '../src/deliveries/attempt.ts';
import { deliverFrame } from '../src/deliveries/deliver-frame.ts';
import { FarmClient } from '../src/farm/farm-client.ts';
import { Membership } from '../src/farm/membership.ts';
import { createLog } from '../src/log.ts';
import { BrowserPool } from '../src/pool/browser-pool.ts';
import { RunningWorker } from '../src/running-worker.ts';
import { SceneCache } from '../src/scene-cache/scene-cache.ts';

const [url = '', token = '', folder = '', workers = '1', slots = '1'] = process.argv.slice(2);
const log = createLog('warn');
let tellsClaims = false;

const EMPTY: ImportReport = {
  generator: null,
  bounds: { min: [0, 0, 0], max: [1, 1, 1] },
  triangles: 0,
  nodes: 0,
  meshes: 0,
  materials: 0,
  lights: 0,
  skins: 0,
  morphTargets: 0,
  textures: [],
  gpuBytes: 0,
  cameras: [],
  clips: [],
  variants: [],
  extensionsUsed: [],
  usesStudioLight: true,
  findings: [],
  findingCounts: { error: 0, warning: 0, information: 0, hint: 0 },
  importMs: 0,
};

const GREY = { min: 0.5, max: 0.5, mean: 0.5, nanCount: 0 };

const work: Work = async (assignment, context) => {
  if (tellsClaims) process.send?.({ claimedAtMs: systemClock.unixMs() });
  if (assignment.work.kind === 'render') return drawNothing(assignment.work, context);
  if (assignment.work.kind !== 'import') throw new Error(`blank workers do no ${assignment.work.kind}`);
  const { client, lease, membership } = context;
  const thumbnail = { thumbnailBase64: Buffer.from('nothing').toString('base64'), thumbnailMediaType: 'image/webp' };
  const result = { outcome: 'ready' as const, report: EMPTY, ...thumbnail };
  await membership.persist(() => client.deliverImport(lease, result, lease.signal), lease.signal);
};

/** Every frame has bytes of its own, as frames have. */
async function drawNothing(
  { frames, settings }: Extract<Assignment['work'], { kind: 'render' }>,
  context: Parameters<Work>[1],
): Promise<void> {
  for (const frameNumber of frames) {
    const content = Buffer.from(`frame ${frameNumber} ${randomUUID()}`);
    const sha256 = createHash('sha256').update(content).digest('hex');
    const encode = { startedAtMs: systemClock.unixMs(), durationMs: 1 };
    const draw = { ...encode, backend: 'webgl' as const };
    const drawn = {
      result: {
        gpuBytes: 0,
        mediaType: IMAGE_FORMATS[settings.format].mediaType,
        sha256,
        draw,
        encode,
        statistics: GREY,
      },
      file: { sha256, sizeBytes: content.length, content },
    };
    await deliverFrame(context, frameNumber, drawn, { draw, encode });
  }
}

async function start(name: string): Promise<void> {
  const { config } = readWorkerConfig({
    KILN_URL: url,
    KILN_WORKER_TOKEN: token,
    KILN_HOME: join(folder, name),
    KILN_SLOTS: slots,
    KILN_WORKER_NAME: name,
  });
  const { sceneFolder, sceneCacheBytes: limitBytes, maxBrowsers, maxSessions } = config;
  const cache = await SceneCache.open({ folder: sceneFolder, limitBytes, log });
  const launch = () => Promise.reject(new Error('blank workers have no browser'));
  const pool = new BrowserPool({ launch, slots: config.slots, maxBrowsers, clock: systemClock, log });
  const identity: WorkerIdentity = {
    name,
    pid: process.pid,
    version: 'bench',
    protocols: [...WORKER_PROTOCOLS],
    slots: config.slots,
    maxSessions,
    capabilities: [{ engine: 'raster', backend: 'webgl' }],
    autoBackends: { raster: 'webgl', pathtrace: 'webgl' },
    adapterClass: '0123456789abcdef',
    renderer: 'none',
    backend: 'none',
    browserVersion: 'none',
    sandboxed: true,
    filmMakers: [],
  };
  const over = new AbortController();
  const client = new FarmClient(config.url);
  const membership = new Membership({ client, identity, token, log, signal: over.signal });
  await membership.join();
  const canaryFault = async () => null;
  new RunningWorker({
    config,
    identity,
    client,
    membership,
    cache,
    pool,
    clock: systemClock,
    log,
    over,
    canaryFault,
    work,
  });
}

await Promise.all(Array.from({ length: Number(workers) }, (_, at) => start(`blank-${at + 1}`)));
process.on('message', (message: { readonly tellClaims: boolean }) => {
  tellsClaims = message.tellClaims;
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
