/**
 * The dispatcher: on the one server that leads, it looks for work and room whenever either may have come, gives leases,
 * and sends deliveries. It keeps nothing in memory that matters; whoever leads next goes on from the database.
 */
import type { Logger } from 'pino';
import type { Bus } from '../events/bus.ts';
import type { Change } from '../events/changes.ts';
import type { DeliveryQueues } from '../queue/delivery-queues.ts';
import type { Clock } from '../services.ts';
import type { Leadership, Store } from '../store/store.ts';
import { type AssignParts, assign, SupersededError } from './assign.ts';
import type { EndedAttempt, EndParts } from './end-attempts.ts';
import { DISPATCH_LIMITS } from './limits.ts';
import { endInTurns, expiredAttempts, forgetWorkers, loseSilentWorkers, strandedAttempts } from './lost-work.ts';
import { pick } from './pick.ts';
import { reconcileDeliveries } from './reconcile.ts';
import { readSnapshot } from './snapshot.ts';
import { TaskTimes } from './task-times.ts';

export interface DispatcherParts {
  readonly store: Store;
  readonly change: Change;
  readonly queues: DeliveryQueues;
  readonly bus: Bus;
  readonly log: Logger;
  readonly clock: Clock;
  readonly leaseMs: number;
  /** Whether deliveries can be sent now. */
  readonly queueIsUp: () => boolean;
  readonly assigning: AssignParts;
  readonly ending: EndParts;
  /** After attempts ended without a result. */
  readonly settle: (ended: readonly EndedAttempt[]) => Promise<void>;
  /** A worker is not coming back: what Redis holds for it goes. */
  readonly forgetWorker: (workerId: string) => Promise<void>;
  /** More that the leader does once a tick. */
  readonly alsoEachTick: () => Promise<void>;
}

export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #times = new TaskTimes();
  /** Until when a worker is given nothing, on the monotonic clock. */
  readonly #avoidedUntil = new Map<string, number>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #leadership: Leadership | null = null;
  #stopped = false;
  #passing: Promise<void> | null = null;
  #ticking: Promise<void> | null = null;
  #wakened = false;
  #lastPassMs = Number.NEGATIVE_INFINITY;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    parts.bus.listen((message) => {
      if (message.type === 'wake') this.#wakeAfter(message.afterMs);
      if (message.type === 'task-time') this.#times.note(message.layerId, message.taskMs);
    });
  }

  get leads(): boolean {
    return this.#leadership !== null;
  }

  start(): void {
    void this.#elect();
    this.#every(DISPATCH_LIMITS.electionMs, () => this.#elect());
    this.#every(DISPATCH_LIMITS.tickMs, () => this.tick());
  }

  /** Finishes what is under way and lets another server lead. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    await this.#passing;
    await this.#ticking;
    const leadership = this.#leadership;
    this.#leadership = null;
    await leadership?.release();
  }

  /** There may be work, or room for it. */
  wake(): void {
    this.#wakened = true;
    if (!this.#passing && this.#leadership && !this.#stopped) {
      this.#passing = this.#passes().finally(() => {
        this.#passing = null;
      });
    }
  }

  /** Looks at everything that time alone changes. */
  async tick(): Promise<void> {
    if (this.#ticking || this.#stopped || !this.#leadership) return this.#ticking ?? undefined;
    this.#ticking = this.#maintain()
      .catch((error: unknown) => this.#parts.log.error({ err: error }, 'the dispatcher’s tick failed'))
      .finally(() => {
        this.#ticking = null;
      });
    await this.#ticking;
    this.wake();
  }

  async #elect(): Promise<void> {
    if (this.#leadership || this.#stopped) return;
    const { store, log } = this.#parts;
    try {
      const leadership = await store.leaderLock.tryLead();
      if (!leadership) return;
      if (this.#stopped) {
        await leadership.release();
        return;
      }
      this.#leadership = leadership;
      log.info({ epoch: leadership.epoch }, 'this server dispatches');
      leadership.lost.addEventListener('abort', () => this.#abdicate(leadership));
      if (leadership.lost.aborted) this.#abdicate(leadership);
      else await this.tick();
    } catch (error) {
      log.warn({ err: error }, 'this server could not try to lead');
    }
  }

  #abdicate(leadership: Leadership): void {
    if (this.#leadership !== leadership) return;
    this.#leadership = null;
    if (!this.#stopped) this.#parts.log.warn({ epoch: leadership.epoch }, 'this server dispatches no more');
  }

  /** One pass after another while there is reason to. */
  async #passes(): Promise<void> {
    while (this.#wakened && this.#leadership && !this.#stopped) {
      const spentMs = this.#parts.clock.monotonicMs() - this.#lastPassMs;
      if (spentMs < DISPATCH_LIMITS.passSpacingMs) await this.#sleep(DISPATCH_LIMITS.passSpacingMs - spentMs);
      this.#wakened = false;
      this.#lastPassMs = this.#parts.clock.monotonicMs();
      try {
        if (await this.#pass(this.#leadership)) this.#wakened = true;
      } catch (error) {
        if (error instanceof SupersededError && this.#leadership) {
          const leadership = this.#leadership;
          this.#abdicate(leadership);
          await leadership.release();
        } else this.#parts.log.error({ err: error }, 'a pass of the dispatcher failed; the next tick tries again');
        return;
      }
    }
  }

  /** @returns whether more may be picked at once. */
  async #pass(leadership: Leadership): Promise<boolean> {
    const { store, change, queues, leaseMs, log, assigning, queueIsUp } = this.#parts;
    if (!queueIsUp()) return false;
    const snapshot = await readSnapshot(store.db, {
      leaseMs,
      taskMs: (layerId) => this.#times.of(layerId),
      avoided: this.#avoided(),
    });
    if (!snapshot) return false;
    const all = pick(snapshot);
    const picks = all.slice(0, DISPATCH_LIMITS.assignmentsPerPass);
    if (picks.length === 0) return false;
    const lease = { epoch: leadership.epoch, leaseMs, workerNames: snapshot.workerNames };
    const deliveries = await change((trx, tell) => assign(trx, tell, picks, lease, assigning));
    try {
      await queues.add(deliveries);
    } catch (error) {
      log.warn({ err: error, deliveries: deliveries.length }, 'deliveries are not in Redis; they are sent again');
    }
    return all.length > picks.length;
  }

  async #maintain(): Promise<void> {
    const { store, change, queues, leaseMs, log, ending, queueIsUp, bus } = this.#parts;
    for (const workerId of await loseSilentWorkers(change, leaseMs)) {
      log.warn({ workerId }, 'a worker is silent for too long');
      bus.tell({ type: 'worker-gone', workerId });
      if (queueIsUp()) await queues.remove(workerId).catch(this.#note('the queues of a lost worker stay for now'));
    }
    await this.#parts.settle(await endInTurns(change, await strandedAttempts(store.db), ending));
    await this.#parts.settle(await endInTurns(change, await expiredAttempts(store.db), ending));
    for (const workerId of await forgetWorkers(store.db)) {
      await this.#parts.forgetWorker(workerId).catch(this.#note('a forgotten worker left something in Redis'));
    }
    if (queueIsUp()) {
      const { untaken, untakenBy } = await reconcileDeliveries(store.db, queues, leaseMs, log);
      for (const workerId of untakenBy) {
        log.warn({ workerId }, 'a worker takes no deliveries from its queue; others are preferred for a while');
        this.#avoidedUntil.set(workerId, this.#parts.clock.monotonicMs() + 2 * leaseMs);
      }
      await this.#parts.settle(await endInTurns(change, untaken, ending));
    }
    await this.#parts.alsoEachTick();
  }

  #avoided(): ReadonlySet<string> {
    const now = this.#parts.clock.monotonicMs();
    for (const [workerId, until] of this.#avoidedUntil) if (until <= now) this.#avoidedUntil.delete(workerId);
    return new Set(this.#avoidedUntil.keys());
  }

  #note(message: string): (error: unknown) => void {
    return (error) => this.#parts.log.info({ err: error }, message);
  }

  #wakeAfter(ms: number): void {
    if (ms <= 0) this.wake();
    else if (!this.#stopped) this.#later(ms, () => this.wake());
  }

  #later(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  #every(ms: number, action: () => Promise<void>): void {
    const timer = setInterval(() => void action(), ms);
    this.#timers.add(timer);
  }
}
