import { readFileSync } from 'node:fs';
import type { TrialFarm } from '../src/trial/trial-farm.ts';
import type { Bench } from './measure.ts';
import { runJob, send, withBenchScene, withFarm } from './on-farm.ts';

const MB = 1_000_000;
const LAYER = { size: { widthPx: 320, heightPx: 180 } };
/** A heartbeat after the job's end brings the worker's figures up to date. */
const HEARTBEAT_WAIT_MS = 5_000;

interface Memory {
  readonly browser: number;
  readonly worker: number;
  readonly server: number;
}

async function memory(farm: TrialFarm): Promise<Memory> {
  await new Promise((resolve) => setTimeout(resolve, HEARTBEAT_WAIT_MS));
  const { items } = await farm.client.listWorkers();
  return {
    browser: items.reduce((sum, worker) => sum + worker.browserRssBytes, 0) / MB,
    worker: items.reduce((sum, worker) => sum + worker.nodeRssBytes, 0) / MB,
    server: residentBytes(serverPid(farm)) / MB,
  };
}

function serverPid(farm: TrialFarm): number {
  const children = readFileSync(`/proc/${farm.process.pid}/task/${farm.process.pid}/children`, 'utf8')
    .trim()
    .split(' ');
  const server = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes('server'));
  if (!server) throw new Error('the farm has no server process');
  return Number(server);
}

function residentBytes(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1_024;
}

export const memoryBench: Bench = {
  name: 'memory',
  about: 'growth of resident memory between frames 100 and 500 of one scene',
  run: (report) =>
    withBenchScene((path) =>
      withFarm({ KILN_SLOTS: '1' }, async (farm) => {
        const scene = await send(farm, path);
        await runJob(farm, scene.id, { ...LAYER, frames: '1-100' });
        const before = await memory(farm);
        await runJob(farm, scene.id, { ...LAYER, frames: '101-500' });
        const after = await memory(farm);
        for (const part of ['browser', 'worker', 'server'] as const) {
          report({ name: `memory.growth.${part}`, value: after[part] - before[part], unit: 'MB', target: '≤ 10' });
          report({ name: `memory.resident.${part}`, value: after[part], unit: 'MB', target: '' });
        }
      }),
    ),
};
