/** Farms and work at random, from a seed: few of each thing, so that they meet. */
import type { Candidate } from '../../src/dispatch/candidate.ts';
import { loadedKey, type PickWorker } from '../../src/dispatch/desk.ts';
import type { PickInput } from '../../src/dispatch/pick.ts';

export interface Dice {
  /** 0 to n - 1. */
  below(n: number): number;
  /** @param chance 0 to 1. */
  happens(chance: number): boolean;
  one<const T>(values: readonly [T, ...T[]]): T;
}

/** Mulberry32. */
export function dice(seed: number): Dice {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n: number) => Math.floor(next() * n);
  return { below, happens: (chance) => next() < chance, one: (values) => values[below(values.length)] ?? values[0] };
}

const TENANTS = ['t0', 't1', 't2', 't3'] as const;
const SCENES = ['s0', 's1', 's2'] as const;
const PRIORITIES = [30, 50, 50, 70] as const;

export function randomFarm(seed: number): PickInput {
  const at = dice(seed);
  const hasPriorities = at.happens(0.5);
  const priority = () => (hasPriorities ? at.one(PRIORITIES) : 50);
  const fullness = at.one([0, 0.5, 0.9, 1]);
  const workers = Array.from({ length: 1 + at.below(24) }, (_, n) => randomWorker(at, `w${n}`, priority, fullness));
  const candidates = Array.from({ length: 1 + at.below(30) }, (_, n) =>
    randomCandidate(at, n, priority, workers.length),
  );
  const use = () => new Map(TENANTS.map((tenant) => [tenant, at.below(6)] as const));
  return { workers, candidates, usage: { render: use(), import: use(), film: use() } };
}

function randomWorker(at: Dice, id: string, priority: () => number, fullness: number): PickWorker {
  const slots = 1 + at.below(3);
  const full = at.happens(fullness);
  const rendering = full ? slots * (2 + at.below(3)) : at.below(slots * 2);
  const renderingBy = TENANTS.flatMap((tenantId) =>
    at.happens(0.3) ? [{ tenantId, priority: priority(), n: 1 + at.below(Math.max(1, rendering)) }] : [],
  );
  const some = <T>(values: readonly T[], chance: number) => values.filter(() => at.happens(chance));
  return {
    id,
    slots,
    abilities: some(
      [
        { engine: 'raster', backend: 'webgl' },
        { engine: 'raster', backend: 'webgpu' },
        { engine: 'pathtrace', backend: 'webgl' },
      ] as const,
      0.7,
    ),
    adapterClass: at.one(['one', 'one', 'two']),
    isAvoided: at.happens(0.1),
    loaded: new Set(TENANTS.flatMap((tenant) => some(SCENES, 0.2).map((scene) => loadedKey(tenant, scene)))),
    tenants: new Set(some(TENANTS, 0.4)),
    rendering,
    renderingBy: at.happens(0.8) ? renderingBy : null,
    importing: new Set(some(TENANTS, full ? 0.8 : 0.2)),
    filmMakers: some(['page', 'ffmpeg'] as const, 0.6),
    filming: at.below(full ? 6 : 3),
    queuedMs: at.happens(0.3) ? null : at.below(1_000),
  };
}

function randomCandidate(at: Dice, n: number, priority: () => number, workers: number): Candidate {
  const tenantId = at.one(TENANTS);
  const base = {
    tenantId,
    sceneHash: at.one(SCENES),
    priority: priority(),
    createdAtMs: at.below(5),
    position: at.below(2),
  };
  const kind = at.one(['import', 'film', 'task', 'task', 'cursor', 'cursor', 'cursor']);
  if (kind === 'import') return { ...base, kind, priority: 0, taskId: `i${n}` };
  const jobId = `j-${tenantId}-${at.below(4)}`;
  if (kind === 'film') return { ...base, kind, taskId: `f${n}`, jobId, maker: at.one(['page', 'ffmpeg']) };
  const division = at.happens(0.2) ? { tiles: { columns: 2, rows: 1 }, sampleRanges: 1 } : null;
  const render = {
    ...base,
    jobId,
    layerId: `l${n}`,
    engine: at.one(['raster', 'raster', 'pathtrace']),
    backend: at.one(['auto', 'webgl', 'webgpu']),
    classPolicy: at.one(['strict', 'prefer']),
    jobClass: at.happens(0.3) ? at.one(['one', 'two']) : null,
    frameClass: division && at.happens(0.3) ? at.one(['one', 'two']) : null,
    division,
    taskMs: at.happens(0.4) ? null : 1 + at.below(400),
  } as const;
  if (kind === 'task') {
    const failedAt = Array.from({ length: at.below(3) }, () => `w${at.below(workers)}`);
    return { ...render, kind, taskId: `t${n}`, index: at.below(9), failedAt: at.happens(0.5) ? failedAt : [] };
  }
  return {
    ...render,
    kind,
    sceneId: base.sceneHash,
    frameTimeoutMs: 1_000,
    isRunning: at.happens(0.5),
    next: at.below(4),
    remaining: 1 + at.below(40),
  };
}
