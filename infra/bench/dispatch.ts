import type { Scene } from '@kiln/shared';
import type { TrialFarm } from '../src/trial/trial-farm.ts';
import { reportDecisions } from './dispatch-decisions.ts';
import { type Bench, type Measure, median, percentile } from './measure.ts';
import { runJob, withFarm } from './on-farm.ts';
import { type OwnService, query, startPostgres, startRedis } from './own-services.ts';
import { cpuSeconds } from './processes.ts';
import { type Program, startProgram } from './program.ts';

/** Workers that draw nothing, in one process, and queues of BullMQ alone. */
const WORKERS = 4;
const SLOTS = 4;
/** As the worker has it: two for each slot. */
const CONCURRENCY = 2 * SLOTS;
/** The farm and BullMQ alone take turns. */
const ROUNDS = 3;
const TASKS = 2_000;
const WARM_UP_TASKS = 1_000;
const STARTS = 60;
/** OpenCue's published figure, on a large machine. */
const OPENCUE_PER_SEC = 975;
const MANY = 1_000_000;
const SIZE = { widthPx: 16, heightPx: 16 };

type Report = (measure: Measure) => void;

export const dispatchBench: Bench = {
  name: 'dispatch',
  about:
    'tasks/s from submission to recorded result ÷ BullMQ alone; decisions at 1,000,000 waiting tasks; submit to start',
  async run(report) {
    const postgres = await startPostgres();
    try {
      await withRedis(async (redis) => {
        if (postgres) await onStore('postgres', redis, postgres, report);
        await onStore('pglite', redis, null, report);
      });
      if (postgres) await reportDecisions(postgres, report);
    } finally {
      await postgres?.stop();
    }
  },
};

async function withRedis(work: (redis: OwnService) => Promise<void>): Promise<void> {
  const redis = await startRedis();
  try {
    await work(redis);
  } finally {
    await redis.stop();
  }
}

async function onStore(name: string, redis: OwnService, postgres: OwnService | null, report: Report): Promise<void> {
  const env = { KILN_WORKERS: '0', KILN_REDIS_URL: redis.url, ...(postgres && { KILN_DATABASE_URL: postgres.url }) };
  await withFarm(env, async (farm) => {
    const { url, workerToken } = farm.credentials;
    const programs = await Promise.all([
      startProgram('worker/bench/blank-workers.ts', [url, workerToken, farm.home, String(WORKERS), String(SLOTS)]),
      startProgram('worker/bench/bull-alone.ts', ['add', redis.url, String(WORKERS)]),
      startProgram('worker/bench/bull-alone.ts', ['process', redis.url, String(WORKERS), String(CONCURRENCY)]),
    ]);
    const [workers, adder, processor] = programs;
    try {
      const scene = await sampleScene(farm);
      const sides = {
        farm: {
          server: farm.process.pid ?? 0,
          workers: workers.pid,
          redis: redis.pid,
          ...(postgres && { postgres: postgres.pid }),
        },
        alone: { adder: adder.pid, processor: processor.pid, redis: redis.pid },
      };
      await reportLifecycles(name, { farm, scene, sides, alone: () => bullRate(adder, processor, TASKS) }, report);
      await reportStarts(name, { farm, scene, workers }, report);
      await reportSubmission(name, { farm, scene, postgres }, report);
    } finally {
      await Promise.all(programs.map((program) => program.stop()));
    }
  });
}

/** The one that every tenant is given, once it is imported. */
async function sampleScene({ client }: TrialFarm): Promise<Scene> {
  for (;;) {
    const { items } = await client.listScenes({ query: {} });
    const ready = items.find(({ state }) => state === 'ready');
    if (ready) return ready;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

interface OnFarm {
  readonly farm: TrialFarm;
  readonly scene: Scene;
}

interface Run {
  readonly perSec: number;
  /** Processor time of a task, in milliseconds: what else the machine does hardly changes it. */
  readonly cpuMs: Readonly<Record<string, number>>;
}

interface Sides {
  /** Processes of each side, by what they are. */
  readonly farm: Readonly<Record<string, number>>;
  readonly alone: Readonly<Record<string, number>>;
}

async function reportLifecycles(
  name: string,
  { farm, scene, sides, alone }: OnFarm & { readonly sides: Sides; readonly alone: () => Promise<number> },
  report: Report,
): Promise<void> {
  const rounds: { readonly farm: Run; readonly alone: Run }[] = [];
  await farmRate({ farm, scene }, WARM_UP_TASKS);
  await alone();
  const lateMs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = await measured(sides.alone, alone);
    await farm.client.eventLoop();
    const run = await measured(sides.farm, () => farmRate({ farm, scene }, TASKS));
    lateMs.push((await farm.client.eventLoop()).p99Ms);
    const after = await measured(sides.alone, alone);
    rounds.push({ farm: run, alone: { ...before, perSec: (before.perSec + after.perSec) / 2 } });
  }
  const tasks = median(rounds.map(({ farm }) => farm.perSec));
  const bull = median(rounds.map(({ alone }) => alone.perSec));
  const ratio = median(rounds.map(({ farm, alone }) => farm.perSec / alone.perSec));
  const isTarget = name === 'postgres';
  const prefix = `dispatch.${name}`;
  report({
    name: `${prefix}.tasks`,
    value: tasks,
    unit: 'tasks/s',
    target: isTarget ? `> ${OPENCUE_PER_SEC}, OpenCue` : '',
  });
  report({ name: `${prefix}.bullmq-alone`, value: bull, unit: 'tasks/s', target: '' });
  report({ name: `${prefix}.ratio`, value: ratio, unit: 'ratio', target: isTarget ? '≥ 0.5' : '' });
  for (const side of ['farm', 'alone'] as const) {
    for (const process of Object.keys(sides[side])) {
      const value = median(rounds.map((round) => round[side].cpuMs[process] ?? 0));
      report({ name: `${prefix}.${side}-cpu-${process}`, value, unit: 'ms', target: '' });
    }
  }
  report({ name: `${prefix}.event-loop-p99`, value: median(lateMs), unit: 'ms', target: '< 20' });
}

async function measured(processes: Readonly<Record<string, number>>, run: () => Promise<number>): Promise<Run> {
  const names = Object.keys(processes);
  const cpu = () => names.map((name) => cpuSeconds(processes[name] ?? 0));
  const before = cpu();
  const perSec = await run();
  const after = cpu();
  const spent = names.map((name, at) => [name, (((after[at] ?? 0) - (before[at] ?? 0)) * 1_000) / TASKS] as const);
  return { perSec, cpuMs: Object.fromEntries(spent) };
}

/** From submission to the last recorded result, by the server's own clock. */
async function farmRate({ farm, scene }: OnFarm, tasks: number): Promise<number> {
  const { client } = farm;
  const { id } = await client.createJob({
    body: { sceneId: scene.id, layers: [{ size: SIZE, frames: `1-${tasks}` }] },
  });
  for (;;) {
    const { state, createdAt, endedAt } = await client.getJob({ params: { jobId: id } });
    if (state === 'succeeded' && endedAt) return (tasks * 1_000) / (Date.parse(endedAt) - Date.parse(createdAt));
    if (endedAt) throw new Error(`job ${id} ended ${state}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

interface Processed {
  readonly processed: number;
}

/** BullMQ alone: from the first call that adds to the last delivery that is processed. */
async function bullRate(adder: Program, processor: Program, tasks: number): Promise<number> {
  const now = processor.until<Processed>(() => true);
  processor.send({ tell: true });
  const { processed: before } = await now;
  const startedAt = performance.now();
  const done = processor.until<Processed>(({ processed }) => processed >= before + tasks);
  adder.send({ count: tasks });
  await done;
  return (tasks * 1_000) / (performance.now() - startedAt);
}

/** From sending a job to its claim by an idle worker. */
async function reportStarts(
  name: string,
  { farm, scene, workers }: OnFarm & { readonly workers: Program },
  report: Report,
): Promise<void> {
  const startMs: number[] = [];
  workers.send({ tellClaims: true });
  for (let n = 0; n < STARTS; n++) {
    const claimed = workers.until<{ readonly claimedAtMs: number }>(() => true);
    const sentAtMs = performance.timeOrigin + performance.now();
    await runJob(farm, scene.id, { size: SIZE, frames: '1' });
    startMs.push((await claimed).claimedAtMs - sentAtMs);
  }
  workers.send({ tellClaims: false });
  report({ name: `dispatch.${name}.submit-to-start-p50`, value: median(startMs), unit: 'ms', target: '< 50' });
  report({ name: `dispatch.${name}.submit-to-start-p95`, value: percentile(startMs, 95), unit: 'ms', target: '< 50' });
}

/** What a job costs until its tasks are given out. */
const ROWS_OF_JOB = (jobId: string) => `
  select (select sum(pg_column_size(r)) from jobs r where id = '${jobId}')
       + (select sum(pg_column_size(r)) from layers r where job_id = '${jobId}')
       + (select sum(pg_column_size(r)) from events r where job_id = '${jobId}' and type = 'job') as bytes`;

async function reportSubmission(
  name: string,
  { farm, scene, postgres }: OnFarm & { readonly postgres: OwnService | null },
  report: Report,
): Promise<void> {
  const { client } = farm;
  const layers = [{ size: SIZE, frames: `1-${MANY}` }];
  const startedAt = performance.now();
  const job = await client.createJob({ body: { sceneId: scene.id, layers } });
  const tookMs = performance.now() - startedAt;
  const rows = postgres && (await query<{ bytes: string }>(postgres.url, ROWS_OF_JOB(job.id)));
  await client.cancelJob({ params: { jobId: job.id } });
  report({ name: `dispatch.${name}.submit-1000000`, value: tookMs, unit: 'ms', target: '< 1000' });
  if (rows)
    report({ name: `dispatch.${name}.rows-1000000`, value: Number(rows.bytes) / 1_000, unit: 'kB', target: '' });
}
