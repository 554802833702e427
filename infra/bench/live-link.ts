import { apiUrls, type PathPose, type PictureHeader } from '@kiln/shared';
import { type Arrival, runLive } from '../src/cli/live/live-run.ts';
import { type Bench, median } from './measure.ts';
import { benchView, send, withBenchScene, withFarm } from './on-farm.ts';
import { OPEN_LINK, ShapedLink } from './shaped-link.ts';

const SIZE = { widthPx: 640, heightPx: 360 } as const;
/** Of the scene: so few that software draws at full size. */
const TRIANGLES = 4_000;
const ROUND_TRIP_MS = 50;
/** The link becomes narrow, and wide again; seconds from the beginning of the movement. */
const WIDE_BITS = 20_000_000;
const NARROW_BITS = 1_000_000;
const SPANS = { settled: 3, narrow: 6, wide: 12, again: 15, end: 18 } as const;
const PATH = { everyMs: 33, degreesPerSec: 30, distanceM: 8, heightM: 3 } as const;
/** A picture has followed where it is so much smaller, or no smaller than so, as those before the change. */
const SMALLER = 0.9;
const AS_LARGE = 0.8;
const TARGET_MS = '≤ 500';

interface Arrived extends Arrival {
  readonly header: PictureHeader;
}

export const liveLinkBench: Bench = {
  name: 'live.link',
  about: 'how soon moving pictures follow a link that becomes 20 times narrower, and wide again',
  run: (report) =>
    withBenchScene(
      (path) =>
        withFarm({}, async (farm) => {
          const scene = await send(farm, path);
          const link = await ShapedLink.open(farm.url);
          try {
            const { pictures, changedMs } = await follow(link, scene.id, farm.credentials.apiKey);
            const within = (from: number, to: number) => pictures.filter(({ atMs }) => atMs >= from && atMs < to);
            const late = (of: readonly Arrived[]) => of.map(({ latencyMs }) => latencyMs ?? 0);
            const bytes = (of: readonly Arrived[]) => median(of.map((one) => one.bytes));
            const before = within(SPANS.settled * 1_000, changedMs.narrow);
            const narrow = within(changedMs.narrow, changedMs.wide);
            const settled = within((changedMs.narrow + changedMs.wide) / 2, changedMs.wide);
            const after = within(changedMs.wide, SPANS.end * 1_000);
            const again = within(SPANS.again * 1_000, SPANS.end * 1_000);
            const usual = bytes(before);
            const first = (of: readonly Arrived[], is: (one: Arrived) => boolean) => of.find(is)?.atMs ?? Number.NaN;
            const smaller = first(narrow, (one) => one.bytes < usual * SMALLER) - changedMs.narrow;
            const larger = first(after, (one) => one.bytes > usual * AS_LARGE) - changedMs.wide;
            report({ name: 'live.link.smaller-after', value: smaller, unit: 'ms', target: TARGET_MS });
            report({ name: 'live.link.larger-after', value: larger, unit: 'ms', target: '' });
            for (const [name, of] of Object.entries({ wide: before, narrow: settled, again })) {
              report({ name: `live.link.${name}.latency`, value: median(late(of)), unit: 'ms', target: '' });
              report({ name: `live.link.${name}.bytes`, value: bytes(of) / 1_000, unit: 'kB', target: '' });
              const width = median(of.map(({ header }) => header.widthPx));
              report({ name: `live.link.${name}.width`, value: width, unit: 'px', target: '' });
            }
            const worst = Math.max(...late(narrow));
            report({ name: 'live.link.narrow.worst', value: worst, unit: 'ms', target: '' });
            const lateUntil = narrow.findLast(({ latencyMs }) => (latencyMs ?? 0) > 2 * median(late(settled)))?.atMs;
            const calm = (lateUntil ?? changedMs.narrow) - changedMs.narrow;
            report({ name: 'live.link.calm-after', value: calm, unit: 'ms', target: '' });
          } finally {
            link.close();
          }
        }),
      TRIANGLES,
    ),
};

async function follow(
  link: ShapedLink,
  sceneId: string,
  apiKey: string,
): Promise<{ pictures: Arrived[]; changedMs: Readonly<Record<'narrow' | 'wide', number>> }> {
  const shaped = (bitsPerSec: number) => {
    link.shape = { ...OPEN_LINK, roundTripMs: ROUND_TRIP_MS, bitsPerSec };
  };
  const pictures: Arrived[] = [];
  const changedMs = { narrow: SPANS.narrow * 1_000, wide: SPANS.wide * 1_000 };
  const timers: NodeJS.Timeout[] = [];
  shaped(WIDE_BITS);
  const poses = path();
  await runLive(
    {
      url: apiUrls(link.url).live,
      apiKey,
      sceneId,
      view: benchView(SIZE),
      codecs: ['jpeg', 'webp', 'png'],
      inputs: poses.map((pose, i) => ({ kind: 'pose', atMs: pose.atMs, pose, moving: i < poses.length - 1 })),
    },
    {
      state: () => {},
      begun: () => {
        timers.push(setTimeout(shaped, changedMs.narrow, NARROW_BITS), setTimeout(shaped, changedMs.wide, WIDE_BITS));
      },
      shows: () => {},
      picture: async ({ header }, arrived) => {
        pictures.push({ ...arrived, header });
      },
      trouble: () => {},
    },
    AbortSignal.timeout(SPANS.end * 10_000),
  );
  for (const timer of timers) clearTimeout(timer);
  return { pictures, changedMs };
}

/** Around the scene, at an even speed. */
function path(): PathPose[] {
  const count = Math.floor((SPANS.end * 1_000) / PATH.everyMs);
  return Array.from({ length: count }, (_, i) => {
    const atMs = i * PATH.everyMs;
    const angle = ((atMs / 1_000) * PATH.degreesPerSec * Math.PI) / 180;
    const { distanceM, heightM } = PATH;
    const position = [Math.sin(angle) * distanceM, heightM, Math.cos(angle) * distanceM] as const;
    return { atMs, position: [...position], target: [0, 0, 0], fovDeg: 40 };
  });
}
