/** The jobs of a scenario, in the order of coming. The same for every policy: what a task takes is its own. */
import { meanOf, nthLogNormal, Random } from './random.ts';
import type { Scenario, TenantPlan } from './scenarios.ts';

export interface PlannedJob {
  readonly tenant: TenantPlan;
  readonly atMs: number;
  readonly tasks: number;
  readonly priority: number;
  readonly scene: string;
  readonly sceneMs: number;
  readonly isBroken: boolean;
  /** Of its `index`-th task, drawn where the scene is loaded. */
  readonly taskMs: (index: number) => number;
}

export interface Size {
  readonly seed: number;
  /** Of all workers. */
  readonly slots: number;
  readonly tasks: number;
}

/** Each tenant has a stream of its own: another one's plan changes nothing of it. */
export function* plannedJobs(scenario: Scenario, size: Size): Generator<PlannedJob> {
  const streams = scenario.tenants.map((tenant, at) => new Stream(scenario, tenant, at, size));
  let left = size.tasks;
  while (left > 0) {
    const stream = streams.reduce((first, one) => (one.nextMs < first.nextMs ? one : first));
    if (stream.nextMs === Number.POSITIVE_INFINITY) return;
    const job = stream.take(left);
    left -= job.tasks;
    yield job;
  }
}

class Stream {
  nextMs = 0;
  readonly #scenario: Scenario;
  readonly #tenant: TenantPlan;
  readonly #random: Random;
  readonly #meanMs: number;
  readonly #part: number;
  readonly #tasks: number;
  #taken = 0;
  #inBatch = 0;

  constructor(scenario: Scenario, tenant: TenantPlan, at: number, { seed, slots, tasks }: Size) {
    this.#scenario = scenario;
    this.#tenant = tenant;
    this.#random = new Random(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(at + 1, 0x85ebca6b));
    const work = (plan: TenantPlan) => meanOf(plan.taskSec);
    const parts = scenario.tenants.reduce((sum, { part }) => sum + part, 0);
    const ownPart = tenant.part / parts;
    // Of the tasks, not of the time that they take.
    const ofTasks = scenario.tenants.reduce((sum, plan) => sum + plan.part / work(plan), 0);
    this.#part = tenant.part / work(tenant) / ofTasks;
    this.#tasks = Math.max(1, Math.round(this.#part * tasks));
    const jobSec = work(tenant) * meanOf(tenant.tasksPerJob) * (tenant.batch ?? 1);
    this.#meanMs = scenario.load === 'all' ? 0 : (jobSec / (scenario.load * slots * ownPart)) * 1_000;
    if (!tenant.isOneJob) this.nextMs = this.#random.exponential(this.#meanMs);
  }

  take(most: number): PlannedJob {
    const {
      tasksPerJob,
      taskSec,
      isOneJob,
      priorities = [50],
      scenes = 4,
      brokenPart = 0,
      batch = 1,
      name,
    } = this.#tenant;
    const random = this.#random;
    const atMs = this.nextMs;
    const wanted = isOneJob ? this.#tasks : Math.max(1, Math.round(random.logNormal(tasksPerJob)));
    // With all of it at the start each has its part, or the first would have everything.
    const rest = this.#scenario.load === 'all' ? Math.max(1, this.#tasks - this.#taken) : most;
    const tasks = Math.min(wanted, rest, most);
    const scene = `${name}-${random.below(scenes)}`;
    const seed = random.below(2 ** 32);
    this.#taken += tasks;
    this.#inBatch = (this.#inBatch + 1) % batch;
    if (this.#inBatch === 0) this.nextMs += random.exponential(this.#meanMs);
    const isOver = isOneJob || (this.#scenario.load === 'all' && this.#taken >= this.#tasks);
    if (isOver) this.nextMs = Number.POSITIVE_INFINITY;
    return {
      tenant: this.#tenant,
      atMs,
      tasks,
      priority: priorities[random.below(priorities.length)] ?? 50,
      scene,
      sceneMs: random.logNormal(this.#scenario.sceneSec) * 1_000,
      isBroken: random.next() < brokenPart,
      taskMs: (index) => nthLogNormal(taskSec, seed, index) * 1_000,
    };
  }
}
