/** All processes of one farm on this machine: starts them side by side, keeps them running, ends them in order. */
import { join } from 'node:path';
import { KilnError } from '@kiln/shared';
import type { FarmConfig } from '../config.ts';
import { readCredentials } from '../credentials.ts';
import { INFRA_LIMITS } from '../limits.ts';
import { REPOSITORY } from '../repository.ts';
import { Child, type ChildContext, type ChildSpec, StartError } from './child.ts';
import { untilReady } from './child-messages.ts';
import { takeFarmLock } from './farm-lock.ts';
import { requireFreePort } from './free-port.ts';
import { PidFiles } from './left-overs.ts';
import { ownRedis } from './redis.ts';
import { workerEnvironment } from './worker-environment.ts';

/** How each part is started; tests put stand-ins here. */
export interface FarmParts {
  readonly server: ChildSpec['command'];
  readonly worker: ChildSpec['command'];
  /** Null where KILN_REDIS_URL names one. */
  readonly redisBinary: string | null;
  readonly webAppDir: string;
  readonly embedDir: string;
}

export interface FarmObserver {
  /** A part is being started for the first time. */
  starting(name: string): void;
  /** A part is ready for the first time. */
  ready(name: string, detail: string): void;
  crashed(name: string, how: string, restartInMs: number): void;
  /** Something around a part that runs on is not right. */
  trouble(name: string, what: string): void;
  /** Something that an earlier farm left running was ended. */
  ended(names: readonly string[]): void;
}

const KILN = join(REPOSITORY, 'infra', 'bin', 'kiln.mjs');
/** V8's room for new objects, in MB: by default it grows to 16, and a process by some 30 MB, before it is first full. */
const NODE = [process.execPath, '--max-semi-space-size=4'] as const;
export const SERVER_COMMAND: ChildSpec['command'] = [...NODE, KILN, 'server'];
export const WORKER_COMMAND: ChildSpec['command'] = [...NODE, KILN, 'worker'];

/** Address under which this machine reaches a server that is configured so. */
function localUrl({ host, port, environment }: Pick<FarmConfig, 'host' | 'port' | 'environment'>): string {
  // A certificate is for a name: the one that is advertised.
  if (environment.KILN_ADVERTISE_URL) return environment.KILN_ADVERTISE_URL.replace(/\/+$/, '');
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `${environment.KILN_TLS_CERT ? 'https' : 'http'}://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

export class Farm {
  readonly url: string;
  readonly #config: FarmConfig;
  readonly #parts: FarmParts;
  readonly #observer: FarmObserver;
  readonly #context: ChildContext;
  readonly #releaseLock: () => void;
  #redis: Child | undefined;
  #server: Child | undefined;
  #workers: Child[] = [];
  #stopping = false;

  /** @throws FarmRunningError when a farm runs from this KILN_HOME already. */
  constructor(config: FarmConfig, parts: FarmParts, observer: FarmObserver) {
    this.#config = config;
    this.#parts = parts;
    this.#observer = observer;
    this.url = localUrl(config);
    this.#releaseLock = takeFarmLock(join(config.home, 'farm.lock'), this.url);
    this.#context = {
      pidFiles: new PidFiles(join(config.home, 'run')),
      logFolder: join(config.home, 'logs'),
      onCrash: (name, how, restartInMs) => observer.crashed(name, how, restartInMs),
      onTrouble: (name, what) => observer.trouble(name, what),
    };
  }

  /**
   * Starts everything; resolves when the server and every worker are ready.
   *
   * @throws StartError, KilnError when a part cannot start; `stop` must be called then, too.
   */
  async start(): Promise<void> {
    const ended = await this.#context.pidFiles.endLeftOvers();
    if (ended.length > 0) this.#observer.ended(ended);
    await requireFreePort(this.#config.host, this.#config.port);

    const redisUrl = await this.#redisUrl();
    const environment = {
      ...this.#config.environment,
      KILN_HOME: this.#config.home,
      KILN_HOST: this.#config.host,
      KILN_PORT: String(this.#config.port),
      KILN_REDIS_URL: redisUrl,
      KILN_APP_DIR: this.#parts.webAppDir,
      KILN_EMBED_DIR: this.#parts.embedDir,
      KILN_URL: this.url,
    };
    const server = this.#startServer(environment);
    // The first start makes the workers' token; later ones find it, and workers start beside the server.
    if (this.#workerToken() === null) await server;
    await Promise.all([server, ...this.#startWorkers(environment)]);
  }

  /** Drains: workers finish or give back what they hold, then the server closes, then Redis. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#workers.map((worker) => worker.stop(INFRA_LIMITS.workerDrainMs)));
    await this.#server?.stop(INFRA_LIMITS.serverDrainMs);
    await this.#redis?.stop(INFRA_LIMITS.redisDrainMs);
    this.#releaseLock();
  }

  /** Ends everything now. */
  kill(): void {
    this.#stopping = true;
    for (const child of [...this.#workers, this.#server, this.#redis]) child?.kill();
    this.#releaseLock();
  }

  async #redisUrl(): Promise<string> {
    const given = this.#config.redisUrl;
    if (given === null) return this.#startRedis();
    const { reachRedis } = await import('./reach-redis.ts');
    await reachRedis(given);
    return given;
  }

  async #startRedis(): Promise<string> {
    const { redisBinary } = this.#parts;
    if (redisBinary === null)
      throw new KilnError('storage.unavailable', 'no redis-server was found and KILN_REDIS_URL is not set');
    const { spec, url } = await ownRedis(redisBinary, join(this.#config.home, 'redis'), this.#config.searchPath);
    this.#redis = new Child(spec, this.#context);
    await this.#start(this.#redis);
    this.#observer.ready('redis', `${redisBinary}, in ${spec.cwd}`);
    return url;
  }

  async #startServer(env: Readonly<Record<string, string>>): Promise<void> {
    this.#server = new Child(this.#node('server', this.#parts.server, env), this.#context);
    await this.#start(this.#server);
  }

  async #start(child: Child): Promise<void> {
    if (this.#stopping) throw new StartError('The farm is being stopped.');
    this.#observer.starting(child.spec.name);
    return child.start();
  }

  #startWorkers(env: Readonly<Record<string, string>>): Promise<void>[] {
    const token = this.#workerToken();
    this.#workers = Array.from({ length: this.#config.workers }, (_, index) => {
      const name = `worker-${index + 1}`;
      const own = {
        ...workerEnvironment(env),
        // Each name once: a worker's caches are in a folder of its name.
        KILN_WORKER_NAME: env.KILN_WORKER_NAME ? `${env.KILN_WORKER_NAME}-${index + 1}` : name,
        ...(token === null ? {} : { KILN_WORKER_TOKEN: token }),
      };
      return new Child(this.#node(name, this.#parts.worker, own), this.#context);
    });
    return this.#workers.map((worker) => this.#start(worker));
  }

  #node(name: string, command: ChildSpec['command'], env: Readonly<Record<string, string>>): ChildSpec {
    return {
      name,
      command,
      env,
      cwd: this.#config.home,
      ipc: true,
      isReady: async (process) => {
        this.#observer.ready(name, await untilReady(process));
      },
    };
  }

  #workerToken(): string | null {
    if (this.#config.environment.KILN_WORKER_TOKEN) return this.#config.environment.KILN_WORKER_TOKEN;
    try {
      return readCredentials(join(this.#config.home, 'credentials.json'))?.workerToken ?? null;
    } catch {
      // Damaged: the server writes it again.
      return null;
    }
  }
}
