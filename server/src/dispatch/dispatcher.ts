/**
 * The dispatcher: on the one server that leads, it looks for work and room whenever either may have come, gives leases,
 * and sends deliveries. It keeps nothing in memory that matters; whoever leads next goes on from the database.
 */
import type { Logger } from 'pino';
import type { Bus, BusMessage } from '../events/bus.ts';
import type { Change } from '../events/changes.ts';
import type { DeliveryQueues } from '../queue/delivery-queues.ts';
import type { Clock } from '../services.ts';
import type { Leadership, Store } from '../store/store.ts';
import { noteGiven } from './ageing.ts';
import { type AssignParts, assign, type Lease, SupersededError } from './assign.ts';
import { areCursorPicks, assignFromCursors, type GivenTask } from './assign-cursor.ts';
import { Board } from './board.ts';
import type { EndedAttempt, EndParts } from './end-attempts.ts';
import { DISPATCH_LIMITS } from './limits.ts';
import {
  boundTimes,
  endInTurns,
  expiredAttempts,
  forgetWorkers,
  loseSilentWorkers,
  strandedAttempts,
} from './lost-work.ts';
import { passSpacingMs } from './pass-spacing.ts';
import { type Pick, pick } from './pick.ts';
import { Reconciler } from './reconcile.ts';
import { ShareBook } from './share-book.ts';
import { forgiveWorkers, suspendFaultyWorkers } from './suspend-workers.ts';
import { TaskTimes } from './task-times.ts';

export interface DispatcherParts {
  readonly store: Store;
  readonly change: Change;
  readonly queues: DeliveryQueues;
  readonly bus: Bus;
  readonly log: Logger;
  readonly clock: Clock;
  readonly leaseMs: number;
  /** Time after which half of what a tenant has had is forgotten. */
  readonly shareHalfLifeMs: number;
  /** Whether deliveries can be sent now. */
  readonly queueIsUp: () => boolean;
  readonly assigning: AssignParts;
  /** Saves reading again what was just written. */
  readonly remember: (given: readonly GivenTask[]) => Promise<void>;
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
  readonly #shares: ShareBook;
  readonly #board: Board;
  readonly #reconciler: Reconciler;
  /** Until when a worker is given nothing, on the monotonic clock. */
  readonly #avoidedUntil = new Map<string, number>();
  /** Jobs of which something was given out, and which is not written down yet. */
  readonly #given = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #leadership: Leadership | null = null;
  #stopped = false;
  #passing: Promise<void> | null = null;
  #ticking: Promise<void> | null = null;
  #wakened = false;
  #lastPassMs = Number.NEGATIVE_INFINITY;
  #spacingMs: number = DISPATCH_LIMITS.passSpacingMs;
  #isUrgent = false;
  #lookAgain: (() => void) | null = null;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    const { store, leaseMs, shareHalfLifeMs, queues, log, clock } = parts;
    const { db } = store;
    const monotonicMs = () => clock.monotonicMs();
    this.#shares = new ShareBook({ db, halfLifeMs: shareHalfLifeMs, monotonicMs });
    this.#board = new Board({ db, leaseMs, shares: this.#shares, taskMs: (layerId) => this.#times.of(layerId) });
    this.#reconciler = new Reconciler({ db, queues, leaseMs, log, monotonicMs });
    parts.bus.listen((message) => {
      if (message.type === 'worker-gone') this.#board.forgetWorkers();
      if (message.type === 'wake') this.#hear(message);
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
    this.#isUrgent = true;
    this.#lookAgain?.();
    this.#wakened = true;
    this.#run();
  }

  /** A delivery ended: its worker has others, so this can wait for more of the kind. */
  #noteRoom(): void {
    this.#wakened = true;
    this.#run();
  }

  #run(): void {
    if (!this.#passing && this.#leadership && !this.#stopped) {
      this.#passing = this.#passes().finally(() => {
        this.#passing = null;
        // Somebody may have called while the last pass was being left.
        if (this.#wakened) this.#run();
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
    this.#board.forgetWork();
    this.#board.forgetWorkers();
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
      // Limits hold from the first pass on.
      await this.#shares.read().catch(async (error: unknown) => {
        await leadership.release();
        throw error;
      });
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
    this.#shares.forget();
    if (!this.#stopped) this.#parts.log.warn({ epoch: leadership.epoch }, 'this server dispatches no more');
  }

  /** One pass after another while there is reason to. */
  async #passes(): Promise<void> {
    while (this.#wakened && this.#leadership && !this.#stopped) {
      await this.#pause();
      this.#wakened = false;
      this.#lastPassMs = this.#parts.clock.monotonicMs();
      try {
        if (await this.#pass(this.#leadership)) this.#wakened = true;
      } catch (error) {
        this.#board.forgetWork();
        if (error instanceof SupersededError) await this.#giveUp();
        else this.#parts.log.error({ err: error }, 'a pass of the dispatcher failed; the next tick tries again');
        this.#wakened = false;
      }
    }
  }

  /** Passes keep a distance, so that each finds more to do; what is queued ahead covers it. */
  async #pause(): Promise<void> {
    for (;;) {
      const spacingMs = this.#isUrgent ? DISPATCH_LIMITS.passSpacingMs : this.#spacingMs;
      const waitMs = this.#lastPassMs + spacingMs - this.#parts.clock.monotonicMs();
      if (waitMs <= 0) break;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        this.#lookAgain = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#lookAgain = null;
    }
    this.#isUrgent = false;
  }

  /** @returns whether more may be picked at once. */
  async #pass(leadership: Leadership): Promise<boolean> {
    const { leaseMs, queueIsUp } = this.#parts;
    if (!queueIsUp()) return false;
    const snapshot = await this.#board.look(this.#avoided());
    if (!snapshot) return false;
    const all = pick({ ...snapshot, most: DISPATCH_LIMITS.assignmentsPerPass + 1 });
    const picks = all.slice(0, DISPATCH_LIMITS.assignmentsPerPass);
    if (picks.length === 0) return false;
    this.#spacingMs = passSpacingMs(snapshot.workers);
    await this.#give(picks, {
      epoch: leadership.epoch,
      leaseMs,
      workerNames: snapshot.workerNames,
      hosts: snapshot.hosts,
    });
    return all.length > picks.length;
  }

  async #give(picks: readonly Pick[], lease: Lease): Promise<void> {
    const { store, change, queues, log, assigning } = this.#parts;
    const given = areCursorPicks(picks) ? await assignFromCursors(store.db, picks, lease, assigning) : [];
    await this.#parts.remember(given);
    const deliveries =
      given.length > 0
        ? given.map(({ delivery }) => delivery)
        : await change((trx, tell) => assign(trx, tell, picks, lease, assigning));
    this.#board.given(picks, deliveries.length === picks.length);
    for (const pick of picks) if ('jobId' in pick) this.#given.add(pick.jobId);
    try {
      await queues.add(deliveries);
    } catch (error) {
      log.warn({ err: error, deliveries: deliveries.length }, 'deliveries are not in Redis; they are sent again');
    }
  }

  async #giveUp(): Promise<void> {
    const leadership = this.#leadership;
    if (!leadership) return;
    this.#abdicate(leadership);
    await leadership.release();
  }

  async #maintain(): Promise<void> {
    const { store, change, queues, leaseMs, log, ending, queueIsUp, bus } = this.#parts;
    await boundTimes(store.db, leaseMs);
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
      const { untaken, untakenBy } = await this.#reconciler.reconcile();
      for (const workerId of untakenBy) {
        log.warn({ workerId }, 'a worker takes no deliveries from its queue; others are preferred for a while');
        this.#avoidedUntil.set(workerId, this.#parts.clock.monotonicMs() + 2 * leaseMs);
      }
      await this.#parts.settle(await endInTurns(change, untaken, ending));
    }
    for (const { id, name, until } of await suspendFaultyWorkers(store.db)) {
      log.warn(
        { workerId: id, until },
        `worker ${name} is given nothing for a while: tasks failed there that others did`,
      );
    }
    await forgiveWorkers(store.db);
    await this.#shares.read();
    await this.#shares.write(await this.#board.held());
    for (const jobId of await noteGiven(store.db, [...this.#given])) this.#given.delete(jobId);
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

  #hear({ why, afterMs }: Extract<BusMessage, { type: 'wake' }>): void {
    if (afterMs > 0) {
      if (!this.#stopped) this.#later(afterMs, () => this.#hear({ type: 'wake', why, afterMs: 0 }));
      return;
    }
    if (why === 'work') this.#board.forgetWork();
    if (why === 'workers') this.#board.forgetWorkers();
    if (why === 'room') this.#noteRoom();
    else this.wake();
  }

  #later(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
  }

  #every(ms: number, action: () => Promise<void>): void {
    const timer = setInterval(() => void action(), ms);
    this.#timers.add(timer);
  }
}
