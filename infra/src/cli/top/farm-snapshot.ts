/** What a farm does at one moment, as `kiln top` shows it. */
import type { Client, Job, JobWait, Tenant, Worker } from '@kiln/shared';
import { busySlots } from '../busy-slots.ts';
import { FrameRate, type Pace, paceOf } from '../frame-rate.ts';
import { taskName } from '../task-name.ts';

/** Jobs under way that are shown; a farm may have thousands. */
const JOBS = 100;
/** Jobs whose tasks are asked for: a request each. */
const JOBS_WITH_TASKS = 10;
const SCENES = 1_000;

export interface TopJob
  extends Pick<Job, 'id' | 'name' | 'state' | 'priority' | 'frameCount' | 'framesDone' | 'framesFailed'> {
  readonly waitsFor: JobWait | null;
  /** Null while it is not known. */
  readonly pace: Pace | null;
}

export interface TopWorker
  extends Pick<Worker, 'id' | 'name' | 'state' | 'slots' | 'attempts' | 'sessions' | 'seenAt' | 'suspendedUntil'> {
  /** Names of the scenes that it has loaded. */
  readonly scenes: readonly string[];
  /** What it draws, as `Car 12`. */
  readonly draws: readonly string[];
}

export interface FarmSnapshot {
  readonly at: string;
  readonly slots: { readonly busy: number; readonly all: number };
  readonly workers: readonly TopWorker[];
  readonly jobs: readonly TopJob[];
  /** There are more jobs under way. */
  readonly moreJobs: boolean;
  /** Null for whoever is no operator. */
  readonly tenants: readonly Tenant[] | null;
}

type TopClient = Pick<Client, 'me' | 'listWorkers' | 'listJobs' | 'listTasks' | 'listScenes' | 'listTenants'>;

/** Looks at a farm again and again. */
export class FarmView {
  readonly #client: TopClient;
  readonly #rates = new Map<string, FrameRate>();
  readonly #sceneNames = new Map<string, string>();
  #isOperator: boolean | undefined;

  constructor(client: TopClient) {
    this.#client = client;
  }

  /** @throws KilnError what the farm says. */
  async look(nowMs: number): Promise<FarmSnapshot> {
    this.#isOperator ??= (await this.#client.me()).role === 'operator';
    const [workers, jobs, tenants] = await Promise.all([
      this.#client.listWorkers(),
      this.#client.listJobs({ query: { state: 'running,queued,paused', limit: JOBS } }),
      this.#isOperator ? this.#client.listTenants() : null,
    ]);
    const there = workers.items.filter(({ state }) => state !== 'gone');
    const [drawn] = await Promise.all([this.#drawn(jobs.items), this.#nameScenes(there)]);
    const ready = there.filter(({ state }) => state === 'ready' || state === 'draining');
    const total = (count: (worker: Worker) => number) => ready.reduce((sum, worker) => sum + count(worker), 0);
    return {
      at: new Date(nowMs).toISOString(),
      slots: { busy: total(busySlots), all: total(({ slots }) => slots) },
      workers: there.map(({ id, name, state, slots, attempts, sessions, seenAt, suspendedUntil, scenes }) => ({
        ...{ id, name, state, slots, attempts, sessions, seenAt, suspendedUntil },
        scenes: scenes.map(({ sceneHash }) => this.#sceneNames.get(sceneHash) ?? sceneHash.slice(0, 8)),
        draws: drawn.get(id) ?? [],
      })),
      jobs: jobs.items.map((job) => this.#job(job, nowMs)).sort(byImportance),
      moreJobs: jobs.next !== null,
      tenants: tenants?.items ?? null,
    };
  }

  #job(job: Job, nowMs: number): TopJob {
    const { id, name, state, priority, frameCount, framesDone, framesFailed, waitsFor = null, startedAt } = job;
    const rate = this.#rates.get(id) ?? new FrameRate();
    this.#rates.set(id, rate);
    rate.add(framesDone, nowMs);
    const framesLeft = frameCount - framesDone - framesFailed;
    // At first there is only what it took until now.
    const sinceStart = startedAt === null ? null : paceOf(framesDone, nowMs - Date.parse(startedAt), framesLeft);
    const pace = state === 'running' ? (rate.pace(framesLeft) ?? sinceStart) : null;
    return { id, name, state, priority, frameCount, framesDone, framesFailed, waitsFor, pace };
  }

  /** What is drawn now, by the worker's id. */
  async #drawn(jobs: readonly Job[]): Promise<ReadonlyMap<string, string[]>> {
    const running = jobs.filter(({ state }) => state === 'running').slice(0, JOBS_WITH_TASKS);
    const drawn = new Map<string, string[]>();
    const pages = await Promise.all(
      running.map(async ({ id, name }) => {
        const { items } = await this.#client.listTasks({
          params: { jobId: id },
          query: { state: 'leased', limit: JOBS },
        });
        return { name, items };
      }),
    );
    for (const { name, items } of pages) {
      for (const task of items) {
        const attempt = task.attempts.findLast(({ state }) => state === 'running');
        if (attempt === undefined) continue;
        drawn.set(attempt.workerId, [...(drawn.get(attempt.workerId) ?? []), `${name} ${taskName(task)}`]);
      }
    }
    return drawn;
  }

  /** A scene that is not listed, as another tenant's, is not asked for again. */
  async #nameScenes(workers: readonly Worker[]): Promise<void> {
    const unknown = new Set(workers.flatMap(({ scenes }) => scenes.map(({ sceneHash }) => sceneHash)));
    for (const hash of this.#sceneNames.keys()) unknown.delete(hash);
    if (unknown.size === 0) return;
    const { items } = await this.#client.listScenes({ query: { limit: SCENES } });
    for (const hash of unknown) {
      const scene = items.find(({ sceneHash }) => sceneHash === hash);
      this.#sceneNames.set(hash, scene?.name ?? hash.slice(0, 8));
    }
  }
}

const ORDER = ['running', 'queued', 'paused'];

const byImportance = (one: TopJob, other: TopJob) =>
  ORDER.indexOf(one.state) - ORDER.indexOf(other.state) || other.priority - one.priority;
