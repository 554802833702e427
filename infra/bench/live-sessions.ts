import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { apiUrls } from '@kiln/shared';
import { type LiveOrder, runLive } from '../src/cli/live/live-run.ts';
import type { PathInput } from '../src/cli/live/path-timeline.ts';
import type { TrialFarm } from '../src/trial/trial-farm.ts';
import { type Bench, median } from './measure.ts';
import { benchView, send, withBenchScene, withFarm } from './on-farm.ts';
import { treeOf } from './processes.ts';

const SESSIONS = 50;
const TRIANGLES = 4_000;
const SECONDS = 10;
/** Counting begins when all are under way. */
const FROM_MS = 3_000;
const EVERY_MS = 20;
const VIEW = benchView({ widthPx: 160, heightPx: 90 });

export const liveSessionsBench: Bench = {
  name: 'live.sessions',
  about: `${SESSIONS} viewers of one scene on one worker, each with a camera of its own that moves, 160×90`,
  run: (report) =>
    withBenchScene(
      (path) =>
        withFarm({ KILN_SLOTS: '1' }, async (farm) => {
          const scene = await send(farm, path);
          const orderOf = (index: number) => orderFor(farm, scene.id, index);
          const [alone = 0] = (await follow(farm, [orderOf(0)])).pictures;
          const first = await follow(farm, [orderOf(0)]);
          const many = await follow(
            farm,
            Array.from({ length: SESSIONS }, (_, index) => orderOf(index)),
          );
          const total = many.pictures.reduce((sum, count) => sum + count, 0);
          const seconds = SECONDS - FROM_MS / 1_000;
          const one = first.pictures[0] ?? alone;
          const extraMb = (many.megabytes - first.megabytes) / (SESSIONS - 1);
          report({ name: 'live.sessions.alone', value: one / seconds, unit: 'frames/s', target: '' });
          report({ name: 'live.sessions.total', value: total / seconds, unit: 'frames/s', target: '' });
          report({ name: 'live.sessions.share', value: total / one, unit: 'ratio', target: '≥ 0.9' });
          const least = Math.min(...many.pictures) / (total / SESSIONS);
          report({ name: 'live.sessions.least', value: least, unit: 'ratio', target: '≥ 0.5' });
          report({
            name: 'live.sessions.median',
            value: median(many.pictures) / seconds,
            unit: 'frames/s',
            target: '',
          });
          report({ name: 'live.sessions.memory', value: extraMb, unit: 'MB', target: '≤ 8' });
        }),
      TRIANGLES,
    ),
};

/** Turns around the scene; each from another side. */
function orderFor(farm: TrialFarm, sceneId: string, index: number): LiveOrder {
  const { url, apiKey } = farm.credentials;
  const inputs = Array.from({ length: (SECONDS * 1_000) / EVERY_MS }, (_, i): PathInput => {
    const angle = index + (i * EVERY_MS * Math.PI) / 6_000;
    const position: [number, number, number] = [Math.sin(angle) * 5, 1, Math.cos(angle) * 5];
    const atMs = i * EVERY_MS;
    return { kind: 'pose', atMs, moving: true, pose: { atMs, position, target: [0, 0, 0], fovDeg: 40 } };
  });
  return { url: apiUrls(url).live, apiKey, sceneId, view: VIEW, codecs: ['jpeg'], inputs };
}

interface Followed {
  /** Of each session, those that came between. */
  readonly pictures: number[];
  /** Of all processes of the farm, while they move: what they share counts once. */
  readonly megabytes: number;
}

async function follow(farm: TrialFarm, orders: readonly LiveOrder[]): Promise<Followed> {
  const over = new AbortController();
  setMaxListeners(SESSIONS + 1, over.signal);
  const pictures = orders.map(() => 0);
  let begun = 0;
  let countFromMs = Number.POSITIVE_INFINITY;
  const runs = orders.map((order, index) =>
    runLive(
      order,
      {
        state: () => {},
        begun: () => {
          begun += 1;
          if (begun === orders.length) countFromMs = performance.now() + FROM_MS;
        },
        shows: () => {},
        trouble: (message) => process.stderr.write(`${message}\n`),
        picture: async () => {
          const nowMs = performance.now();
          const isCounted = nowMs >= countFromMs && nowMs < countFromMs + SECONDS * 1_000 - FROM_MS;
          if (isCounted) pictures[index] = (pictures[index] ?? 0) + 1;
        },
      },
      over.signal,
    ).catch((error: unknown) => {
      if (!over.signal.aborted) throw error;
    }),
  );
  const all = Promise.all(runs);
  all.catch(() => {});
  while (begun < orders.length) await Promise.race([all, new Promise((resolve) => setTimeout(resolve, 50))]);
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 900));
  const megabytes = farm.process.pid === undefined ? 0 : sharedMb(farm.process.pid);
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 100));
  over.abort();
  await all;
  return { pictures, megabytes };
}

/** Proportional set size: `smaps_rollup` of proc(5). */
const sharedMb = (pid: number): number =>
  treeOf(pid).reduce((sum, one) => {
    try {
      const rollup = readFileSync(`/proc/${one}/smaps_rollup`, 'utf8');
      return sum + (Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1_024) / 1_000_000;
    } catch {
      return sum;
    }
  }, 0);
