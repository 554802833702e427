/**
 * A farm on a virtual clock: the dispatcher's own picking, accounts of shares, times of tasks and rules of retrying, and the
 * states of tasks, attempts and workers along their tables. Database, queue and network take no time here.
 */
import {
  DISPATCH_LIMITS,
  Heap,
  heldSec,
  NO_LOADS,
  nextTry,
  type Pick,
  passSpacingMs,
  pick,
  type Retry,
  ShareAccounts,
  TaskTimes,
} from '@kiln/server';
import { ATTEMPT_TRANSITIONS, type AttemptState, LIMITS, TASK_TRANSITIONS } from '@kiln/shared';
import { type Attempt, SimulatedJob, SimulatedTask } from './job.ts';
import { Ledger } from './ledger.ts';
import { Outages } from './outages.ts';
import type { Policy } from './policies.ts';
import { Random } from './random.ts';
import type { Scenario } from './scenarios.ts';
import { Tenant } from './tenant.ts';
import { SimulatedWorker } from './worker.ts';
import { type PlannedJob, plannedJobs } from './workload.ts';

export interface FarmSize {
  readonly seed: number;
  readonly workers: number;
  readonly tasks: number;
  readonly shareHalfLifeMs: number;
}

interface Event {
  readonly atMs: number;
  /** Of two at one time the one that was planned first comes first. */
  readonly order: number;
  readonly run: () => void;
}

const isSooner = (a: Event, b: Event) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

export class SimulatedFarm {
  readonly tenants: readonly Tenant[];
  readonly ledger = new Ledger();
  nowMs = 0;
  submitted = 0;
  succeeded = 0;
  failed = 0;
  retried = 0;
  sceneLoads = 0;
  picks = 0;
  passes = 0;
  /** Of the clock on the wall. */
  pickingMs = 0;
  slowestPassMs = 0;
  /** Slots that there were, times milliseconds. */
  slotMs = 0;
  contendedMs = 0;

  readonly #policy: Policy;
  readonly #workers: readonly SimulatedWorker[];
  readonly #byId: ReadonlyMap<string, SimulatedWorker>;
  #ready: readonly SimulatedWorker[] = [];
  /** Places in `#ready` of workers to look at; in a large farm most are full. */
  readonly #ofNote = new Set<number>();
  /** Work gives way to more urgent work, so a full worker matters, too. */
  readonly #givesWay: boolean;
  readonly #events = new Heap<Event>(isSooner);
  readonly #random: Random;
  readonly #plans: Iterator<PlannedJob>;
  readonly #jobs = new Map<string, SimulatedJob>();
  readonly #again = new Map<string, SimulatedTask>();
  readonly #times = new TaskTimes();
  readonly #accounts: ShareAccounts;
  readonly #outages: Outages;
  #order = 0;
  #hasMore = true;
  #jobNumber = 0;
  #passAtMs: number | null = null;
  #lastPassMs = Number.NEGATIVE_INFINITY;
  #spacingMs: number = DISPATCH_LIMITS.passSpacingMs;
  #wereHungry = false;

  constructor(scenario: Scenario, policy: Policy, { seed, workers, tasks, shareHalfLifeMs }: FarmSize) {
    const { slots = 1, faultyPart = 0 } = scenario.workers ?? {};
    this.#policy = policy;
    this.#random = new Random(seed ^ 0x5bd1e995);
    this.#workers = Array.from(
      { length: workers },
      (_, n) => new SimulatedWorker(`w${n}`, slots, n < Math.ceil(faultyPart * workers)),
    );
    this.#byId = new Map(this.#workers.map((worker) => [worker.id, worker]));
    this.#givesWay = policy.hasPriorities && scenario.tenants.some(({ priorities = [] }) => priorities.length > 1);
    this.#noteReady();
    this.tenants = scenario.tenants.map((plan) => new Tenant(plan, slots * workers));
    this.#accounts = new ShareAccounts({ halfLifeMs: shareHalfLifeMs, monotonicMs: () => this.nowMs });
    for (const { name, weight, maxSlots, plan } of this.tenants) {
      this.#accounts.set(name, { weight, maxSlots, minSlots: plan.minSlots ?? 0 });
    }
    this.#outages = new Outages(scenario.workers ?? {}, {
      workers: this.#workers,
      random: this.#random,
      ledger: this.ledger,
      nowMs: () => this.nowMs,
      at: (atMs, run) => this.#at(atMs, run),
      end: (worker, attempt, state, retry) => this.#end(worker, attempt, state, retry),
      stopDrawing: (attempt) => this.#count(attempt, -1),
      changed: () => {
        this.#noteReady();
        this.#wake(DISPATCH_LIMITS.passSpacingMs);
      },
    });
    this.#plans = plannedJobs(scenario, { seed, slots: slots * workers, tasks });
  }

  #noteReady(): void {
    this.#ready = this.#workers.filter(({ state }) => state === 'ready');
    this.#ofNote.clear();
    for (const [place, worker] of this.#ready.entries()) {
      worker.place = place;
      this.#note(worker);
    }
  }

  #note(worker: SimulatedWorker): void {
    if (worker.state !== 'ready') return;
    if (worker.isOfNote) this.#ofNote.add(worker.place);
    else this.#ofNote.delete(worker.place);
  }

  get open(): number {
    return this.submitted - this.succeeded - this.failed;
  }

  run(): void {
    this.#planNextJob();
    this.#at(DISPATCH_LIMITS.tickMs, () => this.#tick());
    let event = this.#events.pop();
    while (event && (this.#hasMore || this.open > 0)) {
      this.nowMs = event.atMs;
      event.run();
      event = this.#events.pop();
    }
    for (const tenant of this.tenants) tenant.count(this.nowMs);
    this.ledger.check(this.open === 0 && this.#jobs.size === 0, () => `${this.open} tasks have not ended`);
  }

  #at(atMs: number, run: () => void): void {
    this.#events.push({ atMs, order: this.#order++, run });
  }

  #planNextJob(): void {
    const { value: plan, done } = this.#plans.next();
    if (done) this.#hasMore = false;
    else this.#at(plan.atMs, () => this.#submit(plan));
  }

  #submit(plan: PlannedJob): void {
    const tenant = this.tenants.find((one) => one.plan === plan.tenant);
    if (!tenant) return;
    const job = new SimulatedJob(`j${this.#jobNumber++}`, plan, tenant, this.#policy);
    this.#jobs.set(job.jobId, job);
    tenant.add(job);
    this.submitted += plan.tasks;
    this.#planNextJob();
    this.#wake(DISPATCH_LIMITS.passSpacingMs);
  }

  /** There may be work, or room for it. */
  #wake(spacingMs: number): void {
    const atMs = Math.max(this.nowMs, this.#lastPassMs + spacingMs);
    if (this.#passAtMs !== null && this.#passAtMs <= atMs) return;
    this.#passAtMs = atMs;
    this.#at(atMs, () => {
      if (this.#passAtMs === atMs) this.#pass();
    });
  }

  #pass(): void {
    this.#passAtMs = null;
    this.#lastPassMs = this.nowMs;
    const candidates: (SimulatedJob | SimulatedTask)[] = [];
    for (const tenant of this.tenants) tenant.addWork(candidates, DISPATCH_LIMITS.candidatesPerTenant);
    if (candidates.length === 0) return;
    const startMs = performance.now();
    const ofNote = [...this.#ofNote];
    const all = pick({
      workers: this.#ready,
      ...(this.#givesWay ? {} : { ofNote, leastPriority: Number.POSITIVE_INFINITY }),
      candidates,
      usage: { render: this.#usage(), import: new Map(), film: new Map() },
      shares: new Map(this.#policy.hasTenants ? this.tenants.map(({ name }) => [name, this.#accounts.of(name)]) : []),
      loads: { ...NO_LOADS, ...(this.#policy.hasTenants ? { heldBy: (name) => this.#heldBy(name) } : {}) },
      most: DISPATCH_LIMITS.assignmentsPerPass + 1,
    });
    const tookMs = performance.now() - startMs;
    this.pickingMs += tookMs;
    this.slowestPassMs = Math.max(this.slowestPassMs, tookMs);
    this.passes++;
    const picks = all.slice(0, DISPATCH_LIMITS.assignmentsPerPass);
    this.picks += picks.length;
    this.#spacingMs = passSpacingMs(this.#lookedAt());
    for (const one of picks) {
      const worker = this.#byId.get(one.workerId);
      if (worker) this.#assign(one, worker);
    }
    if (all.length > picks.length) this.#wake(DISPATCH_LIMITS.passSpacingMs);
  }

  *#lookedAt(): Iterable<SimulatedWorker> {
    for (const place of this.#ofNote) {
      const worker = this.#ready[place];
      if (worker) yield worker;
    }
  }

  #heldBy(name: string): number {
    return this.tenants.find((tenant) => tenant.name === name)?.heldSec ?? 0;
  }

  #usage(): Map<string, number> {
    if (this.#policy.hasTenants) return new Map(this.tenants.map(({ name, held }) => [name, held]));
    return new Map([['', this.tenants.reduce((sum, { held }) => sum + held, 0)]]);
  }

  #assign(given: Pick, worker: SimulatedWorker): void {
    const task = this.#take(given);
    if (!task || !('isUrgent' in given)) return;
    const { tenant } = task.job;
    task.tries++;
    this.ledger.move(TASK_TRANSITIONS, task, 'leased', () => task.taskId);
    tenant.waiting--;
    tenant.held++;
    const { maxSlots } = tenant;
    const isWithin = !this.#policy.hasTenants || maxSlots === null || tenant.held <= maxSlots;
    this.ledger.check(isWithin, () => `${tenant.name} has ${tenant.held} of at most ${maxSlots} slots`);
    const counted = heldSec(task.job.taskMs);
    tenant.heldSec += counted;
    worker.take({ task, isUrgent: given.isUrgent, heldSec: counted, state: 'assigned' });
    this.#note(worker);
    const most = worker.slots * DISPATCH_LIMITS.deliveriesPerSlot;
    this.ledger.check(worker.rendering <= most, () => `${worker.id} has ${worker.rendering} deliveries`);
    this.#advance(worker);
  }

  #take(given: Pick): SimulatedTask | null {
    if (given.kind === 'cursor') {
      const job = this.#jobs.get(given.jobId);
      if (!job) return null;
      this.ledger.check(given.index === job.next && job.remaining > 0, () => `${job.jobId} has no ${given.index} left`);
      job.next++;
      job.remaining--;
      return new SimulatedTask(job, given.index);
    }
    const task = given.kind === 'task' ? this.#again.get(given.taskId) : undefined;
    if (!task) return null;
    this.#again.delete(task.taskId);
    task.job.tenant.again.delete(task);
    return task;
  }

  /** Claims what it may, and draws on free slots. */
  #advance(worker: SimulatedWorker): void {
    if (!worker.isAlive) return;
    const { slots } = worker;
    for (;;) {
      const isClaiming = worker.claimed.length + worker.drawing.length < slots * DISPATCH_LIMITS.pipelinedPerSlot;
      const claimed = isClaiming ? worker.waiting.shift() : undefined;
      if (claimed) {
        this.ledger.move(ATTEMPT_TRANSITIONS, claimed, 'running', () => `an attempt at ${claimed.task.taskId}`);
        worker.claimed.push(claimed);
      }
      const drawn = worker.drawing.length < slots ? worker.claimed.shift() : undefined;
      if (drawn) this.#draw(worker, drawn);
      if (!claimed && !drawn) return;
    }
  }

  #count({ task: { job } }: Attempt, n: 1 | -1): void {
    job.tenant.count(this.nowMs);
    job.tenant.drawing += n;
  }

  #draw(worker: SimulatedWorker, attempt: Attempt): void {
    const { task } = attempt;
    const { job } = task;
    const { plan, tenant } = job;
    worker.drawing.push(attempt);
    this.ledger.check(
      worker.drawing.length <= worker.slots,
      () => `${worker.id} draws ${worker.drawing.length} at once`,
    );
    this.#count(attempt, 1);
    if (!task.hasBegun) tenant.taskWaits.add(this.nowMs - plan.atMs);
    if (!job.hasBegun) tenant.jobWaits.add(this.nowMs - plan.atMs);
    task.hasBegun = true;
    job.hasBegun = true;
    const mustLoad = worker.load(task);
    if (mustLoad) this.sceneLoads++;
    const loadMs = mustLoad ? plan.sceneMs : 0;
    const drawMs = plan.taskMs(task.index);
    const fails = plan.isBroken || (worker.isFaulty && this.#random.next() < 0.5);
    const { life } = worker;
    this.#at(this.nowMs + loadMs + (fails ? drawMs / 2 : drawMs), () => {
      if (worker.life !== life || attempt.state !== 'running') return;
      if (fails) this.#end(worker, attempt, 'failed', plan.isBroken ? 'never' : 'counts');
      else this.#succeed(worker, attempt, drawMs);
      this.#advance(worker);
      this.#outages.leaveWhenIdle(worker);
      this.#wake(this.#spacingMs);
    });
  }

  #succeed(worker: SimulatedWorker, attempt: Attempt, drawMs: number): void {
    const { task } = attempt;
    this.#letGo(worker, attempt, 'succeeded');
    this.ledger.move(TASK_TRANSITIONS, task, 'succeeded', () => task.taskId);
    this.succeeded++;
    this.#times.note(task.layerId, drawMs);
    task.job.taskMs = this.#times.of(task.layerId);
    for (const id of task.failedAt) if (id !== worker.id) this.#workers[Number(id.slice(1))]?.blamedMs.push(this.nowMs);
    this.#close(task);
  }

  /** Ends an attempt without a result. */
  #end(worker: SimulatedWorker, attempt: Attempt, state: AttemptState, retry: Retry): void {
    const { task } = attempt;
    this.#letGo(worker, attempt, state);
    if (state === 'failed' || state === 'lost') task.failedAt.push(worker.id);
    const again = nextTry(retry, { tries: task.tries, mostTries: LIMITS.taskAttempts });
    if (!again) {
      this.ledger.move(TASK_TRANSITIONS, task, 'failed', () => task.taskId);
      this.failed++;
      this.#close(task);
      return;
    }
    this.ledger.move(TASK_TRANSITIONS, task, 'waiting', () => task.taskId);
    task.tries = again.tries;
    this.retried++;
    this.#at(this.nowMs + again.waitMs, () => {
      this.#again.set(task.taskId, task);
      task.job.tenant.again.add(task);
      task.job.tenant.waiting++;
      this.#wake(DISPATCH_LIMITS.passSpacingMs);
    });
  }

  #letGo(worker: SimulatedWorker, attempt: Attempt, state: AttemptState): void {
    if (worker.drawing.includes(attempt)) this.#count(attempt, -1);
    worker.drop(attempt);
    this.#note(worker);
    attempt.task.job.tenant.held--;
    attempt.task.job.tenant.heldSec -= attempt.heldSec;
    this.ledger.move(ATTEMPT_TRANSITIONS, attempt, state, () => `an attempt at ${attempt.task.taskId}`);
  }

  #close({ job, index, taskId }: SimulatedTask): void {
    this.ledger.check(job.end(index), () => `${taskId} ended twice`);
    if (job.ended === job.plan.tasks) this.#jobs.delete(job.jobId);
  }

  /** What time alone changes. */
  #tick(): void {
    const slotSec = new Map<string, number>();
    const areHungry = this.tenants.every(({ waiting }) => waiting > 0);
    const isHere = ({ isAlive, state }: SimulatedWorker) => isAlive && state !== 'gone';
    const slots = this.#workers.reduce((sum, worker) => (isHere(worker) ? sum + worker.slots : sum), 0);
    this.slotMs += slots * DISPATCH_LIMITS.tickMs;
    if (areHungry && this.#wereHungry) this.contendedMs += DISPATCH_LIMITS.tickMs;
    for (const tenant of this.tenants) {
      const drawnMs = tenant.sinceTick(this.nowMs);
      slotSec.set(tenant.name, drawnMs / 1_000);
      if (!areHungry || !this.#wereHungry) continue;
      tenant.contendedDrawnMs += drawnMs;
    }
    this.#wereHungry = areHungry;
    this.#accounts.charge(slotSec);
    this.#outages.suspend();
    for (const worker of this.#ready) {
      if (worker.queuedMs === null) worker.measure();
      this.#note(worker);
    }
    if (this.tenants.some(({ waiting }) => waiting > 0)) this.#wake(DISPATCH_LIMITS.passSpacingMs);
    this.#at(this.nowMs + DISPATCH_LIMITS.tickMs, () => this.#tick());
  }
}
