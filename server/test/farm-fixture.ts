/** A server's scheduling side, whole and real, on a store and a Redis of its own. */
import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { IdKind, ImportReport, Job, JobRequest } from '@kiln/shared';
import { newId } from '@kiln/shared';
import { pino } from 'pino';
import type { ServerConfig } from '../src/config/server-config.ts';
import { type FarmRuntime, type FarmTiming, openFarm } from '../src/dispatch/farm.ts';
import { FailureLimiter } from '../src/http/failure-limiter.ts';
import { createFastifyApp } from '../src/http/fastify-app.ts';
import { createOriginCheck, upgradeGuard } from '../src/http/origin.ts';
import { UpgradeRouter } from '../src/http/socket-router.ts';
import { StoreIdentities } from '../src/identity/store-identities.ts';
import { createTenant } from '../src/identity/tenants.ts';
import { SERVER_LIMITS } from '../src/limits.ts';
import { openFolderObjectStore } from '../src/objects/folder-object-store.ts';
import type { ObjectStore } from '../src/objects/object-store.ts';
import type { Clock, RandomBytes, Services } from '../src/services.ts';
import { openStore } from '../src/store/open-store.ts';
import type { Store } from '../src/store/store.ts';
import { putBytes } from './object-bytes.ts';
import { placeStore, temporaryFolder } from './store-fixture.ts';

export const WORKER_TOKEN = 'a-worker-token-for-tests';
/** Longer than a busy machine keeps a process from answering: a test that waits for a loss sets its own. */
export const LEASE_MS = 60_000;

const random: RandomBytes = (bytes) => {
  bytes.set(randomBytes(bytes.length));
  return bytes;
};
export const makeId = (kind: IdKind) => newId(kind, random);

export interface TestFarm {
  readonly url: string;
  readonly farm: FarmRuntime;
  readonly services: Services;
  /** Releases everything, or as much as a process that was killed would have: nothing in order. */
  stop(how?: 'orderly' | 'hard', keeps?: { readonly keepsStore: boolean }): Promise<void>;
}

export interface TestFarmOptions {
  readonly redisUrl: string;
  /** Absent: a new one, which goes with the farm. */
  readonly store?: Store;
  /** Folder of objects; absent: a new one. */
  readonly home?: string;
  readonly timing?: Partial<FarmTiming>;
  readonly logLevel?: string;
  /** @defaultValue the system's */
  readonly clock?: Clock;
  /** @defaultValue none */
  readonly webhookPrivate?: ServerConfig['webhookPrivate'];
  /** Puts something between the server and its objects. */
  readonly around?: (objects: ObjectStore) => ObjectStore;
  /** @defaultValue none */
  readonly slotPrice?: ServerConfig['slotPrice'];
  /** @defaultValue where it listens */
  readonly advertiseUrl?: () => string;
  /** Called when the server listens and has not started to dispatch. */
  readonly onListening?: (url: string) => Promise<void>;
}

/** Of the server that listens there. */
export const placeOf = (url: string) => `here ${new URL(url).host}`;

export async function startFarm(options: TestFarmOptions): Promise<TestFarm> {
  const folder = await temporaryFolder();
  const home = options.home ?? folder.path;
  const log = pino({ level: options.logLevel ?? 'silent' });
  const store = options.store ?? (await openStore({ home, databaseUrl: await placeStore(home) }, log));
  const folderOfObjects = await openFolderObjectStore(join(home, 'objects'));
  const objects = options.around?.(folderOfObjects) ?? folderOfObjects;
  const clock = options.clock ?? { now: () => new Date(), monotonicMs: () => performance.now() };
  const sockets = new UpgradeRouter();
  let url = '';
  const identities = new StoreIdentities(store.db, clock, () => url);
  const identityFailures = new FailureLimiter(SERVER_LIMITS.identityFailures, clock);
  const config: ServerConfig = {
    home,
    host: '127.0.0.1',
    port: 0,
    databaseUrl: null,
    redisUrl: options.redisUrl,
    advertiseUrl: null,
    serverUrl: null,
    allowedHosts: [],
    logLevel: 'silent',
    tls: null,
    webAppDir: null,
    embedDir: null,
    workerToken: WORKER_TOKEN,
    s3: null,
    sampleScenePath: '',
    diskReserveBytes: 0,
    attemptLogKeepMs: null,
    jobKeepMs: null,
    shareHalfLifeMs: 600_000,
    slotPrice: options.slotPrice ?? null,
    webhookPrivate: options.webhookPrivate ?? [],
  };
  const services: Services = {
    config,
    log,
    clock,
    random,
    newId: makeId,
    store,
    objects,
    identities,
    identityFailures,
    sockets,
    serverId: randomUUID(),
    advertisedUrl: () => options.advertiseUrl?.() ?? url,
    ownAddress: () => ({ url, place: placeOf(url) }),
    workerToken: WORKER_TOKEN,
  };
  const origins = createOriginCheck(config);
  const app = await createFastifyApp({
    log,
    identities,
    identityFailures,
    origins,
    newRequestId: randomUUID,
    tls: null,
    version: 'test',
    farmUrl: () => url,
  });
  const farm = await openFarm(services, { leaseMs: LEASE_MS, ...options.timing });
  farm.register(app);
  sockets.attach(app.server, upgradeGuard(origins, randomUUID));
  url = await app.listen({ host: '127.0.0.1', port: 0 });
  await options.onListening?.(url);
  await farm.start();
  let stopped = false;
  return {
    get url() {
      return url;
    },
    farm,
    services,
    async stop(how = 'orderly', { keepsStore } = { keepsStore: false }) {
      if (stopped) return;
      stopped = true;
      if (how === 'orderly') await farm.drain();
      sockets.terminateAll();
      app.server.closeAllConnections();
      await app.close();
      await farm.close();
      await objects.close();
      if (keepsStore) return;
      if (!options.store) await store.close();
      await folder.remove();
    },
  };
}

export interface TestTenant {
  readonly id: string;
  readonly key: string;
}

export async function addTenant(
  { services }: TestFarm,
  name: string,
  role: 'member' | 'operator' = 'member',
): Promise<TestTenant> {
  const { tenantId, apiKey } = await services.store.db
    .transaction()
    .execute((tx) => createTenant(tx, services, { name, role }));
  return { id: tenantId, key: apiKey };
}

export const REPORT: ImportReport = {
  generator: null,
  bounds: { min: [0, 0, 0], max: [1, 1, 1] },
  triangles: 12,
  nodes: 1,
  meshes: 1,
  materials: 1,
  lights: 0,
  skins: 0,
  morphTargets: 0,
  textures: [],
  gpuBytes: 1_000,
  cameras: [{ name: 'Main', kind: 'perspective', fovDeg: 40 }],
  clips: [{ name: 'Walk', durationSec: 1 }],
  variants: [],
  extensionsUsed: [],
  usesStudioLight: true,
  findings: [],
  findingCounts: { error: 0, warning: 0, information: 0, hint: 0 },
  importMs: 1,
};

/** A scene that was imported, or one that waits for its import. */
export async function addScene(
  {
    services,
    farm,
  }: { readonly services: Pick<Services, 'store' | 'objects'>; readonly farm: Pick<FarmRuntime, 'onTaskReady'> },
  tenantId: string,
  state: 'ready' | 'importing' = 'ready',
): Promise<string> {
  const id = makeId('scene');
  const bytes = Buffer.from(`scene ${id}`);
  const object = await putBytes(services.objects, bytes);
  await services.store.db.transaction().execute(async (tx) => {
    await tx
      .insertInto('objects')
      .values({ sha256: object.sha256, size_bytes: object.sizeBytes, unreferenced_at: null })
      .execute();
    await tx.insertInto('tenant_objects').values({ tenant_id: tenantId, sha256: object.sha256 }).execute();
    await tx
      .insertInto('scenes')
      .values({
        id,
        tenant_id: tenantId,
        name: 'a scene',
        state,
        scene_hash: object.sha256,
        entry: 'scene.glb',
        size_bytes: object.sizeBytes,
        report: state === 'ready' ? JSON.stringify(REPORT) : null,
        refusal: null,
        thumbnail_sha256: null,
        thumbnail_media_type: null,
        deleted_at: null,
      })
      .execute();
    await tx
      .insertInto('scene_files')
      .values({ scene_id: id, path: 'scene.glb', sha256: object.sha256, size_bytes: object.sizeBytes })
      .execute();
    if (state === 'ready') return;
    await tx
      .insertInto('tasks')
      .values({
        id: makeId('task'),
        tenant_id: tenantId,
        kind: 'import',
        job_id: null,
        layer_id: null,
        scene_id: id,
        index: 0,
        state: 'waiting',
        not_before: null,
        ended_at: null,
      })
      .execute();
  });
  if (state === 'importing') farm.onTaskReady();
  return id;
}

/** A request as a client makes it; the answer's JSON. */
export async function call(
  url: string,
  key: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

/** @throws when the answer is not a success. */
export async function ask<T>(url: string, key: string, method: string, path: string, body?: unknown): Promise<T> {
  const answer = await call(url, key, method, path, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body as T;
}

/** The same, as clients do it: again while the farm says that this helps. */
export async function askAgain<T>(url: string, key: string, method: string, path: string): Promise<T> {
  for (;;) {
    const { status, body } = await call(url, key, method, path);
    if (status < 300) return body as T;
    const isRetryable = (body as { error?: { retryable?: boolean } }).error?.retryable === true;
    if (!isRetryable) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(body)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export const jobOf = (sceneId: string, frames: string, more: Partial<JobRequest> = {}): JobRequest => ({
  sceneId,
  layers: [{ frames, size: { widthPx: 64, heightPx: 64 } }],
  ...more,
});

/** Asks until `good` likes the answer. Nothing here fails for being slow: only the test's own time limit ends it. */
export async function until<T>(read: () => Promise<T>, good: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await read();
    if (good(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export const jobEnded = (url: string, key: string, jobId: string) =>
  until(
    () => askAgain<Job>(url, key, 'GET', `/jobs/${jobId}`),
    (job) => job.state === 'succeeded' || job.state === 'failed' || job.state === 'cancelled',
  );
