/** What the server is told by its environment: read once, checked, frozen. The only file that names the variables. */
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { KilnError, LIMITS, type Money } from '@kiln/shared';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { S3_SECRETS, S3_VARIABLES, type S3Config, s3ConfigOf } from './s3-config.ts';

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** Every variable that the server reads, as text converted to its type. */
const Environment = Type.Object({
  KILN_HOME: Type.String({ default: '.kiln', description: 'folder of this farm’s state' }),
  KILN_HOST: Type.String({ default: '127.0.0.1', description: 'address to listen on' }),
  KILN_PORT: Type.Integer({
    default: 7700,
    minimum: 0,
    maximum: 65_535,
    description: 'port to listen on; 0: any free',
  }),
  KILN_DATABASE_URL: Type.Optional(
    Type.String({
      pattern: '^postgres(ql)?://',
      description: 'PostgreSQL as postgres://USER@HOST/DATABASE; PGlite under KILN_HOME when absent',
    }),
  ),
  ...S3_VARIABLES,
  KILN_REDIS_URL: Type.String({
    pattern: '^(rediss?://|unix:/)',
    description: 'Redis with noeviction: redis://host:port/db or unix:/path?password=…',
  }),
  KILN_ADVERTISE_URL: Type.Optional(
    Type.String({
      pattern: '^https?://[^/?#]+/?$',
      description: 'address under which workers and browsers reach this server, as http://HOST:PORT',
    }),
  ),
  KILN_SERVER_URL: Type.Optional(
    Type.String({
      pattern: '^https?://[^/?#]+/?$',
      description: 'address at which workers and other servers reach this very server, as http://HOST:PORT',
    }),
  ),
  KILN_ALLOWED_HOSTS: Type.String({ default: '', description: 'more host names that clients may use, by comma' }),
  KILN_LOG_LEVEL: Type.Enum([...LOG_LEVELS], { default: 'info', description: LOG_LEVELS.join(', ') }),
  KILN_TLS_CERT: Type.Optional(Type.String({ description: 'PEM file of the certificate chain; turns HTTPS on' })),
  KILN_TLS_KEY: Type.Optional(Type.String({ description: 'PEM file of its key' })),
  KILN_APP_DIR: Type.Optional(Type.String({ description: 'folder of the built web app' })),
  KILN_EMBED_DIR: Type.Optional(Type.String({ description: 'folder of the built script for pages of other sites' })),
  KILN_WORKER_TOKEN: Type.Optional(
    Type.String({ minLength: 16, description: 'secret with which workers register; made when absent' }),
  ),
  KILN_DISK_RESERVE_BYTES: Type.Integer({
    default: LIMITS.diskReserveBytes,
    minimum: 0,
    description: 'bytes of the disk that uploads and frames leave free for the database',
  }),
  KILN_SHARE_HALF_LIFE_SEC: Type.Integer({
    default: 600,
    minimum: 1,
    maximum: 31_536_000,
    description: 'seconds after which half of what a tenant has had of the slots is forgotten, 1 to 31536000',
  }),
  KILN_ATTEMPT_LOG_DAYS: Type.Integer({
    default: 30,
    minimum: 0,
    maximum: 36_500,
    description: 'days for which what the page and the browser said in an attempt is kept after its end; 0: for ever',
  }),
  KILN_JOB_DAYS: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 36_500,
    description: 'days after its end when a job is deleted with its frames, films and logs; 0: never',
  }),
  KILN_SLOT_PRICE: Type.Optional(
    Type.String({
      pattern: '^\\d{1,9}(\\.\\d{1,9})? \\S{1,8}$',
      description: 'price of an hour of one slot and its currency, as 0.85 EUR; costs are told in slot-hours without',
    }),
  ),
  KILN_WEBHOOK_PRIVATE: Type.String({
    default: '',
    description:
      'private and other special addresses that webhooks may have: networks as 10.0.0.0/8,fd00::/8; 1: all of them',
  }),
  KILN_SAMPLE_SCENE: Type.String({
    default: resolve(import.meta.dirname, '../../assets/sample-scene.glb'),
    description: 'GLB that every new tenant is given; none when the file is missing',
  }),
});

const SECRETS: ReadonlySet<string> = new Set([
  'KILN_DATABASE_URL',
  'KILN_REDIS_URL',
  'KILN_WORKER_TOKEN',
  ...S3_SECRETS,
]);

export interface ServerConfig {
  /** Absolute. */
  readonly home: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Null: PGlite. */
  readonly databaseUrl: string | null;
  /** Null: objects are in a folder of `home`. */
  readonly s3: S3Config | null;
  readonly redisUrl: string;
  /** Null: derived from host and port. */
  readonly advertiseUrl: string | null;
  /** Of this very server, for workers and other servers; null: derived. */
  readonly serverUrl: string | null;
  /** Lower-case host names, without ports. */
  readonly allowedHosts: readonly string[];
  readonly logLevel: Static<typeof Environment>['KILN_LOG_LEVEL'];
  readonly tls: { readonly certPath: string; readonly keyPath: string } | null;
  /** Null: no web app is served. */
  readonly webAppDir: string | null;
  /** Folder of the script for pages of other sites; null: it is not served. */
  readonly embedDir: string | null;
  /** Null: the one in the credentials file, made at the first start. */
  readonly workerToken: string | null;
  readonly diskReserveBytes: number;
  readonly shareHalfLifeMs: number;
  /** Null: for ever. */
  readonly attemptLogKeepMs: number | null;
  /** Null: for ever. */
  readonly jobKeepMs: number | null;
  /** Of an hour of one slot; null: none is set. */
  readonly slotPrice: Money | null;
  readonly sampleScenePath: string;
  /** Special addresses that webhooks may have. */
  readonly webhookPrivate: SpecialNetworks;
}

export type EnvironmentVariables = Readonly<Record<string, string | undefined>>;

/**
 * @param env usually `process.env`; an empty variable counts as absent.
 * @throws KilnError `request.invalid` naming the variable, what was expected and what came.
 */
export function readServerConfig(env: EnvironmentVariables): ServerConfig {
  const known = Object.fromEntries(Object.keys(Environment.properties).map((name) => [name, env[name] || undefined]));
  const values = Value.Convert(Environment, Value.Default(Environment, known));
  if (!Value.Check(Environment, values)) throw invalid(whatIsWrong(values, env));

  const { KILN_TLS_CERT: certPath, KILN_TLS_KEY: keyPath } = values;
  if ((certPath === undefined) !== (keyPath === undefined)) {
    throw invalid('KILN_TLS_CERT and KILN_TLS_KEY must be set together.');
  }
  return Object.freeze({
    home: resolve(values.KILN_HOME),
    host: values.KILN_HOST,
    port: values.KILN_PORT,
    databaseUrl: values.KILN_DATABASE_URL ?? null,
    s3: s3ConfigOf(
      values,
      Object.keys(env).filter((name) => env[name]),
    ),
    redisUrl: values.KILN_REDIS_URL,
    advertiseUrl: values.KILN_ADVERTISE_URL?.replace(/\/+$/, '') ?? null,
    serverUrl: values.KILN_SERVER_URL?.replace(/\/+$/, '') ?? null,
    allowedHosts: Object.freeze(
      values.KILN_ALLOWED_HOSTS.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim().toLowerCase()])),
    ),
    logLevel: values.KILN_LOG_LEVEL,
    tls: certPath === undefined || keyPath === undefined ? null : Object.freeze({ certPath, keyPath }),
    webAppDir: values.KILN_APP_DIR === undefined ? null : resolve(values.KILN_APP_DIR),
    embedDir: values.KILN_EMBED_DIR === undefined ? null : resolve(values.KILN_EMBED_DIR),
    workerToken: values.KILN_WORKER_TOKEN ?? null,
    diskReserveBytes: values.KILN_DISK_RESERVE_BYTES,
    shareHalfLifeMs: values.KILN_SHARE_HALF_LIFE_SEC * 1_000,
    attemptLogKeepMs: daysMs(values.KILN_ATTEMPT_LOG_DAYS),
    jobKeepMs: daysMs(values.KILN_JOB_DAYS),
    slotPrice: values.KILN_SLOT_PRICE === undefined ? null : Object.freeze(slotPrice(values.KILN_SLOT_PRICE)),
    sampleScenePath: values.KILN_SAMPLE_SCENE,
    webhookPrivate: specialNetworks(values.KILN_WEBHOOK_PRIVATE),
  });
}

const daysMs = (days: number) => (days === 0 ? null : days * 86_400_000);

function slotPrice(text: string): Money {
  const [amount, currency = ''] = text.split(' ');
  return { amount: Number(amount), currency };
}

/** Networks in CIDR notation. */
export type SpecialNetworks = readonly string[] | 'all';

function specialNetworks(text: string): SpecialNetworks {
  const parts = text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
  if (parts.length === 1 && parts[0] === '1') return 'all';
  if (parts.length === 0 || (parts.length === 1 && parts[0] === '0')) return Object.freeze([]);
  const wrong = parts.find((part) => !isNetwork(part));
  if (wrong === undefined) return Object.freeze(parts);
  throw invalid(
    `KILN_WEBHOOK_PRIVATE must be 1, or networks by comma as 10.0.0.0/8,fd00::/8; ${JSON.stringify(wrong)} is none.`,
  );
}

function isNetwork(text: string): boolean {
  const [, address = '', bits = ''] = /^([0-9a-f.:]+)\/(\d{1,3})$/i.exec(text) ?? [];
  const family = isIP(address);
  return family !== 0 && Number(bits) <= (family === 4 ? 32 : 128);
}

const invalid = (message: string) => new KilnError('request.invalid', message);

function whatIsWrong(values: unknown, env: EnvironmentVariables): string {
  const sentences = Object.entries(Environment.properties).flatMap(([name, schema]) => {
    const value: unknown = typeof values === 'object' && values !== null ? Reflect.get(values, name) : undefined;
    if (Value.Check(schema, value) || (value === undefined && !Environment.required.some((key) => key === name)))
      return [];
    const came = env[name]
      ? SECRETS.has(name)
        ? 'what it holds is not that'
        : `got ${JSON.stringify(env[name])}`
      : 'it is not set';
    return [`${name} must be: ${String(Reflect.get(schema, 'description'))}; ${came}.`];
  });
  return sentences.join(' ');
}

/** One line for each value, with where it came from; secrets hidden. */
export function explainConfig(env: EnvironmentVariables): string[] {
  return Object.entries(Environment.properties).map(([name, schema]) => {
    const given = env[name];
    if (given) return `${name}=${SECRETS.has(name) ? '(hidden)' : given} (environment)`;
    const standard: unknown = Reflect.get(schema, 'default');
    return `${name}=${standard === undefined || standard === '' ? '(none)' : String(standard)} (default)`;
  });
}
