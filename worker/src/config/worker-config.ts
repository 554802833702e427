/** The worker's configuration: one schema, read once from the environment, frozen. */
import { createHash } from 'node:crypto';
import { availableParallelism, hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { KilnError, LIMITS, matches, parseMemory, WorkerTags } from '@kiln/shared';
import Type, { type Static } from 'typebox';
import Value from 'typebox/value';
import { WORKER_LIMITS } from '../limits.ts';

const LogLevel = Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']);

export const WorkerConfig = Type.Object({
  /** Origin of a server: `http://127.0.0.1:7700`. */
  url: Type.String({ pattern: '^https?://[^/]+/?$' }),
  token: Type.String({ minLength: 1 }),
  /** State of the farm on this machine; the workers keep their caches below `<home>/worker-cache`. */
  home: Type.String(),
  /** What all workers of this machine share. */
  cacheFolder: Type.String(),
  /** Scene files of the worker of this name alone: a cache evicts what no one of its own process holds. */
  sceneFolder: Type.String(),
  name: Type.String({ minLength: 1, maxLength: 200 }),
  slots: Type.Integer({ minimum: 1, maximum: 64 }),
  maxSessions: Type.Integer({ minimum: 0, maximum: 1_000 }),
  maxBrowsers: Type.Integer({ minimum: 1, maximum: 256 }),
  browserPath: Type.Union([Type.String(), Type.Null()]),
  allowNoSandbox: Type.Boolean(),
  /** Bytes in `sceneFolder`; a machine's workers take so much each. */
  sceneCacheBytes: Type.Integer({ minimum: 1_048_576 }),
  /** Seconds of drawing after which a long frame stores what it has, to go on from there when its worker is lost. */
  checkpointSec: Type.Integer({ minimum: 1, maximum: 3_600 }),
  /** As the operator sets it; null: not known. */
  gpuMemoryBytes: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]),
  tags: WorkerTags,
  logLevel: LogLevel,
  /** All that the browser sees of this process's environment: where drivers are, never a secret. */
  browserEnvironment: Type.Record(Type.String(), Type.String()),
});
export type WorkerConfig = Readonly<Static<typeof WorkerConfig>>;

/** One value as it is printed at start-up. */
export interface ConfigLine {
  readonly name: string;
  readonly value: string;
  readonly from: 'environment' | 'default';
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that steer graphics drivers, fonts and time zones. */
const BROWSER_VARIABLES =
  /^(PATH|LANG|LC_.*|TZ|LD_LIBRARY_PATH|LIBGL_.*|MESA_.*|GALLIUM_.*|LP_NUM_THREADS|EGL_.*|__EGL_.*|__GLX_.*|VK_.*|NVIDIA_.*|CUDA_.*|FONTCONFIG_.*)$/;

const SECRET = new Set(['KILN_WORKER_TOKEN']);

/**
 * A page draws with every core in software, and all pages of a browser share one GPU process: more slots than this
 * help only where a GPU draws and the page's own thread is the bottleneck.
 */
const defaultSlots = () => Math.max(1, Math.min(4, Math.floor(availableParallelism() / 2)));

/**
 * @param env where the values come from. @defaultValue the process's own
 * @throws KilnError `request.invalid` with the variable's name as `field`.
 */
export function readWorkerConfig(env: Environment = process.env): {
  readonly config: WorkerConfig;
  readonly lines: readonly ConfigLine[];
} {
  const lines: ConfigLine[] = [];
  const read = (name: string, fallback: string): string => {
    const given = env[name];
    const isGiven = given !== undefined && given !== '';
    const value = isGiven ? given : fallback;
    lines.push({
      name,
      value: SECRET.has(name) && value !== '' ? '(hidden)' : value,
      from: isGiven ? 'environment' : 'default',
    });
    return value;
  };
  const home = resolve(read('KILN_HOME', '.kiln'));
  const cacheFolder = join(home, 'worker-cache');
  const name = read('KILN_WORKER_NAME', hostname());
  const slots = read('KILN_SLOTS', String(defaultSlots()));
  const candidate = {
    url: read('KILN_URL', ''),
    token: read('KILN_WORKER_TOKEN', ''),
    home,
    cacheFolder,
    sceneFolder: join(cacheFolder, 'scenes', folderName(name)),
    name,
    slots: Number(slots),
    maxSessions: Number(read('KILN_MAX_SESSIONS', String(WORKER_LIMITS.sessions))),
    maxBrowsers: Number(read('KILN_MAX_BROWSERS', String(Math.max(WORKER_LIMITS.browsers, 2 * (Number(slots) || 1))))),
    browserPath: read('KILN_BROWSER', '') || null,
    allowNoSandbox: read('KILN_ALLOW_NO_SANDBOX', '0') === '1',
    sceneCacheBytes: Number(read('KILN_SCENE_CACHE_BYTES', String(WORKER_LIMITS.sceneCacheBytes))),
    checkpointSec: Number(read('KILN_CHECKPOINT_SEC', String(WORKER_LIMITS.checkpointSec))),
    ...offerings(read),
    logLevel: read('KILN_LOG_LEVEL', 'info'),
    browserEnvironment: browserEnvironment(env),
  };
  if (Value.Check(WorkerConfig, candidate)) return { config: Object.freeze(candidate), lines };
  const [first] = Value.Errors(WorkerConfig, candidate);
  const field = first?.instancePath.slice(1) ?? '';
  const variable = VARIABLES[field] ?? field;
  throw new KilnError(
    'request.invalid',
    `${variable} ${first?.message ?? 'is invalid'}, got "${shown(variable, env[variable])}"`,
    {
      field: variable,
    },
  );
}

type Offerings = Pick<WorkerConfig, 'gpuMemoryBytes' | 'tags'>;

/** What jobs may require of this worker that only its operator knows. @throws KilnError `request.invalid` */
export const readOfferings = (env: Environment): Offerings => offerings((name, fallback) => env[name] || fallback);

const offerings = (read: (name: string, fallback: string) => string): Offerings => ({
  gpuMemoryBytes: gpuMemoryOf(read('KILN_WORKER_GPU_MEMORY', '')),
  tags: tagsOf(read('KILN_WORKER_TAGS', '')),
});

/** Words with commas between. @throws KilnError `request.invalid` */
function tagsOf(text: string): string[] {
  const tags = [...new Set(text.split(',').map((tag) => tag.trim()))].filter((tag) => tag !== '');
  if (matches(WorkerTags, tags)) return tags;
  const message = `KILN_WORKER_TAGS takes at most ${LIMITS.workerTags} words with commas between, as in fast,node=a12, each of 1 to 64 letters, digits, “.”, “_”, “:”, “=”, “/” or “-”; got "${text}"`;
  throw new KilnError('request.invalid', message, { field: 'KILN_WORKER_TAGS' });
}

/** As in `24G`. @throws KilnError `request.invalid` */
function gpuMemoryOf(text: string): number | null {
  const bytes = parseMemory(text);
  if (text === '' || bytes !== null) return bytes;
  const message = `KILN_WORKER_GPU_MEMORY takes an amount as 24G or 8192M, got "${text}"`;
  throw new KilnError('request.invalid', message, { field: 'KILN_WORKER_GPU_MEMORY' });
}

/** A worker's name as the name of a folder; one that had to be changed tells itself apart by its hash. */
function folderName(name: string): string {
  const safe = name.replace(/[^A-Za-z0-9-]/g, '_').slice(0, 64);
  return safe === name ? name : `${safe}-${createHash('sha256').update(name).digest('hex').slice(0, 16)}`;
}

const VARIABLES: Readonly<Record<string, string>> = {
  url: 'KILN_URL',
  token: 'KILN_WORKER_TOKEN',
  name: 'KILN_WORKER_NAME',
  slots: 'KILN_SLOTS',
  maxSessions: 'KILN_MAX_SESSIONS',
  maxBrowsers: 'KILN_MAX_BROWSERS',
  sceneCacheBytes: 'KILN_SCENE_CACHE_BYTES',
  checkpointSec: 'KILN_CHECKPOINT_SEC',
  logLevel: 'KILN_LOG_LEVEL',
};

const shown = (name: string, value: string | undefined) => (SECRET.has(name) && value ? '(hidden)' : (value ?? ''));

/** What of an environment a browser may see. */
export function browserEnvironment(env: Environment = process.env): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && BROWSER_VARIABLES.test(name)) passed[name] = value;
  }
  return passed;
}
