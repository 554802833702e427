/** A whole server on a home, a Redis and, where asked, a PostgreSQL of its own. */
import { connect } from 'node:net';
import { type Client, createClient } from '@kiln/shared';
import type { Logger } from 'pino';
import type { ServerConfig } from '../src/config/server-config.ts';
import { readCredentials } from '../src/identity/credentials-file.ts';
import { type RunningServer, startServer } from '../src/server.ts';
import type { Clock } from '../src/services.ts';
import { dropDatabase } from './postgres.ts';
import { placeStore, quietLog, temporaryFolder } from './store-fixture.ts';

/** A clock that a test can move forward. */
export class MovableClock implements Clock {
  #aheadMs = 0;

  now(): Date {
    return new Date(Date.now() + this.#aheadMs);
  }

  monotonicMs(): number {
    return performance.now() + this.#aheadMs;
  }

  advance(ms: number): void {
    this.#aheadMs += ms;
  }
}

export interface ServerFixtureOptions {
  readonly redisUrl: string;
  readonly config?: Partial<ServerConfig>;
  /** Absent: a new folder and a new database, which go with the fixture. */
  readonly home?: string;
  readonly clock?: Clock;
  /** @defaultValue says nothing */
  readonly log?: Logger;
}

export interface ServerFixture {
  readonly server: RunningServer;
  readonly config: ServerConfig;
  /** Of the first tenant, an operator. */
  readonly apiKey: string;
  readonly client: Client;
  /** A client of a new tenant. */
  newTenant(name: string): Promise<{ readonly client: Client; readonly apiKey: string; readonly tenantId: string }>;
  /** Closes the server and removes a home of its own. */
  stop(): Promise<void>;
}

const testConfig = (home: string, redisUrl: string, changes: Partial<ServerConfig> = {}): ServerConfig => ({
  home,
  host: '127.0.0.1',
  port: 0,
  databaseUrl: null,
  redisUrl,
  advertiseUrl: null,
  serverUrl: null,
  allowedHosts: [],
  logLevel: 'silent',
  tls: null,
  webAppDir: null,
  embedDir: null,
  workerToken: null,
  diskReserveBytes: 0,
  attemptLogKeepMs: null,
  jobKeepMs: null,
  shareHalfLifeMs: 600_000,
  slotPrice: null,
  webhookPrivate: [],
  s3: null,
  sampleScenePath: '/nowhere/sample.glb',
  ...changes,
});

export async function startTestServer(options: ServerFixtureOptions): Promise<ServerFixture> {
  const folder = options.home === undefined ? await temporaryFolder() : null;
  const home = options.home ?? folder?.path ?? '';
  const asked = testConfig(home, options.redisUrl, options.config);
  const isEmpty = folder !== null && asked.databaseUrl === null;
  const placed = isEmpty ? await placeStore(home) : null;
  const config = isEmpty ? { ...asked, databaseUrl: placed } : asked;
  const server = await startServer(
    config,
    options.log ?? quietLog,
    options.clock === undefined ? {} : { clock: options.clock },
  );
  const credentials = await readCredentials(home);
  if (credentials === null) throw new Error('the server wrote no credentials');
  const clientOf = (apiKey: string) => createClient({ url: server.url, apiKey, fetch });
  const client = clientOf(credentials.apiKey);
  return {
    server,
    config,
    apiKey: credentials.apiKey,
    client,
    async newTenant(name) {
      const { apiKey, tenant } = await client.createTenant({ body: { name } });
      return { client: clientOf(apiKey), apiKey, tenantId: tenant.id };
    },
    async stop() {
      await server.close();
      if (placed !== null) await dropDatabase(placed);
      await folder?.remove();
    },
  };
}

/** Sends these bytes over a connection of its own and returns what comes back until it ends or `cut` is called. */
export function rawRequest(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
  });
}
