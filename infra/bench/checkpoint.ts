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
    'from kill -9 of the only worker, in the middle of a long frame, until its successor draws on from the checkpoint',
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
          await frame;
          const resumed = (await attemptsOf(farm)).flatMap(({ resumedFromSample, startedAt }) =>
            resumedFromSample === null || startedAt === null ? [] : [Date.parse(startedAt)],
          );
          const next = Math.min(...resumed.filter((atMs) => atMs > killedAtMs));
          report({ name: 'checkpoint.resume', value: (next - killedAtMs) / 1_000, unit: 's', target: '' });
        }),
      TRIANGLES,
    ),
};

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
