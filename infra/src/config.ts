/** What `npm start` reads from the environment; read once. The only place of the supervisor that looks at it. */
import { resolve } from 'node:path';
import { KilnError, LIMITS } from '@kiln/shared';
import { REPOSITORY } from './repository.ts';

export interface FarmConfig {
  /** State of the farm: keys, data, logs. */
  readonly home: string;
  readonly host: string;
  readonly port: number;
  /** Local workers. */
  readonly workers: number;
  /** A Redis or Valkey to use; null starts one. */
  readonly redisUrl: string | null;
  /** Bytes of the disk that the server leaves free. */
  readonly diskReserveBytes: number;
  readonly installForbidden: boolean;
  /** KILN_BROWSER: the only browser that may be used; null looks for one. */
  readonly browserPath: string | null;
  /** PATH. */
  readonly searchPath: string;
  /** The whole environment, which the farm's processes get with what the supervisor adds. */
  readonly environment: Readonly<Record<string, string>>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_PORT = 7_700;
const WORKERS_MAX = 64;

/** The folder of a farm's state: KILN_HOME, else `.kiln` of this checkout. */
export const homeFolder = (env: Environment): string =>
  env.KILN_HOME ? resolve(env.INIT_CWD ?? '.', env.KILN_HOME) : resolve(REPOSITORY, '.kiln');

/** @throws KilnError `request.invalid` naming the variable that cannot be read. */
export function readFarmConfig(env: Environment = process.env): FarmConfig {
  requireAddress(env, 'KILN_ADVERTISE_URL');
  requireAddress(env, 'KILN_SERVER_URL');
  return Object.freeze({
    home: homeFolder(env),
    host: env.KILN_HOST || '127.0.0.1',
    port: integer(env, 'KILN_PORT', DEFAULT_PORT, 0, 65_535),
    workers: integer(env, 'KILN_WORKERS', 1, 0, WORKERS_MAX),
    redisUrl: env.KILN_REDIS_URL || null,
    diskReserveBytes: integer(env, 'KILN_DISK_RESERVE_BYTES', LIMITS.diskReserveBytes, 0, Number.MAX_SAFE_INTEGER),
    installForbidden: env.KILN_NO_INSTALL === '1',
    browserPath: env.KILN_BROWSER || null,
    searchPath: env.PATH ?? '',
    environment: Object.fromEntries(
      Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ),
  });
}

/** What `kiln doctor` looks with. */
export interface DoctorConfig {
  readonly home: string;
  readonly redisUrl: string | null;
  readonly databaseUrl: string | null;
  readonly diskReserveBytes: number;
  readonly browserPath: string | null;
  readonly searchPath: string;
  readonly allowNoSandbox: boolean;
  readonly environment: Environment;
}

export function readDoctorConfig(env: Environment = process.env): DoctorConfig {
  const { home, redisUrl, diskReserveBytes, browserPath, searchPath } = readFarmConfig(env);
  const databaseUrl = env.KILN_DATABASE_URL || null;
  const allowNoSandbox = env.KILN_ALLOW_NO_SANDBOX === '1';
  return { home, redisUrl, databaseUrl, diskReserveBytes, browserPath, searchPath, allowNoSandbox, environment: env };
}

/** The environment for a process of the farm that is started by hand: its folder is this checkout's unless one is named. */
export const processEnvironment = (env: Environment = process.env): Environment => ({
  ...env,
  KILN_HOME: homeFolder(env),
});

/** On what the servers' tests run. */
export type TestStore = 'pglite' | 'postgres';

/** The environment for vitest. @param store unless KILN_TEST_ON names one. */
export const vitestEnvironment = (store: TestStore, env: Environment = process.env): Environment => ({
  KILN_TEST_ON: store,
  ...env,
});

/** What only processes under test are told. */
export interface TestConfig {
  /** KILN_FAULT: `POINT@N:ACTION`; null: none. */
  readonly fault: string | null;
  /** KILN_TEST_PASSES: file for how often each point was passed; null: that is not counted. */
  readonly passesPath: string | null;
  /** KILN_TEST_LEASE_MS: how long a lease holds; null: as always. */
  readonly leaseMs: number | null;
}

/** @throws KilnError `request.invalid` when it is set without KILN_TEST=1. */
export function readTestConfig(env: Environment = process.env): TestConfig {
  const given = ['KILN_FAULT', 'KILN_TEST_PASSES', 'KILN_TEST_LEASE_MS'].filter((name) => env[name]);
  if (given.length > 0 && env.KILN_TEST !== '1') {
    throw new KilnError('request.invalid', `${given.join(', ')}: only for tests, with KILN_TEST=1; unset it.`, {
      field: given[0] ?? '',
    });
  }
  const leaseMs = env.KILN_TEST_LEASE_MS ? integer(env, 'KILN_TEST_LEASE_MS', 0, 500, 600_000) : null;
  return Object.freeze({ fault: env.KILN_FAULT || null, passesPath: env.KILN_TEST_PASSES || null, leaseMs });
}

/** What the server takes too; here it becomes the address that the workers are given. */
function requireAddress(env: Environment, name: string): void {
  const text = env[name];
  if (!text || (/^https?:\/\/[^/?#]+\/?$/.test(text) && URL.canParse(text))) return;
  throw new KilnError('request.invalid', `${name} must be an address as http://HOST:PORT; it is “${text}”.`, {
    field: name,
  });
}

function integer(env: Environment, name: string, fallback: number, min: number, max: number): number {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new KilnError('request.invalid', `${name} must be a whole number from ${min} to ${max}; it is “${text}”.`, {
    field: name,
  });
}
