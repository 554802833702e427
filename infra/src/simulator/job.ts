/** Jobs and tasks as the simulator has them. A task exists only while it is under way or waits to be tried again. */
import type { Candidate } from '@kiln/server';
import { type AttemptState, LIMITS, type TaskState } from '@kiln/shared';
import type { Policy } from './policies.ts';
import type { Tenant } from './tenant.ts';
import type { PlannedJob } from './workload.ts';

type Cursor = Extract<Candidate, { kind: 'cursor' }>;
type Again = Extract<Candidate, { kind: 'task' }>;

const USUAL_PRIORITY = 50;

/** One layer, whose tasks have not been given out: what the dispatcher sees of it. */
export class SimulatedJob implements Cursor {
  readonly kind = 'cursor';
  readonly position = 0;
  readonly frameTimeoutMs = LIMITS.frameTimeoutMs;
  readonly isRunning = true;
  readonly division = null;
  readonly engine = 'raster';
  readonly backend = 'auto';
  readonly classPolicy = 'prefer';
  readonly jobClass = null;
  readonly frameClass = null;
  readonly tenantId: string;
  readonly sceneHash: string;
  readonly sceneId: string;
  readonly priority: number;
  readonly createdAtMs: number;
  readonly jobId: string;
  readonly layerId: string;
  readonly plan: PlannedJob;
  readonly tenant: Tenant;
  next = 0;
  remaining: number;
  taskMs: number | null = null;
  /** Tasks that have ended. */
  ended = 0;
  hasBegun = false;
  /** A bit for each task that has ended. */
  readonly #ends: Uint8Array;

  constructor(id: string, plan: PlannedJob, tenant: Tenant, policy: Policy) {
    this.jobId = id;
    this.layerId = id;
    this.plan = plan;
    this.tenant = tenant;
    this.tenantId = policy.hasTenants ? tenant.name : '';
    this.sceneHash = plan.scene;
    this.sceneId = plan.scene;
    this.priority = policy.hasPriorities ? plan.priority : USUAL_PRIORITY;
    this.createdAtMs = plan.atMs;
    this.remaining = plan.tasks;
    this.#ends = new Uint8Array((plan.tasks + 7) >> 3);
  }

  /** @returns whether it had not ended before. */
  end(index: number): boolean {
    const bit = 1 << (index & 7);
    const byte = this.#ends[index >> 3] ?? 0;
    if (byte & bit) return false;
    this.#ends[index >> 3] = byte | bit;
    this.ended++;
    return true;
  }
}

export class SimulatedTask implements Again {
  readonly kind = 'task';
  readonly position = 0;
  readonly division = null;
  readonly engine = 'raster';
  readonly backend = 'auto';
  readonly classPolicy = 'prefer';
  readonly jobClass = null;
  readonly frameClass = null;
  readonly job: SimulatedJob;
  readonly index: number;
  /** Workers. */
  readonly failedAt: string[] = [];
  state: TaskState = 'waiting';
  tries = 0;
  hasBegun = false;

  constructor(job: SimulatedJob, index: number) {
    this.job = job;
    this.index = index;
  }

  get taskId(): string {
    return `${this.job.jobId}/${this.index}`;
  }
  get tenantId(): string {
    return this.job.tenantId;
  }
  get sceneHash(): string {
    return this.job.sceneHash;
  }
  get priority(): number {
    return this.job.priority;
  }
  get createdAtMs(): number {
    return this.job.createdAtMs;
  }
  get jobId(): string {
    return this.job.jobId;
  }
  get layerId(): string {
    return this.job.layerId;
  }
  get taskMs(): number | null {
    return this.job.taskMs;
  }
}

export interface Attempt {
  readonly task: SimulatedTask;
  readonly isUrgent: boolean;
  /** What it counts while it is under way. */
  readonly heldSec: number;
  state: AttemptState;
}
