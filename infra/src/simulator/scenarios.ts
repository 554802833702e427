/** What can be simulated: who submits what, and what becomes of workers. Times are those of a farm with some GPUs. */
import type { Spread } from './random.ts';

export interface TenantPlan {
  readonly name: string;
  /** @defaultValue 1 */
  readonly weight?: number;
  readonly minSlots?: number;
  /** Of all slots, at least one. @defaultValue no limit */
  readonly maxPart?: number;
  /** Of all work that is submitted. */
  readonly part: number;
  readonly tasksPerJob: Spread;
  readonly taskSec: Spread;
  /** Jobs that come at once. @defaultValue 1 */
  readonly batch?: number;
  /** One job with all of it, at the start. @defaultValue false */
  readonly isOneJob?: boolean;
  /** Of each job one, at random. @defaultValue 50 */
  readonly priorities?: readonly number[];
  /** Different scenes of its jobs. @defaultValue 4 */
  readonly scenes?: number;
  /** Of its jobs, those whose scene fails in every task. @defaultValue 0 */
  readonly brokenPart?: number;
}

export interface WorkerPlan {
  /** @defaultValue 1 */
  readonly slots?: number;
  /** Time between two crashes of one worker, in the mean. @defaultValue none */
  readonly crashEverySec?: number;
  /** How long it is away then. */
  readonly downSec?: number;
  /** Workers at which every second task fails. @defaultValue 0 */
  readonly faultyPart?: number;
  /** So many of them go to sleep for half of each `cycleSec`. @defaultValue 0 */
  readonly sleepingPart?: number;
  readonly cycleSec?: number;
}

export interface Scenario {
  readonly name: string;
  readonly about: string;
  /** Work that arrives for each slot, in slot-seconds a second; `all`: everything waits at the start. */
  readonly load: number | 'all';
  readonly tenants: readonly TenantPlan[];
  /** To load a scene where it is not loaded. */
  readonly sceneSec: Spread;
  readonly workers?: WorkerPlan;
}

const SCENE_SEC: Spread = { median: 4, sigma: 0.5 };

const studio = (name: string, more: Partial<TenantPlan> = {}): TenantPlan => ({
  name,
  part: 1,
  tasksPerJob: { median: 200, sigma: 0.8 },
  taskSec: { median: 20, sigma: 0.5 },
  ...more,
});

const artist = (name: string, more: Partial<TenantPlan> = {}): TenantPlan => ({
  name,
  part: 0.1,
  tasksPerJob: { median: 6, sigma: 0.8 },
  taskSec: { median: 8, sigma: 0.4 },
  ...more,
});

const SIX = [1, 2, 3, 4, 5, 6];

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'steady',
    about: 'six like tenants, jobs of some 200 frames, nine tenths of what the farm can do',
    load: 0.9,
    tenants: SIX.map((n) => studio(`studio-${n}`)),
    sceneSec: SCENE_SEC,
  },
  {
    name: 'mixed-tenants',
    about: 'two studios with long jobs, three artists with short ones, a game with very short frames',
    load: 0.95,
    tenants: [
      studio('large', { part: 5, weight: 2, tasksPerJob: { median: 600, sigma: 0.8 } }),
      studio('medium', { part: 2 }),
      artist('artist-1'),
      artist('artist-2'),
      artist('artist-3'),
      studio('game', { part: 1, taskSec: { median: 1.5, sigma: 0.3 } }),
    ],
    sceneSec: SCENE_SEC,
  },
  {
    name: 'backlog',
    about: 'weights 1, 2 and 4, frames of 4, 20 and 60 s, all of it there at the start',
    load: 'all',
    tenants: [
      studio('one', { part: 1, weight: 1, taskSec: { median: 4, sigma: 0.4 } }),
      studio('two', { part: 2, weight: 2, taskSec: { median: 20, sigma: 0.4 } }),
      studio('four', { part: 4, weight: 4, taskSec: { median: 60, sigma: 0.4 } }),
    ],
    sceneSec: SCENE_SEC,
  },
  {
    name: 'burst',
    about: 'a quiet farm, and a tenant that now and then submits 20 jobs at once',
    load: 0.6,
    tenants: [
      studio('bursting', { part: 1, batch: 20, tasksPerJob: { median: 12, sigma: 0.6 } }),
      ...[1, 2, 3].map((n) => artist(`artist-${n}`, { part: 0.3 })),
    ],
    sceneSec: SCENE_SEC,
  },
  {
    name: 'one-giant-job',
    about: 'one job with most of the work, there at the start, and small ones beside it',
    load: 0.5,
    tenants: [
      studio('giant', { part: 4, isOneJob: true }),
      ...[1, 2, 3].map((n) => artist(`artist-${n}`, { part: 0.3 })),
    ],
    sceneSec: SCENE_SEC,
  },
  {
    name: 'many-small-jobs',
    about: 'twenty tenants with jobs of some three frames, each of another scene',
    load: 0.7,
    tenants: Array.from({ length: 20 }, (_, n) =>
      artist(`tenant-${n + 1}`, { part: 1, tasksPerJob: { median: 3, sigma: 0.5 }, scenes: 50 }),
    ),
    sceneSec: SCENE_SEC,
  },
  {
    name: 'failing-worker',
    about: 'workers crash, some fail at every second task, and one job in fifty has a broken scene',
    load: 0.8,
    tenants: SIX.map((n) => studio(`studio-${n}`, { brokenPart: 0.02, tasksPerJob: { median: 60, sigma: 0.6 } })),
    sceneSec: SCENE_SEC,
    workers: { crashEverySec: 7_200, downSec: 120, faultyPart: 0.05 },
  },
  {
    name: 'sleep-and-wake',
    about: 'six of ten workers sleep half of the time; the rest can do little more than half of the work',
    load: 0.6,
    tenants: [studio('studio-1'), studio('studio-2'), artist('artist')],
    sceneSec: SCENE_SEC,
    workers: { sleepingPart: 0.6, cycleSec: 3_600 },
  },
  {
    name: 'short-tasks',
    about: 'frames of 50 ms: what the dispatcher itself takes shows',
    load: 0.9,
    tenants: SIX.map((n) =>
      studio(`studio-${n}`, { taskSec: { median: 0.05, sigma: 0.3 }, tasksPerJob: { median: 2_000, sigma: 0.5 } }),
    ),
    sceneSec: { median: 0.5, sigma: 0.3 },
  },
  {
    name: 'long-tasks',
    about: 'frames of twenty minutes beside short ones',
    load: 0.9,
    tenants: [
      studio('film', { part: 3, taskSec: { median: 1_200, sigma: 0.6 }, tasksPerJob: { median: 40, sigma: 0.5 } }),
      ...[1, 2, 3].map((n) => artist(`artist-${n}`, { part: 0.3 })),
    ],
    sceneSec: { median: 20, sigma: 0.5 },
  },
  {
    name: 'priorities',
    about: 'each tenant has urgent, usual and background jobs, more than the farm can do at once',
    load: 1.1,
    tenants: [1, 2, 3].map((n) =>
      studio(`studio-${n}`, { priorities: [20, 50, 50, 80], tasksPerJob: { median: 60, sigma: 0.6 } }),
    ),
    sceneSec: SCENE_SEC,
  },
  {
    name: 'limits',
    about: 'one tenant may have a fifth of the slots, one is promised two, all have more than they get',
    load: 'all',
    tenants: [
      studio('limited', { part: 2, maxPart: 0.2 }),
      studio('promised', { part: 1, weight: 0.2, minSlots: 2 }),
      studio('other', { part: 4 }),
    ],
    sceneSec: SCENE_SEC,
  },
];
