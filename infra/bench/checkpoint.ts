import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Attempt } from '@kiln/shared';
import type { TrialFarm } from '../src/trial/trial-farm.ts';
import type { Bench } from './measure.ts';
import { runJob, send, withBenchScene, withFarm } from './on-farm.ts';
import { childrenOf } from './processes.ts';

const POLL_MS = 50;
const TRIANGLES = 5_000;
/** Some 20 seconds in software, stored every second. */
const LONG_FRAME = { frames: '1', size: { widthPx: 640, heightPx: 360 }, samples: 512, splitSamples: 2 };

export const checkpointBench: Bench = {
  name: 'checkpoint',
  about:
    'from kill -9 of the only worker, in the middle of a long frame, until its successor has the work (taken), and from then until it has drawn and stored more, loading the scene included (resume)',
  run: (report) =>
    withBenchScene(
      (path) =>
        withFarm({ KILN_SLOTS: '1', KILN_WORKERS: '1', KILN_CHECKPOINT_SEC: '1' }, async (farm) => {
          const scene = await send(farm, path);
          const frame = runJob(farm, scene.id, LONG_FRAME);
          const isStored = ({ state, resultHash }: Attempt) => state === 'running' && resultHash !== null;
          while (!(await attemptsOf(farm)).some(isStored)) await sleep(POLL_MS);
          const killedAtMs = Date.now();
          process.kill(workerOf(farm), 'SIGKILL');
          const takenAtMs = await first(async () => (await attemptsOf(farm)).some(isResumed(killedAtMs)));
          // What the successor stores first is new.
          const isNew = (attempt: Attempt) => isResumed(killedAtMs)(attempt) && attempt.resultHash !== null;
          const drawnAtMs = await first(async () => (await attemptsOf(farm)).some(isNew));
          await frame;
          // Most of it is the lease of the one that was killed.
          report({ name: 'checkpoint.taken', value: (takenAtMs - killedAtMs) / 1_000, unit: 's', target: '' });
          report({ name: 'checkpoint.resume', value: (drawnAtMs - takenAtMs) / 1_000, unit: 's', target: '' });
        }),
      TRIANGLES,
    ),
};

const isResumed =
  (sinceMs: number) =>
  ({ resumedFromSample, startedAt }: Attempt): boolean =>
    resumedFromSample !== null && startedAt !== null && Date.parse(startedAt) > sinceMs;

/** When it is true for the first time, Unix milliseconds. */
async function first(isTrue: () => Promise<boolean>): Promise<number> {
  while (!(await isTrue())) await sleep(POLL_MS);
  return Date.now();
}

/** Of the only job. */
async function attemptsOf({ client }: TrialFarm): Promise<Attempt[]> {
  const { items: jobs } = await client.listJobs({ query: {} });
  const [job] = jobs;
  if (!job) return [];
  const { items } = await client.listTasks({ params: { jobId: job.id }, query: {} });
  return items.flatMap(({ attempts }) => attempts);
}

function workerOf({ process: { pid } }: TrialFarm): number {
  const worker = childrenOf(pid ?? 0).find((child) =>
    readFileSync(`/proc/${child}/cmdline`, 'utf8').split('\0').includes('worker'),
  );
  if (!worker) throw new Error('the farm has no worker');
  return worker;
}
