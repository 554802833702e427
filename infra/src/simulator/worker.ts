/** A worker: takes what is delivered, draws on its slots, loads scenes, and may crash, fail or sleep. */
import { DISPATCH_LIMITS, loadedKey, type PickWorker } from '@kiln/server';
import type { Capability, WorkerState } from '@kiln/shared';
import type { Attempt } from './job.ts';

/** Scenes that are loaded at once, and tenants that have a browser; the least lately used goes. */
const SCENES = 4;
const BROWSERS = 3;

const ABILITIES: readonly Capability[] = [{ engine: 'raster', backend: 'webgl' }];
const NONE: ReadonlySet<string> = new Set();

interface Held {
  readonly tenantId: string;
  readonly priority: number;
  n: number;
}

export class SimulatedWorker implements PickWorker {
  readonly abilities = ABILITIES;
  readonly adapterClass = 'one';
  readonly importing = NONE;
  readonly filmMakers = [];
  readonly filming = 0;
  readonly loaded = new Set<string>();
  readonly tenants = new Set<string>();
  readonly renderingBy: Held[] = [];
  readonly id: string;
  readonly slots: number;
  readonly isFaulty: boolean;
  rendering = 0;
  queuedMs: number | null = 0;
  isAvoided = false;
  state: WorkerState = 'ready';
  /** The process runs, whatever the farm knows of it. */
  isAlive = true;
  /** Not begun. */
  waiting: Attempt[] = [];
  /** Begun, and not drawn yet: what it needs is fetched. */
  claimed: Attempt[] = [];
  drawing: Attempt[] = [];
  /** Goes up with each start of its process. */
  life = 0;
  /** Tasks that failed here and that others then did, and when that was known. */
  blamedMs: number[] = [];
  suspensions = 0;
  suspendedUntilMs = 0;

  constructor(id: string, slots: number, isFaulty: boolean) {
    this.id = id;
    this.slots = slots;
    this.isFaulty = isFaulty;
  }

  /** Among those that take deliveries. */
  place = 0;

  /** It has room, or is to be used less than others. */
  get isOfNote(): boolean {
    if (this.isAvoided || this.rendering < this.slots * (DISPATCH_LIMITS.pipelinedPerSlot + 1)) return true;
    return this.queuedMs === null || this.queuedMs <= this.slots * DISPATCH_LIMITS.queuedAheadMs;
  }

  /** Adds up what it has in hand, by the times that are known now. */
  measure(): void {
    this.queuedMs = timeOf(this.drawing, timeOf(this.claimed, timeOf(this.waiting, 0)));
  }

  take(attempt: Attempt): void {
    const { tenantId, priority } = attempt.task;
    this.rendering++;
    const held = this.renderingBy.find((one) => one.tenantId === tenantId && one.priority === priority);
    if (held) held.n++;
    else this.renderingBy.push({ tenantId, priority, n: 1 });
    const behind = attempt.isUrgent ? this.waiting.findIndex(({ isUrgent }) => !isUrgent) : -1;
    if (behind < 0) this.waiting.push(attempt);
    else this.waiting.splice(behind, 0, attempt);
    this.measure();
  }

  drop(attempt: Attempt): void {
    const { tenantId, priority } = attempt.task;
    this.rendering--;
    const at = this.renderingBy.findIndex((one) => one.tenantId === tenantId && one.priority === priority);
    const held = this.renderingBy[at];
    if (held && --held.n === 0) this.renderingBy.splice(at, 1);
    for (const list of [this.drawing, this.claimed, this.waiting]) {
      const place = list.indexOf(attempt);
      if (place >= 0) list.splice(place, 1);
    }
    this.measure();
  }

  /** All that it has in hand. */
  get attempts(): Attempt[] {
    return [...this.drawing, ...this.claimed, ...this.waiting];
  }

  /** @returns whether the scene had to be loaded. */
  load({ job }: Attempt['task']): boolean {
    const key = loadedKey(job.tenantId, job.sceneHash);
    useLast(this.tenants, job.tenantId, BROWSERS);
    return useLast(this.loaded, key, SCENES);
  }

  /** What it was at is begun, and draws no more. */
  crash(): void {
    this.isAlive = false;
    this.life++;
    this.claimed = [...this.drawing, ...this.claimed];
    this.drawing = [];
  }

  /** Nothing is loaded. */
  restart(): void {
    this.life++;
    this.loaded.clear();
    this.tenants.clear();
    this.isAlive = true;
  }
}

/** Milliseconds with those `before`; null when one of them is not known. */
function timeOf(attempts: readonly Attempt[], before: number | null): number | null {
  let sum = before;
  for (const { task } of attempts) {
    const { taskMs } = task.job;
    sum = sum === null || taskMs === null ? null : sum + taskMs;
  }
  return sum;
}

/** @returns whether it is new there. */
function useLast(used: Set<string>, key: string, most: number): boolean {
  const isNew = !used.delete(key);
  used.add(key);
  if (used.size > most) for (const oldest of used) return used.delete(oldest) && isNew;
  return isNew;
}
