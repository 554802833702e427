/** What the processes of a farm under test share: a database, a Redis, a folder; and fake workers, which outlive servers. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openFolderObjectStore } from '../../src/objects/folder-object-store.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import type { FakeWorker } from '../fake-worker.ts';
import { startPostgres, type TestPostgres } from '../postgres.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { quietLog, temporaryFolder } from '../store-fixture.ts';
import { type FarmAddress, MixedWork, mixedWorker } from './mixed-work.ts';
import { kilnAudit, type ServerProcess, type ServerProcessOptions, startServerProcess } from './server-process.ts';

type StartOptions = Pick<ServerProcessOptions, 'fault' | 'passesPath' | 'leaseMs'>;

export interface FaultFarm {
  readonly folder: string;
  readonly redis: TestRedis;
  readonly postgres: TestPostgres;
  readonly store: Store;
  readonly work: MixedWork;
  readonly workers: readonly FakeWorker[];
  readonly address: FarmAddress;
  /** A server at the address of the first; null when it came to its fault before it took requests. */
  start(options?: StartOptions): Promise<ServerProcess | null>;
  /** A server at an address of its own; null as above. */
  startOther(options?: StartOptions): Promise<ServerProcess | null>;
  /** Whoever asks, and every worker, asks this one from now on. */
  use(server: ServerProcess): void;
  addWorkers(n: number): Promise<void>;
  /** Of whoever leads: it goes up when another does. */
  epoch(): Promise<number>;
  /** Leases that the one with this epoch has given. */
  leasesOf(epoch: number): Promise<number>;
  /** The verdict of `kiln audit`. */
  audit(): ReturnType<typeof kilnAudit>;
  stop(): Promise<void>;
}

/** @param bin PostgreSQL's programs (`findPostgres`). */
export async function openFaultFarm(bin: string): Promise<FaultFarm> {
  const folder = await temporaryFolder();
  const [redis, postgres] = await Promise.all([startRedis(), startPostgres(bin)]);
  const databaseUrl = await postgres.createDatabase();
  const home = join(folder.path, 'home');
  await mkdir(home);
  const shared = { home, redisUrl: redis.url, databaseUrl };
  const store = await openStore(shared, quietLog);
  const objects = await openFolderObjectStore(join(home, 'objects'));
  const servers: ServerProcess[] = [];
  const workers: FakeWorker[] = [];
  const failed = new Set<string>();
  let address: FarmAddress = { url: '', apiKey: '' };
  let port = 0;
  const launch = async (options: StartOptions & { port?: number }) => {
    const server = await startServerProcess({ ...shared, ...options });
    if (server) servers.push(server);
    return server;
  };
  return {
    folder: folder.path,
    redis,
    postgres,
    store,
    workers,
    work: new MixedWork({ store, objects, farm: () => address }),
    get address() {
      return address;
    },
    async start(options = {}) {
      const server = await launch({ ...options, port });
      if (server) {
        port = server.port;
        address = { url: server.url, apiKey: server.apiKey };
      }
      return server;
    },
    startOther: (options = {}) => launch(options),
    use({ url, apiKey }) {
      address = { url, apiKey };
      for (const worker of workers) worker.url = url;
    },
    async addWorkers(n) {
      for (let i = 0; i < n; i++) {
        workers.push(await mixedWorker(address.url, `fake-${workers.length + 1}`, failed).start());
      }
    },
    async epoch() {
      const { value } = await store.db
        .selectFrom('farm_state')
        .select('value')
        .where('key', '=', 'dispatch_epoch')
        .executeTakeFirstOrThrow();
      return Number(value);
    },
    async leasesOf(epoch) {
      const { n } = await store.db
        .selectFrom('attempts')
        .select((eb) => eb.fn.countAll<number>().as('n'))
        .where('lease_epoch', '=', epoch)
        .executeTakeFirstOrThrow();
      return Number(n);
    },
    audit: () => kilnAudit(address),
    async stop() {
      for (const worker of workers) await worker.stop();
      for (const server of servers) await server.stop('SIGKILL');
      await objects.close();
      await store.close();
      await postgres.stop();
      await redis.stop();
      await folder.remove();
    },
  };
}
