/** What `kiln doctor` looks at: everything a farm needs on this machine, each with what to do when it is not well. */
import { join } from 'node:path';
import { examineBucket } from '@kiln/server';
import { type AutoBackends, BACKEND_NAMES, type Capability, ENGINE_NAMES, Health, matches } from '@kiln/shared';
import {
  abilitiesOf,
  autoBackendsOf,
  bestWebgl,
  bestWebgpu,
  browserEnvironment,
  buildPage,
  createLog,
  findBrowser,
  isSoftwareWebgpu,
  machineFacts,
  PAGE_FOLDER,
  type ProbeResult,
  probeBackends,
  readOfferings,
} from '@kiln/worker';
import pg from 'pg';
import { factsText } from '../cli/worker-facts-text.ts';
import type { DoctorConfig } from '../config.ts';
import { lookAtDisk } from '../disk-room.ts';
import { runCommand } from '../setup/command.ts';
import { lookAround } from '../setup/found.ts';
import { howToInstall, NEEDS } from '../setup/plan.ts';
import { readFarmLock } from '../supervisor/farm-lock.ts';
import { reachRedis } from '../supervisor/reach-redis.ts';

export interface Finding {
  readonly name: string;
  /** `note`: worth knowing, nothing to do. */
  readonly state: 'ok' | 'note' | 'bad';
  readonly detail: string;
  /** What to do about it. */
  readonly advice?: string;
}

export interface Examination {
  /** Whether a farm on this machine can render. */
  readonly canRender: boolean;
  readonly findings: readonly Finding[];
  readonly probe: ProbeResult | null;
}

const REACH_MS = 3_000;
/** Below this, scenes and frames of a day's work may not fit. */
const LOW_DISK_BYTES = 2_000_000_000;

export async function examine(config: DoctorConfig): Promise<Examination> {
  const found = await lookAround(config.searchPath, config.browserPath);
  const [redis, database, objects, disk, farm, graphics] = await Promise.all([
    examineRedis(config, found),
    examineDatabase(config),
    examineObjects(config),
    examineDisk(config),
    examineFarm(config.home),
    examineGraphics(config),
  ]);
  const findings = [
    { name: 'Node', state: 'ok' as const, detail: process.versions.node },
    ...graphics.findings,
    examineOfferings(config, graphics.probe),
    redis,
    database,
    objects,
    disk,
    farm,
  ];
  return { canRender: findings.every(({ state }) => state !== 'bad'), findings, probe: graphics.probe };
}

type Found = Awaited<ReturnType<typeof lookAround>>;

async function examineRedis({ redisUrl }: DoctorConfig, found: Found): Promise<Finding> {
  const name = 'Redis';
  if (redisUrl === null) {
    if (found.redisServer === null) {
      return {
        name,
        state: 'bad',
        detail: 'no redis-server',
        advice: howToInstall(found, { installForbidden: false }, [NEEDS.redis]),
      };
    }
    const { output } = await runCommand([found.redisServer, '--version'], { timeoutMs: REACH_MS });
    const version = /v=([\d.]+)/.exec(output)?.[1] ?? output;
    return { name, state: 'ok', detail: `redis-server ${version} (${found.redisServer}), started with the farm` };
  }
  try {
    const policy = await reachRedis(redisUrl);
    if (policy === null || policy === 'noeviction') return { name, state: 'ok', detail: 'KILN_REDIS_URL answers' };
    return {
      name,
      state: 'bad',
      detail: `KILN_REDIS_URL answers; its maxmemory-policy is ${policy}`,
      advice: 'Set maxmemory-policy noeviction: an evicted key is a lost delivery.',
    };
  } catch (error) {
    return { name, state: 'bad', detail: messageOf(error) };
  }
}

async function examineDatabase({ databaseUrl, home }: DoctorConfig): Promise<Finding> {
  const name = 'Database';
  if (databaseUrl === null) return { name, state: 'ok', detail: `PGlite in ${home}` };
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: REACH_MS });
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string }>('SHOW server_version AS version');
    return { name, state: 'ok', detail: `PostgreSQL ${Object.values(rows[0] ?? {})[0]} at KILN_DATABASE_URL` };
  } catch (error) {
    return {
      name,
      state: 'bad',
      detail: `KILN_DATABASE_URL does not answer (${messageOf(error)})`,
      advice: 'Start that PostgreSQL, or unset KILN_DATABASE_URL to use PGlite.',
    };
  } finally {
    await client.end().catch(() => undefined);
  }
}

export async function examineObjects({
  home,
  environment,
}: Pick<DoctorConfig, 'home' | 'environment'>): Promise<Finding> {
  const name = 'Objects';
  try {
    const bucket = await examineBucket(environment);
    const detail = bucket === null ? `a folder, ${join(home, 'objects')}` : `${bucket}: answers`;
    return { name, state: 'ok', detail };
  } catch (error) {
    const advice = 'Mend that variable, or unset all of KILN_S3_… to keep objects in a folder.';
    return { name, state: 'bad', detail: messageOf(error), advice };
  }
}

export async function examineDisk({
  home,
  diskReserveBytes,
}: Pick<DoctorConfig, 'home' | 'diskReserveBytes'>): Promise<Finding> {
  const { freeBytes, shortage } = await lookAtDisk(home, diskReserveBytes);
  if (shortage !== null) {
    const advice = 'Make room (`kiln gc` shows what nobody needs), or set KILN_DISK_RESERVE_BYTES to less.';
    return { name: 'Disk', state: 'bad', detail: shortage, advice };
  }
  const detail = `${(freeBytes / 1e9).toFixed(1)} GB free for ${home}`;
  return freeBytes < LOW_DISK_BYTES
    ? { name: 'Disk', state: 'note', detail, advice: 'Make room: `kiln gc` shows what nobody needs.' }
    : { name: 'Disk', state: 'ok', detail };
}

async function examineFarm(home: string): Promise<Finding> {
  const name = 'Farm';
  const farm = readFarmLock(join(home, 'farm.lock'));
  if (farm === null) return { name, state: 'note', detail: 'not running here; start it with `npm start`' };
  const detail = `runs at ${farm.url} (process ${farm.pid})`;
  const health = await healthOf(farm.url);
  if (health === null) {
    return {
      name,
      state: 'note',
      detail: `${detail}, but does not say how it is`,
      advice: `Its logs are in ${join(home, 'logs')}.`,
    };
  }
  const { status, parts, workersReady, workersConfined } = health;
  const down = Object.entries(parts).flatMap(([part, state]) => (state === 'ok' ? [] : [`${part} ${state}`]));
  return {
    name,
    state: 'note',
    detail: [detail, status, `${workersReady} ${workersReady === 1 ? 'worker' : 'workers'} ready`, ...down].join(', '),
    ...(workersConfined
      ? {}
      : {
          advice:
            'Give its Redis a password (requirepass) and a user that may make users (ACL SETUSER): else workers see all that is in Redis.',
        }),
  };
}

/** Not by the client, which takes the 503 of a farm that is not whole for a failure. */
async function healthOf(url: string): Promise<Health | null> {
  try {
    const response = await fetch(`${url}/api/v1/health`, { signal: AbortSignal.timeout(REACH_MS) });
    const body: unknown = await response.json();
    return matches(Health, body) ? body : null;
  } catch {
    return null;
  }
}

async function examineGraphics(config: DoctorConfig): Promise<{ findings: Finding[]; probe: ProbeResult | null }> {
  const found = await lookAround(config.searchPath, config.browserPath);
  const browser = await findBrowser({ explicitPath: config.browserPath });
  if (browser === null) {
    const advice = howToInstall(found, { installForbidden: false }, [NEEDS.browser]);
    return { findings: [{ name: 'Browser', state: 'bad', detail: 'none found', advice }], probe: null };
  }
  const findings: Finding[] = [{ name: 'Browser', state: 'ok', detail: `${browser.version} (${browser.path})` }];
  await buildPage(PAGE_FOLDER);
  const probe = await probeBackends({
    browser,
    pageFolder: PAGE_FOLDER,
    cacheFolder: join(config.home, 'worker-cache'),
    allowNoSandbox: config.allowNoSandbox,
    environment: browserEnvironment(config.environment),
    log: createLog('silent'),
    again: true,
  });
  findings.push(...graphicsFindings(probe, config.allowNoSandbox));
  return { findings, probe };
}

/** What jobs could require of a worker on this machine. */
export function examineOfferings(
  { environment }: Pick<DoctorConfig, 'environment'>,
  probe: ProbeResult | null,
): Finding {
  const name = 'Worker';
  try {
    const { gpuMemoryBytes, tags } = readOfferings(environment);
    const maxTexturePx = (probe && bestWebgl(probe)?.maxTextureSizePx) ?? null;
    const has = [
      factsText({ ...machineFacts(), gpuMemoryBytes, maxTexturePx }),
      ...(gpuMemoryBytes === null ? ['GPU memory not told (KILN_WORKER_GPU_MEMORY)'] : []),
      tags.length === 0 ? 'no tags (KILN_WORKER_TAGS)' : `tags ${tags.join(', ')}`,
    ];
    return { name, state: 'note', detail: has.join('; ') };
  } catch (error) {
    return { name, state: 'bad', detail: messageOf(error), advice: 'Mend that variable: no worker starts with it.' };
  }
}

/** What a probe says, best first. */
function graphicsFindings(probe: ProbeResult, allowNoSandbox: boolean): Finding[] {
  const best = bestWebgl(probe);
  const findings: Finding[] = [
    best === null
      ? {
          name: 'GPU',
          state: 'bad',
          detail: 'no back end draws the canary right',
          advice:
            'Install Mesa’s drivers (libegl1 libgl1-mesa-dri) or the GPU’s, then try again. WebGPU alone is not enough: what an engine draws is summed, toned and read with WebGL.',
        }
      : { name: 'GPU', state: 'ok', detail: `${best.renderer}; driver ${probe.driver}` },
  ];
  if (best?.backend === 'swiftshader') {
    findings.push({
      name: 'GPU',
      state: 'note',
      detail: 'software, and the slow one',
      advice: 'Mesa’s llvmpipe draws three times faster: apt-get install libegl1 libgl1-mesa-dri',
    });
  }
  for (const [name, candidates] of [
    ['WebGL', probe.webgl],
    ['WebGPU', probe.webgpu],
  ] as const) {
    for (const { backend, correct, drawMs, error } of candidates) {
      const taken = name === 'WebGL' && backend === best?.backend ? '  ← taken' : '';
      const detail = correct
        ? `${backend}: canary right in ${drawMs?.toFixed(1)} ms${taken}`
        : `${backend}: not usable (${error})`;
      findings.push({ name, state: 'note', detail });
    }
  }
  if (best !== null) findings.push(...engineFindings(probe));
  findings.push(
    probe.sandboxed
      ? { name: 'Sandbox', state: 'ok', detail: `on: ${probe.sandboxDetail}` }
      : {
          name: 'Sandbox',
          state: allowNoSandbox ? 'note' : 'bad',
          detail: `OFF: ${probe.sandboxDetail}`,
          advice:
            'Allow user namespaces (sysctl kernel.unprivileged_userns_clone=1). KILN_ALLOW_NO_SANDBOX=1 renders without, for scenes you trust.',
        },
  );
  return findings;
}

/** What each engine is drawn with where a job leaves the choice, and why. */
function engineFindings(probe: ProbeResult): Finding[] {
  const auto = autoBackendsOf(probe);
  const adapter = bestWebgpu(probe);
  return (['raster', 'pathtrace'] as const).map((engine) => {
    const times = probe.engines
      .filter((drawing) => drawing.engine === engine)
      .map(({ backend, drawMs, error }) => `${BACKEND_NAMES[backend]} ${error ?? `${drawMs?.toFixed(1)} ms`}`);
    const why =
      adapter === null
        ? 'the only one here'
        : isSoftwareWebgpu(adapter)
          ? 'WebGPU is software here, and only for jobs that ask for it'
          : times.join(', ') || 'WebGPU could not be timed';
    return {
      name: 'Engine',
      state: 'note',
      detail: `${ENGINE_NAMES[engine]}: auto is ${BACKEND_NAMES[auto[engine]]} (${why})`,
    };
  });
}

/** What a worker on this machine would register; null where none can draw. */
export function enginesOf(
  probe: ProbeResult | null,
): { readonly abilities: readonly Capability[]; readonly autoBackends: AutoBackends } | null {
  if (probe === null || bestWebgl(probe) === null) return null;
  return { abilities: abilitiesOf(probe), autoBackends: autoBackendsOf(probe) };
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
