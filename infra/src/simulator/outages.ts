/** What becomes of workers: they crash and come back, sleep and wake, and are given nothing for a while when they are faulty. */
import { DISPATCH_LIMITS, endOfExpired, type Retry } from '@kiln/server';
import { type AttemptState, LEASE_MS, WORKER_TRANSITIONS, type WorkerState } from '@kiln/shared';
import type { Attempt } from './job.ts';
import type { Ledger } from './ledger.ts';
import type { Random } from './random.ts';
import type { WorkerPlan } from './scenarios.ts';
import type { SimulatedWorker } from './worker.ts';

export interface OutageParts {
  readonly workers: readonly SimulatedWorker[];
  readonly random: Random;
  readonly ledger: Ledger;
  readonly nowMs: () => number;
  readonly at: (atMs: number, run: () => void) => void;
  /** Ends an attempt without a result. */
  readonly end: (worker: SimulatedWorker, attempt: Attempt, state: AttemptState, retry: Retry) => void;
  /** It draws no more. */
  readonly stopDrawing: (attempt: Attempt) => void;
  /** Others take deliveries than before. */
  readonly changed: () => void;
}

/** A worker that sleeps does so within this part of a cycle after the first. */
const SPREAD = 0.1;

export class Outages {
  readonly #plan: WorkerPlan;
  readonly #parts: OutageParts;

  constructor(plan: WorkerPlan, parts: OutageParts) {
    this.#plan = plan;
    this.#parts = parts;
    const { sleepingPart = 0, cycleSec = 3_600, crashEverySec } = plan;
    for (const [n, worker] of parts.workers.entries()) {
      if (crashEverySec !== undefined) this.#planCrash(worker, crashEverySec * 1_000);
      // The first ones stay awake.
      const sleeps = n >= Math.ceil((1 - sleepingPart) * parts.workers.length);
      const cycleMs = cycleSec * 1_000;
      if (sleeps) parts.at((0.5 + SPREAD * parts.random.next()) * cycleMs, () => this.#sleep(worker, cycleMs));
    }
  }

  /** Leaves when it has drawn what it had begun. */
  leaveWhenIdle(worker: SimulatedWorker): void {
    if (worker.state === 'draining' && worker.rendering === 0) this.#move(worker, 'gone');
  }

  /** Suspends workers at which tasks failed that others then did, by the dispatcher's limits. */
  suspend(): void {
    const now = this.#parts.nowMs();
    for (const worker of this.#parts.workers) {
      if (worker.blamedMs.length >= DISPATCH_LIMITS.blamesToSuspend && worker.suspendedUntilMs <= now) {
        worker.blamedMs = worker.blamedMs.filter((atMs) => atMs > now - DISPATCH_LIMITS.blameMs);
        if (worker.blamedMs.length >= DISPATCH_LIMITS.blamesToSuspend) {
          const forMs = DISPATCH_LIMITS.suspensionMs * 2 ** worker.suspensions++;
          worker.suspendedUntilMs = now + Math.min(DISPATCH_LIMITS.suspensionMaxMs, forMs);
          worker.blamedMs = [];
        }
      }
      worker.isAvoided = worker.suspendedUntilMs > now;
    }
  }

  #planCrash(worker: SimulatedWorker, everyMs: number): void {
    const { at, nowMs, random } = this.#parts;
    at(nowMs() + random.exponential(everyMs), () => this.#crash(worker, everyMs));
  }

  #crash(worker: SimulatedWorker, everyMs: number): void {
    const { at, nowMs, stopDrawing } = this.#parts;
    const { downSec = 0 } = this.#plan;
    if (!worker.isAlive || worker.state !== 'ready') {
      this.#planCrash(worker, everyMs);
      return;
    }
    for (const attempt of worker.drawing) stopDrawing(attempt);
    worker.crash();
    // A tick notes that it was silent for longer than a lease.
    const lostMs = Math.ceil((nowMs() + LEASE_MS + 1) / DISPATCH_LIMITS.tickMs) * DISPATCH_LIMITS.tickMs;
    const backMs = Math.max(lostMs + 1, nowMs() + downSec * 1_000);
    at(lostMs, () => {
      this.#move(worker, 'lost');
      for (const attempt of worker.attempts) {
        const { state, retry } = endOfExpired(attempt.state);
        this.#parts.end(worker, attempt, state, retry);
      }
    });
    at(backMs, () => {
      worker.restart();
      this.#move(worker, 'ready');
      this.#planCrash(worker, everyMs);
    });
  }

  #sleep(worker: SimulatedWorker, cycleMs: number): void {
    const { at, nowMs, end } = this.#parts;
    this.#move(worker, 'draining');
    for (const attempt of [...worker.waiting]) end(worker, attempt, 'withdrawn', 'free');
    this.leaveWhenIdle(worker);
    at(nowMs() + cycleMs / 2, () => {
      if (worker.state === 'gone') worker.restart();
      this.#move(worker, 'ready');
      at(nowMs() + cycleMs / 2, () => this.#sleep(worker, cycleMs));
    });
  }

  #move(worker: SimulatedWorker, state: WorkerState): void {
    this.#parts.ledger.move(WORKER_TRANSITIONS, worker, state, () => worker.id);
    this.#parts.changed();
  }
}
