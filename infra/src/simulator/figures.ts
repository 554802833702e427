/** What a simulated farm did, in numbers. Those under `real` are of the clock on the wall; all others are the same for the same seed. */
import type { SimulatedFarm } from './farm.ts';
import type { Histogram } from './histogram.ts';
import type { PolicyName } from './policies.ts';

export interface Waits {
  readonly medianSec: number;
  readonly p95Sec: number;
  readonly maxSec: number;
}

interface TenantFigures {
  readonly name: string;
  readonly weight: number;
  /** Of the slot-seconds that all tenants had. */
  readonly share: number;
  /** The same while all had work waiting; null when that was for next to no time. */
  readonly shareUnderBacklog: number | null;
  /** Its weight, of all weights. */
  readonly dueShare: number;
  /** From submission until the first task of a job is drawn. */
  readonly jobWaits: Waits;
  /** From submission until a task is drawn, all those before it in its job included. */
  readonly taskWaits: Waits;
  /** The longest time in which it had work waiting and no slot. */
  readonly longestWithoutSlotSec: number;
}

export interface Figures {
  readonly policy: PolicyName;
  readonly tasks: { readonly submitted: number; readonly succeeded: number; readonly failed: number };
  /** Attempts that ended without a result, and whose tasks were tried again. */
  readonly triedAgain: number;
  readonly sceneLoads: number;
  /** Virtual. */
  readonly durationSec: number;
  /** Of the slot-seconds that there were, those in which something was loaded or drawn. */
  readonly utilisation: number;
  readonly tenants: readonly TenantFigures[];
  readonly violations: readonly string[];
  readonly violationCount: number;
  readonly real: {
    readonly sec: number;
    readonly decisionsPerSec: number;
    readonly passes: number;
    readonly meanPassMs: number;
    readonly slowestPassMs: number;
  };
}

/** Times with less than this of it say nothing of shares. */
const LEAST_CONTENDED_PART = 0.05;

export function figuresOf(farm: SimulatedFarm, policy: PolicyName, realMs: number): Figures {
  const { tenants, ledger } = farm;
  const sum = (of: (tenant: (typeof tenants)[number]) => number) => tenants.reduce((total, one) => total + of(one), 0);
  const drawnMs = sum((tenant) => tenant.drawnMs);
  const contendedDrawnMs = sum((tenant) => tenant.contendedDrawnMs);
  const isContended = farm.contendedMs > LEAST_CONTENDED_PART * farm.nowMs;
  const weights = sum(({ weight }) => weight);
  return {
    policy,
    tasks: { submitted: farm.submitted, succeeded: farm.succeeded, failed: farm.failed },
    triedAgain: farm.retried,
    sceneLoads: farm.sceneLoads,
    durationSec: farm.nowMs / 1_000,
    utilisation: part(drawnMs, farm.slotMs),
    tenants: tenants.map((tenant) => ({
      name: tenant.name,
      weight: tenant.weight,
      share: part(tenant.drawnMs, drawnMs),
      shareUnderBacklog: isContended ? part(tenant.contendedDrawnMs, contendedDrawnMs) : null,
      dueShare: tenant.weight / weights,
      jobWaits: waitsOf(tenant.jobWaits),
      taskWaits: waitsOf(tenant.taskWaits),
      longestWithoutSlotSec: tenant.longestDryMs / 1_000,
    })),
    violations: ledger.violations,
    violationCount: ledger.count,
    real: {
      sec: realMs / 1_000,
      decisionsPerSec: farm.pickingMs === 0 ? 0 : farm.picks / (farm.pickingMs / 1_000),
      passes: farm.passes,
      meanPassMs: part(farm.pickingMs, farm.passes),
      slowestPassMs: farm.slowestPassMs,
    },
  };
}

const part = (of: number, all: number) => (all === 0 ? 0 : of / all);

const waitsOf = (histogram: Histogram): Waits => ({
  medianSec: histogram.quantileMs(0.5) / 1_000,
  p95Sec: histogram.quantileMs(0.95) / 1_000,
  maxSec: histogram.maxMs / 1_000,
});
