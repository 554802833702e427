import { readFileSync } from 'node:fs';
import type { TrialFarm } from '../src/trial/trial-farm.ts';
import type { Bench } from './measure.ts';
import { runJob, send, withBenchScene, withFarm } from './on-farm.ts';
import { childrenOf, treeOf } from './processes.ts';

const MB = 1_000_000;
const LAYER = { size: { widthPx: 160, heightPx: 90 } };
/** Few, so that the browser draws some twenty frames a second. */
const TRIANGLES = 5_000;
const SAMPLE_MS = 100;
/**
 * Memory goes up and down between a collector's runs, so the least of so many frames is taken: from frame 100 on, and
 * from frame 500 on.
 */
const WINDOW_FRAMES = 150;
const WINDOWS = [100, 500] as const;

const PARTS = ['browser', 'worker', 'server'] as const;
type Memory = Readonly<Record<(typeof PARTS)[number], number>>;

/** Resident memory of a process in MB; 0 when it has ended. */
function residentMb(pid: number): number {
  try {
    return (Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1_024) / MB;
  } catch {
    return 0;
  }
}

/** Of a process and all below it. What they share counts for each. */
const treeMb = (pid: number): number => treeOf(pid).reduce((sum, one) => sum + residentMb(one), 0);

async function processesOf(farm: TrialFarm): Promise<Record<keyof Memory, number>> {
  const { items } = await farm.client.listWorkers();
  const [worker] = items;
  const server = childrenOf(farm.process.pid ?? 0).find((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes('server'),
  );
  if (!worker?.pid || !worker.browserPid || !server) throw new Error('the farm has no server, worker or browser');
  return { server, worker: worker.pid, browser: worker.browserPid };
}

const least = (a: Memory, b: Memory): Memory => ({
  browser: Math.min(a.browser, b.browser),
  worker: Math.min(a.worker, b.worker),
  server: Math.min(a.server, b.server),
});

export const memoryBench: Bench = {
  name: 'memory',
  about: `growth of resident memory from frame 100 to 500, the least of ${WINDOW_FRAMES} frames each`,
  run: (report) =>
    withBenchScene(
      (path) =>
        withFarm({ KILN_SLOTS: '1' }, async (farm) => {
          const scene = await send(farm, path);
          // The browser is the one that has imported the scene.
          const pids = await processesOf(farm);
          let frames = 0;
          const lows = new Map<number, Memory>();
          const sampler = setInterval(() => {
            const from = WINDOWS.find((first) => frames >= first && frames < first + WINDOW_FRAMES);
            if (from === undefined) return;
            const now = {
              browser: treeMb(pids.browser),
              worker: residentMb(pids.worker),
              server: residentMb(pids.server),
            };
            lows.set(from, least(lows.get(from) ?? now, now));
          }, SAMPLE_MS);
          try {
            const layer = { ...LAYER, frames: `1-${WINDOWS[1] + WINDOW_FRAMES}` };
            await runJob(farm, scene.id, layer, () => (frames += 1));
          } finally {
            clearInterval(sampler);
          }
          const [before, after] = WINDOWS.map((first) => lows.get(first));
          if (!before || !after) throw new Error('the frames came too fast to be sampled');
          for (const part of PARTS) {
            report({ name: `memory.growth.${part}`, value: after[part] - before[part], unit: 'MB', target: '≤ 10' });
            report({ name: `memory.resident.${part}`, value: after[part], unit: 'MB', target: '' });
          }
        }),
      TRIANGLES,
    ),
};
