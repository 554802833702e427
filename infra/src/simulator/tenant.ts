/** A tenant: its waiting work in the order of urgency, and what it has had. */
import type { Candidate } from '@kiln/server';
import { Histogram } from './histogram.ts';
import type { TenantPlan } from './scenarios.ts';

type Cursor = Extract<Candidate, { kind: 'cursor' }>;
type Again = Extract<Candidate, { kind: 'task' }>;

interface Level {
  readonly priority: number;
  jobs: Cursor[];
  /** Those before have nothing left. */
  from: number;
}

export class Tenant {
  readonly name: string;
  readonly plan: TenantPlan;
  readonly weight: number;
  readonly maxSlots: number | null;
  /** Deliveries under way. */
  held = 0;
  /** What they count. */
  heldSec = 0;
  /** Slots that draw. */
  drawing = 0;
  /** Tasks that have not been given out. */
  waiting = 0;
  drawnMs = 0;
  /** The same while all tenants had work waiting. */
  contendedDrawnMs = 0;
  /** The longest time in which it had work and no slot, as the ticks saw it. */
  longestDryMs = 0;
  readonly jobWaits = new Histogram();
  readonly taskWaits = new Histogram();
  readonly again = new Set<Again>();
  /** Most urgent first. */
  readonly #levels: Level[] = [];
  #countedMs = 0;
  #tickedMs = 0;
  #dryFromMs: number | null = null;

  constructor(plan: TenantPlan, slots: number) {
    this.plan = plan;
    this.name = plan.name;
    this.weight = plan.weight ?? 1;
    this.maxSlots = plan.maxPart === undefined ? null : Math.max(1, Math.round(plan.maxPart * slots));
  }

  /** Adds up what was, before it changes. */
  count(nowMs: number): void {
    const passedMs = nowMs - this.#countedMs;
    this.#countedMs = nowMs;
    this.drawnMs += this.drawing * passedMs;
  }

  /** What was drawn since the last tick: what it is charged for. */
  sinceTick(nowMs: number): number {
    this.count(nowMs);
    this.#noteDry(nowMs);
    const sinceMs = this.drawnMs - this.#tickedMs;
    this.#tickedMs = this.drawnMs;
    return sinceMs;
  }

  /** Notes since when it has had work and no slot. */
  #noteDry(nowMs: number): void {
    const isDry = this.drawing === 0 && this.waiting > 0;
    if (this.#dryFromMs !== null) this.longestDryMs = Math.max(this.longestDryMs, nowMs - this.#dryFromMs);
    if (!isDry) this.#dryFromMs = null;
    else this.#dryFromMs ??= nowMs;
  }

  add(job: Cursor): void {
    this.waiting += job.remaining;
    let level = this.#levels.find(({ priority }) => priority === job.priority);
    if (!level) {
      level = { priority: job.priority, jobs: [], from: 0 };
      this.#levels.push(level);
      this.#levels.sort((a, b) => b.priority - a.priority);
    }
    level.jobs.push(job);
  }

  /** Adds its most urgent work to `candidates`. */
  addWork(candidates: Candidate[], most: number): void {
    let added = 0;
    for (const task of this.again) {
      if (added++ === most) break;
      candidates.push(task);
    }
    added = 0;
    for (const level of this.#levels) {
      const { jobs } = level;
      while (jobs[level.from]?.remaining === 0) level.from++;
      if (level.from > 1_000 && level.from > jobs.length / 2) {
        level.jobs = jobs.slice(level.from);
        level.from = 0;
      }
      for (let at = level.from; at < level.jobs.length; at++) {
        const job = level.jobs[at];
        if (!job || job.remaining === 0) continue;
        if (added++ === most) return;
        candidates.push(job);
      }
    }
  }
}
