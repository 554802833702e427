/** Limits that work names, and what jobs allow themselves, over passes at random. */
import { expect, test } from 'vitest';
import { Bounds, type HeldRow, type LimitSetting, type WorkTerms } from '../../src/dispatch/bounds.ts';
import type { Candidate } from '../../src/dispatch/candidate.ts';
import type { PickWorker } from '../../src/dispatch/desk.ts';
import { pick } from '../../src/dispatch/pick.ts';
import { type Dice, dice } from './random-farm.ts';

const TENANTS = ['t0', 't1'] as const;

/** The farm's `a` and `b`; of `b` the tenant t1 has its own. */
const settingsOf = (at: Dice): LimitSetting[] => [
  { tenantId: null, name: 'a', max: at.below(5), maxPerHost: null },
  { tenantId: null, name: 'b', max: 1 + at.below(4), maxPerHost: 1 },
  { tenantId: 't1', name: 'b', max: 1 + at.below(3), maxPerHost: null },
];

interface Job {
  readonly jobId: string;
  readonly tenantId: string;
  readonly terms: WorkTerms;
}

const jobOf = (at: Dice, n: number): Job => ({
  jobId: `j${n}`,
  tenantId: at.one(TENANTS),
  terms: {
    version: 0,
    limits: (['a', 'b', 'nobody-set'] as const).filter(() => at.happens(0.4)),
    maxSlots: at.happens(0.4) ? 1 + at.below(4) : null,
    maxPerHost: at.happens(0.3) ? 1 + at.below(2) : null,
  },
});

const cursorOf = ({ jobId, tenantId, terms }: Job): Candidate => ({
  kind: 'cursor',
  ...{ jobId, tenantId, terms, sceneId: 's', sceneHash: 'h', priority: 50, createdAtMs: 0, position: 0 },
  ...{ frameTimeoutMs: 1, isRunning: true, division: null, next: 0, remaining: 100, layerId: `l-${jobId}` },
  ...{ engine: 'raster', backend: 'auto', classPolicy: 'prefer', jobClass: null, frameClass: null, taskMs: null },
});

interface Lease extends Job {
  readonly workerId: string;
}

const workerOf = (n: number, leases: readonly Lease[]): PickWorker & { readonly host: string } => ({
  id: `w${n}`,
  // Two workers on each machine.
  host: `h${Math.floor(n / 2)}`,
  slots: 2,
  abilities: [{ engine: 'raster', backend: 'webgl' }],
  adapterClass: 'one',
  loaded: new Set(),
  tenants: new Set(),
  rendering: leases.filter(({ workerId }) => workerId === `w${n}`).length,
  renderingBy: [],
  importing: new Set(),
  filmMakers: [],
  filming: 0,
  queuedMs: null,
});

/** What must hold, counted otherwise than the code does. */
function violations(leases: readonly Lease[], settings: readonly LimitSetting[], hosts: ReadonlyMap<string, string>) {
  const wrong: string[] = [];
  const check = (what: string, held: readonly Lease[], max: number | null, perHost: number | null) => {
    if (max !== null && held.length > max) wrong.push(`${what}: ${held.length} of ${max}`);
    for (const host of new Set(hosts.values())) {
      const n = held.filter(({ workerId }) => hosts.get(workerId) === host).length;
      if (perHost !== null && n > perHost) wrong.push(`${what} at ${host}: ${n} of ${perHost}`);
    }
  };
  for (const { jobId, terms } of leases) {
    check(
      jobId,
      leases.filter((one) => one.jobId === jobId),
      terms.maxSlots,
      terms.maxPerHost,
    );
  }
  for (const { tenantId, name, max, maxPerHost } of settings) {
    const hasOwn = (tenant: string) => settings.some((one) => one.tenantId === tenant && one.name === name);
    const counts = (one: Lease) => (tenantId === null ? !hasOwn(one.tenantId) : one.tenantId === tenantId);
    check(
      name,
      leases.filter((one) => one.terms.limits.includes(name) && counts(one)),
      max,
      maxPerHost,
    );
  }
  return wrong;
}

test('no history of passes and ends of leases begins more than any limit allows, and limits are filled', () => {
  let filled = 0;
  for (let seed = 0; seed < 300; seed++) {
    const at = dice(seed);
    const settings = settingsOf(at);
    const jobs = Array.from({ length: 1 + at.below(8) }, (_, n) => jobOf(at, n));
    let leases: Lease[] = [];
    for (let pass = 0; pass < 12; pass++) {
      const workers = Array.from({ length: 4 }, (_, n) => workerOf(n, leases));
      const hosts = new Map(workers.map(({ id, host }) => [id, host]));
      // As each new leader reads it: by job, machine and limits.
      const held = leases.map(
        ({ tenantId, jobId, workerId, terms: { limits } }): HeldRow => ({
          ...{ tenantId, jobId, host: hosts.get(workerId) ?? '', n: 1 },
          limits: limits.length === 0 ? null : limits,
        }),
      );
      const usage = { render: new Map<string, number>(), import: new Map(), film: new Map() };
      const given = pick({ workers, candidates: jobs.map(cursorOf), usage, bounds: new Bounds(settings, held) });
      for (const one of given) {
        const job = jobs.find(({ jobId }) => 'jobId' in one && jobId === one.jobId);
        if (job) leases.push({ ...job, workerId: one.workerId });
      }
      expect(violations(leases, settings, hosts), `seed ${seed}, pass ${pass}`).toEqual([]);
      const inUse = leases.filter(({ tenantId, terms }) => terms.limits.includes('a') && tenantId !== '');
      if (settings[0]?.max === inUse.length && inUse.length > 0) filled++;
      leases = leases.filter(() => at.happens(0.6));
    }
  }
  expect(filled).toBeGreaterThan(100);
});

test('work that has all it may have keeps no worker from others', () => {
  const full: Job = { jobId: 'full', tenantId: 't0', terms: { version: 0, limits: [], maxSlots: 1, maxPerHost: null } };
  const free: Job = { jobId: 'free', tenantId: 't1', terms: { version: 0, limits: [], maxSlots: null, maxPerHost: 2 } };
  const given = pick({
    workers: [0, 1, 2, 3].map((n) => workerOf(n, [])),
    candidates: [full, free].map(cursorOf),
    usage: { render: new Map(), import: new Map(), film: new Map() },
    bounds: new Bounds([], [{ tenantId: 't0', jobId: 'full', host: 'h9', limits: null, n: 1 }]),
  });
  expect(given.map((one) => 'jobId' in one && one.jobId)).toEqual(['free', 'free', 'free', 'free']);
});
