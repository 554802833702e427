import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { REPOSITORY } from '../../src/repository.ts';
import { requireFreePort } from '../../src/supervisor/free-port.ts';
import { PidFiles } from '../../src/supervisor/left-overs.ts';
import { isRunning, type ProcessRecord } from '../../src/supervisor/process-identity.ts';

let home: string;
const supervisors: RunningFarm[] = [];

beforeEach(() => {
  // A space in the path, as a user's folder may have.
  home = mkdtempSync(join(tmpdir(), 'kiln farm '));
});
afterEach(async () => {
  for (const farm of supervisors.splice(0)) await farm.end();
  await until(() => recorded().every((record) => !isRunning(record)));
  rmSync(home, { recursive: true, force: true });
});

class RunningFarm {
  readonly process: ChildProcess;
  readonly events: { event: string; detail: unknown }[] = [];
  errors = '';

  constructor(env: Record<string, string> = {}) {
    this.process = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'stand-ins', 'farm.ts')], {
      cwd: REPOSITORY,
      env: { ...process.env, KILN_HOME: home, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process.stderr?.on('data', (chunk) => (this.errors += chunk));
    if (this.process.stdout) {
      createInterface({ input: this.process.stdout }).on('line', (line) => this.events.push(JSON.parse(line)));
    }
    supervisors.push(this);
  }

  /** Waits for an event; fails when the supervisor ends before. */
  async saw(event: string, detail: unknown = expect.anything()): Promise<void> {
    await until(() => this.has(event, detail) || this.process.exitCode !== null);
    expect(this.events, this.errors).toContainEqual({ event, detail });
  }

  has(event: string, detail: unknown): boolean {
    return this.events.some((one) => one.event === event && (typeof detail !== 'string' || one.detail === detail));
  }

  async end(): Promise<void> {
    this.process.kill('SIGTERM');
    await until(() => this.process.exitCode !== null || this.process.signalCode !== null);
  }
}

async function startFarm(env: Record<string, string> = {}): Promise<RunningFarm> {
  const farm = new RunningFarm({ KILN_PORT: String(await requireFreePort('127.0.0.1', 0)), ...env });
  await farm.saw('started');
  return farm;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(20);
}

/** Every process that the farm has noted, by name. */
function noted(): Map<string, ProcessRecord> {
  const folder = join(home, 'run');
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return new Map(names.map((name) => [name.slice(0, -5), JSON.parse(readFileSync(join(folder, name), 'utf8'))]));
}
const recorded = () => {
  try {
    return [...noted().values()];
  } catch {
    return [];
  }
};

const log = (name: string) => readFileSync(join(home, 'logs', `${name}.log`), 'utf8');

test('starts Redis, the server and the workers, each told of the others', async () => {
  await startFarm({ KILN_WORKERS: '2', KILN_DATABASE_URL: 'postgres://kiln:password@db' });
  expect([...noted().keys()].sort()).toEqual(['redis', 'server', 'worker-1', 'worker-2']);
  expect(log('server')).toContain(join(home, 'redis', 'redis.sock'));
  expect(log('worker-1')).toContain('"token":"token"');
  expect(log('worker-1')).not.toMatch(/redis\.sock|password/);
});

/** The password that the server was given for it. */
const redisPassword = () => /\?password=(\w+)/.exec(log('server').split('\n').at(-2) ?? '')?.[1] ?? '';

test('its Redis answers only those who know its password', async () => {
  await startFarm();
  const path = join(home, 'redis', 'redis.sock');
  const ask = async (credentials: { password?: string }) => {
    const redis = new Redis({ path, protocol: 2, retryStrategy: () => null, ...credentials });
    redis.on('error', () => {});
    return redis.ping().finally(() => redis.disconnect());
  };
  expect(await ask({ password: redisPassword() })).toBe('PONG');
  await expect(ask({})).rejects.toThrow('NOAUTH');
  expect(statSync(join(home, 'redis', 'redis.conf')).mode & 0o777).toBe(0o600);
});

test('goes on with the data of a Redis that was left running, also one that had no password', async () => {
  const folder = join(home, 'redis');
  const path = join(folder, 'redis.sock');
  mkdirSync(folder, { recursive: true });
  const settings = ['--port', '0', '--unixsocket', path, '--dir', folder, '--appendonly', 'yes', '--save', ''];
  const old = spawn('redis-server', settings, { stdio: 'ignore', detached: true });
  new PidFiles(join(home, 'run')).write('redis', old.pid ?? 0);
  const before = new Redis({ path, retryStrategy: () => 20 });
  before.on('error', () => {});
  await before.set('kept', 'yes');
  before.disconnect();

  const farm = await startFarm();
  expect(farm.events).toContainEqual({ event: 'ended', detail: ['redis'] });
  const after = new Redis({ path, password: redisPassword() });
  expect(await after.get('kept')).toBe('yes');
  after.disconnect();
});

test('ends all of it when it is asked to', async () => {
  const farm = await startFarm();
  const processes = recorded();
  await farm.end();
  expect(farm.process.exitCode).toBe(0);
  expect(processes.filter(isRunning)).toEqual([]);
  expect(noted().size).toBe(0);
});

test('leaves nothing running when it is killed', async () => {
  const farm = await startFarm();
  const processes = recorded();
  expect(processes).toHaveLength(3);
  farm.process.kill('SIGKILL');
  await until(() => processes.every((record) => !isRunning(record)));
});

test('the next start ends what a killed one left, and works', async () => {
  const first = await startFarm({ STUBBORN: '1' });
  const worker = noted().get('worker-1');
  first.process.kill('SIGKILL');
  await until(() => !isRunning(noted().get('redis') ?? { pid: 0, identity: '' }));
  expect(worker && isRunning(worker)).toBe(true);

  const second = await startFarm();
  expect(second.events).toContainEqual({ event: 'ended', detail: ['worker-1'] });
  expect(worker && isRunning(worker)).toBe(false);
});

test.each(['redis', 'server', 'worker-1'])('starts %s again when it is killed', async (name) => {
  const farm = await startFarm();
  const first = noted().get(name);
  process.kill(first?.pid ?? 0, 'SIGKILL');
  await farm.saw('crashed', name);
  await until(() => noted().get(name)?.pid !== first?.pid && isRunning(noted().get(name) ?? { pid: 0, identity: '' }));
});

test.runIf(existsSync('/dev/full'))('goes on, and says so, when the disk is full', async () => {
  mkdirSync(join(home, 'logs'));
  symlinkSync('/dev/full', join(home, 'logs', 'server.log'));
  const farm = await startFarm();
  await farm.saw('trouble', 'server');

  const note = join(home, 'run', 'worker-1.json');
  const first = noted().get('worker-1');
  rmSync(note);
  symlinkSync('/dev/full', note);
  process.kill(first?.pid ?? 0, 'SIGKILL');
  await farm.saw('trouble', 'worker-1');
  await until(() => log('worker-1').split('"token":').length === 3);
  expect(farm.process.exitCode).toBeNull();
});

test('a second farm in the same folder is refused with the address of the first', async () => {
  const port = String(await requireFreePort('127.0.0.1', 0));
  await startFarm({ KILN_PORT: port });
  const second = new RunningFarm();
  await until(() => second.process.exitCode !== null);
  expect(second.process.exitCode).not.toBe(0);
  expect(second.errors).toContain(`http://127.0.0.1:${port}`);
});

test('a taken port is said before anything is started', async () => {
  const other = await startFarm();
  const port =
    String(other.events.find(({ event }) => event === 'started')?.detail)
      .split(':')
      .at(-1) ?? '';
  const elsewhere = mkdtempSync(join(tmpdir(), 'kiln-other-'));
  const farm = new RunningFarm({ KILN_HOME: elsewhere, KILN_PORT: port });
  await until(() => farm.process.exitCode !== null);
  expect(farm.errors).toContain(`Port ${port}`);
  expect(readdirSync(elsewhere)).not.toContain('redis');
  rmSync(elsewhere, { recursive: true });
});

test('a Redis that does not answer is said before anything is started', async () => {
  const farm = new RunningFarm({
    KILN_PORT: String(await requireFreePort('127.0.0.1', 0)),
    KILN_REDIS_URL: `redis://127.0.0.1:${await requireFreePort('127.0.0.1', 0)}`,
  });
  await until(() => farm.process.exitCode !== null);
  expect(farm.errors).toContain('KILN_REDIS_URL does not answer');
  expect(farm.events.map(({ event }) => event)).not.toContain('starting');
});

test('damaged credentials are those of a first start', async () => {
  writeFileSync(join(home, 'credentials.json'), '{');
  await startFarm();
});
