/** Starts one server of a farm, and stops it. */
import { randomFillSync } from 'node:crypto';
import { chmod, mkdir, readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { KilnError, newId } from '@kiln/shared';
import type { Logger } from 'pino';
import { advertisedUrlOf, type OwnAddress, ownAddressOf } from './addresses.ts';
import { Closing } from './closing.ts';
import type { ServerConfig } from './config/server-config.ts';
import type { FarmTiming } from './dispatch/farm.ts';
import { FailureLimiter } from './http/failure-limiter.ts';
import { Lifecycle } from './http/lifecycle.ts';
import { UpgradeRouter } from './http/socket-router.ts';
import { credentialsPath, writeCredentials } from './identity/credentials-file.ts';
import { ensureCredentials } from './identity/first-start.ts';
import { StoreIdentities } from './identity/store-identities.ts';
import { SERVER_LIMITS } from './limits.ts';
import { createLogger } from './log.ts';
import { openObjectStore } from './objects/open-object-store.ts';
import { giveSampleScene } from './scenes/sample-scene.ts';
import type { Clock, RandomBytes, Services } from './services.ts';
import { type FolderLock, FolderLockedError, lockFolder } from './store/folder-lock.ts';
import { openStore } from './store/open-store.ts';

export interface RunningServer {
  /** Where this server is reached: the advertised address. */
  readonly url: string;
  readonly port: number;
  readonly credentialsPath: string;
  /** Refuses new work, says goodbye to sockets, lets requests end for some seconds, closes everything. */
  close(): Promise<void>;
}

const systemClock: Clock = { now: () => new Date(), monotonicMs: () => performance.now() };
const systemRandom: RandomBytes = (bytes) => randomFillSync(bytes);

export interface ServerParts {
  /** @defaultValue the system's */
  readonly clock?: Clock;
  /** Times that tests shorten. */
  readonly timing?: Partial<FarmTiming>;
}

/**
 * @param log takes everything that the server says.
 * @throws FolderLockedError when another process has the store's folder; an error that says so when the database belongs
 *   to the objects of another home; any error of the store, of Redis' address, or of
 *   listening. What was opened is closed then.
 */
export async function startServer(
  config: ServerConfig,
  log: Logger = createLogger(config.logLevel),
  { clock = systemClock, timing = {} }: ServerParts = {},
): Promise<RunningServer> {
  const random = systemRandom;
  const closing = new Closing(log);
  try {
    await mkdir(config.home, { recursive: true });
    await chmod(config.home, 0o700);
    const tls =
      config.tls === null
        ? null
        : {
            cert: await readPem('KILN_TLS_CERT', config.tls.certPath),
            key: await readPem('KILN_TLS_KEY', config.tls.keyPath),
          };
    const ownsCredentials = await lockCredentials(config.home);
    if (ownsCredentials !== null) closing.add('credentials', () => ownsCredentials.release());

    // PGlite takes a second, in its own thread: the packages of the rest are loaded meanwhile.
    const [store, { buildApp }, { openFarm }] = await Promise.all([
      openStore(config, log, (error) => endProcess(log, error)),
      import('./app.ts'),
      import('./dispatch/farm.ts'),
    ]);
    closing.add('store', () => store.close());
    const objects = await openObjectStore(config, store, random);
    closing.add('objects', () => objects.close());

    const makeId: Services['newId'] = (kind) => newId(kind, random);
    const first = await ensureCredentials({ home: config.home, db: store.db, clock, newId: makeId, random, log });
    const sockets = new UpgradeRouter();
    const lifecycle = new Lifecycle();
    let url = config.advertiseUrl ?? '';
    let ownAddress: OwnAddress = { url: '', place: '' };
    const services: Services = {
      config,
      log,
      clock,
      random,
      newId: makeId,
      store,
      objects,
      identities: new StoreIdentities(store.db, clock, () => url),
      identityFailures: new FailureLimiter(SERVER_LIMITS.identityFailures, clock),
      sockets,
      serverId: `srv_${Buffer.from(random(new Uint8Array(12))).toString('hex')}`,
      advertisedUrl: () => url,
      ownAddress: () => ownAddress,
      workerToken: config.workerToken ?? first.workerToken,
    };

    const farm = await openFarm(services, timing);
    closing.add('farm', () => farm.close());
    const { fastify, sweep } = await buildApp({ services, farm, sockets, lifecycle, tls });
    closing.add('sweep', () => sweep.stop());
    closing.add('requests', () => endRequests(fastify, sockets));

    await fastify.listen({ host: config.host, port: config.port });
    const port = portOf(fastify.server.address());
    url = advertisedUrlOf(config, port);
    ownAddress = ownAddressOf(config, port);
    if (first.newTenantId !== null) await giveSampleScene(services, farm, first.newTenantId);
    await farm.start();
    closing.add('sockets', () => farm.drain());
    closing.add('readiness', async () => lifecycle.drain());
    if (ownsCredentials !== null) {
      const { tenantName: tenant, apiKey } = first;
      await writeCredentials(config.home, { url, tenant, apiKey, workerToken: services.workerToken });
    }
    sweep.start();
    lifecycle.begin();
    log.info({ url, store: store.kind, objects: objects.isOnDisk ? 'folder' : 's3' }, 'the server is ready');
    return { url, port, credentialsPath: credentialsPath(config.home), close: () => closing.run() };
  } catch (error) {
    await closing.run();
    throw error;
  }
}

/** Without its database a server only answers errors: a new process opens it again. */
function endProcess(log: Logger, error: Error): void {
  log.fatal({ err: error }, 'the database in this process has ended: the server ends too, to be started again');
  process.exit(1);
}

/** Of several servers on one home the first keeps the file: clients find an address that lasts. Null for the others. */
async function lockCredentials(home: string): Promise<FolderLock | null> {
  try {
    return await lockFolder(credentialsPath(home));
  } catch (error) {
    if (error instanceof FolderLockedError) return null;
    throw error;
  }
}

/** Requests have some seconds to end; then their connections are cut, and are waited for no longer than `cutMs`. */
async function endRequests(
  fastify: { close(): Promise<void>; readonly server: { closeAllConnections(): void } },
  sockets: UpgradeRouter,
): Promise<void> {
  const cut = setTimeout(() => {
    sockets.terminateAll();
    fastify.server.closeAllConnections();
  }, SERVER_LIMITS.drainMs);
  let late: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    const failed = () => reject(new Error('connections stayed open after they were cut'));
    late = setTimeout(failed, SERVER_LIMITS.drainMs + SERVER_LIMITS.cutMs);
  });
  try {
    await Promise.race([fastify.close(), limit]);
  } finally {
    clearTimeout(cut);
    clearTimeout(late);
    sockets.terminateAll();
  }
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port');
  return address.port;
}

/** @throws KilnError `request.invalid` naming the variable. */
async function readPem(variable: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new KilnError('request.invalid', `${variable} cannot be read: ${why}.`, { field: variable, cause });
  }
}
