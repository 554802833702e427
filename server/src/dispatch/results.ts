/** Claims and results as they come from workers, many in one transaction when they come close together. */
import { type AttemptFailure, type FrameResult, type ImportResult, KilnError } from '@kiln/shared';
import { sql } from 'kysely';
import type { Bus } from '../events/bus.ts';
import { type Change, untangled } from '../events/changes.ts';
import type { LoggedEvent } from '../events/event-log.ts';
import type { FrameProgressBoard } from '../events/frame-progress.ts';
import { type JobProgress, tellJob } from '../events/job-progress.ts';
import { type FilmReport, recordFilm } from '../films/record-film.ts';
import { NeededJobs } from '../jobs/job-needs.ts';
import { areAnyWaiting } from '../jobs/predecessors.ts';
import { applyImport, type PreparedImport, prepareImport, settleImport } from '../scenes/import-result.ts';
import type { Services } from '../services.ts';
import type { AttemptFacts, FrameFacts } from './attempt-facts.ts';
import { Batch } from './batch.ts';
import { type Claimed, claimAttempts, staleAttempt } from './claim.ts';
import { type EndedAttempt, type EndParts, endAttempts } from './end-attempts.ts';
import { DISPATCH_LIMITS } from './limits.ts';
import { type FrameReport, type Recorded, recordFrames } from './record-frames.ts';
import { type PieceReport, type RecordedPiece, recordPiece } from './record-piece.ts';
import { isSingle, recordSingleFrames } from './record-single-frames.ts';

export interface ResultParts {
  readonly services: Pick<Services, 'store' | 'objects' | 'log' | 'clock'>;
  readonly change: Change;
  /** Events that are committed. */
  readonly announce: (events: readonly LoggedEvent[]) => void;
  readonly progress: JobProgress;
  readonly frameProgress: FrameProgressBoard;
  readonly bus: Bus;
  readonly leaseMs: number;
  readonly ending: EndParts;
  /** After attempts ended without a result. */
  readonly settle: (ended: readonly EndedAttempt[]) => Promise<void>;
}

export class Results {
  readonly #parts: ResultParts;
  readonly #claims: Batch<AttemptFacts, Claimed>;
  readonly #frames: Batch<FrameReport, Recorded>;
  readonly #needed: NeededJobs;

  constructor(parts: ResultParts) {
    this.#parts = parts;
    const limits = { most: DISPATCH_LIMITS.writesPerBatch, spacingMs: DISPATCH_LIMITS.writeSpacingMs };
    this.#claims = new Batch<AttemptFacts, Claimed>(limits, (attempts) =>
      claimAttempts(parts.services.store.db, attempts, parts.leaseMs),
    );
    this.#frames = new Batch<FrameReport, Recorded>(limits, (reports) => this.#record(reports));
    const { store, clock, log } = parts.services;
    this.#needed = new NeededJobs(
      store.db,
      () => clock.monotonicMs(),
      (error) => log.info({ err: error }, 'layers that wait for another job’s wait for the next tick'),
    );
  }

  /** @throws KilnError `attempt.stale` */
  claim(attempt: AttemptFacts): Promise<Claimed> {
    return this.#claims.submit(attempt);
  }

  /**
   * Records a frame whose bytes are stored.
   *
   * @throws KilnError `attempt.stale` when the lease has ended and the recorded frame, if any, is another.
   */
  async frame(report: FrameReport): Promise<Recorded> {
    const { bus, services, frameProgress } = this.#parts;
    const { attempt, work, frameNumber, result } = report;
    const isOpen = frameProgress.over({ jobId: work.jobId, layer: work.layerName, frameNumber });
    try {
      const recorded = await this.#frames.submit(report);
      if (recorded.isNew) {
        // Parts of a frame and its assembly are of different length: none stands for the others.
        if (work.kind === 'render')
          bus.tell({ type: 'task-time', layerId: work.layerId, taskMs: taskMs(result, work) });
        if (recorded.taskDone)
          bus.tell({ type: 'wake', why: work.isNeeded || this.#needed.has(work.jobId) ? 'work' : 'room', afterMs: 0 });
      }
      return recorded;
    } catch (error) {
      isOpen();
      if (error instanceof KilnError && error.code === 'attempt.stale') {
        const what = { attemptId: attempt.attemptId, frameNumber, sha256: result.sha256 };
        services.log.warn(what, 'a late result was refused');
      }
      throw error;
    }
  }

  /**
   * Records sums whose bytes are stored.
   *
   * @throws KilnError `attempt.stale` when the lease has ended and the recorded sums, if any, are others.
   */
  async piece(report: PieceReport): Promise<RecordedPiece> {
    const { bus, change, services } = this.#parts;
    const recorded = await change((trx) => recordPiece(trx, services.objects, report));
    if ((recorded.taskDone || recorded.gaveWay) && recorded.isNew) bus.tell({ type: 'wake', why: 'room', afterMs: 0 });
    if (recorded.released > 0 || recorded.gaveWay) bus.tell({ type: 'wake', why: 'work', afterMs: 0 });
    return recorded;
  }

  /** @throws KilnError `attempt.stale` */
  async fail(attempt: AttemptFacts, failure: AttemptFailure): Promise<void> {
    const { change, ending, settle } = this.#parts;
    const isFree = failure.retryable && failure.counts === false;
    const ended = await change((trx, tell) =>
      endAttempts(
        trx,
        tell,
        [
          {
            attemptId: attempt.attemptId,
            state: isFree ? 'lost' : 'failed',
            reason: failure.code,
            message: failure.message,
            log: failure.log,
            retry: isFree ? 'free' : failure.retryable ? 'counts' : 'never',
          },
        ],
        ending,
      ),
    );
    if (ended.length === 0) throw staleAttempt(attempt.attemptId);
    await settle(ended);
  }

  /**
   * Makes the scene ready or refused, and ends its task.
   *
   * @throws KilnError `attempt.stale`; `request.invalid` when it names a GLB that this attempt has not sent.
   */
  async import(attempt: AttemptFacts, result: ImportResult): Promise<void> {
    const { change, services, bus } = this.#parts;
    const prepared = await prepareImport(services, result);
    const applied = await change(async (trx, tell) => {
      const task = await trx
        .selectFrom('tasks')
        .select('state')
        .where('id', '=', attempt.taskId)
        .forNoKeyUpdate()
        .executeTakeFirst();
      const closed = await trx
        .updateTable('attempts')
        .set({
          state: 'succeeded',
          ended_at: sql<Date>`now()`,
          started_at: sql<Date>`coalesce(started_at, created_at)`,
        })
        .where('id', '=', attempt.attemptId)
        .where('state', 'in', ['assigned', 'running'])
        .returning('result_hash')
        .executeTakeFirst();
      if (task?.state !== 'leased' || !closed) throw staleAttempt(attempt.attemptId);
      checkSent(prepared, closed.result_hash);
      await trx
        .updateTable('tasks')
        .set({ state: 'succeeded', ended_at: sql<Date>`now()` })
        .where('id', '=', attempt.taskId)
        .execute();
      return applyImport(trx, tell, services.objects, attempt.sceneId, prepared);
    });
    await settleImport(services, applied);
    bus.tell({ type: 'wake', why: 'room', afterMs: 0 });
  }

  /**
   * Records a film whose bytes are stored.
   *
   * @throws KilnError `attempt.stale` when the lease has ended and the recorded film, if any, is another.
   */
  async film(report: FilmReport): Promise<void> {
    const { change, services, bus, ending } = this.#parts;
    const job = await change((trx, tell) => recordFilm(trx, tell, services.objects, report, ending.now()));
    bus.tell({ type: 'wake', why: 'room', afterMs: 0 });
    if (job?.state === 'succeeded') await this.#wakeSuccessors();
  }

  /** The simple ones by one statement, the others in a transaction. */
  async #record(reports: readonly FrameReport[]): Promise<readonly (Recorded | KilnError)[]> {
    const singles = reports.filter(isSingle);
    const done = singles.length > 0 ? await this.#recordSingles(singles) : new Set<string>();
    const others = reports.filter(({ attempt }) => !done.has(attempt.attemptId));
    const outcomes = others.length > 0 ? await this.#recordOthers(others) : [];
    const rest = new Map(others.map((report, index) => [report, outcomes[index]]));
    return reports.map((report) => rest.get(report) ?? { taskDone: true, isNew: true });
  }

  async #recordSingles(reports: readonly FrameReport[]): Promise<ReadonlySet<string>> {
    const { announce, progress, services, ending } = this.#parts;
    const { attempts, events, hasSucceeded } = await untangled(() =>
      recordSingleFrames(services.store.db, reports, { isDue: (jobId) => progress.isDue(jobId), now: ending.now() }),
    );
    announce(events);
    if (hasSucceeded) await this.#wakeSuccessors();
    return attempts;
  }

  async #recordOthers(reports: readonly FrameReport[]): Promise<readonly (Recorded | KilnError)[]> {
    const { change, progress, services, ending } = this.#parts;
    const { outcomes, jobs } = await change(async (trx, tell) => {
      const recorded = await recordFrames(trx, tell, services.objects, reports, ending.now());
      for (const { row, stateChanged } of recorded.jobs) {
        if (progress.isDue(row.id) || stateChanged) tellJob(tell, row);
      }
      return recorded;
    });
    if (jobs.some(({ row }) => row.state === 'succeeded')) await this.#wakeSuccessors();
    return outcomes;
  }

  /** A job has succeeded: others may come after it. The next tick finds them, too. */
  async #wakeSuccessors(): Promise<void> {
    const { bus, services } = this.#parts;
    try {
      if (await areAnyWaiting(services.store.db)) bus.tell({ type: 'wake', why: 'work', afterMs: 0 });
    } catch (error) {
      services.log.info({ err: error }, 'jobs that come after another wait for the next tick');
    }
  }
}

/** What a task of this layer takes, by the frame that was just done. Encoding and the next drawing overlap. */
const taskMs = ({ stages }: FrameResult, work: FrameFacts) =>
  Math.max(stages.draw.durationMs, stages.encode.durationMs) * work.frames.length;

/** [WK15] Whoever knows the hash of somebody's bytes cannot make a scene of them. */
function checkSent(prepared: PreparedImport, sentHash: string | null): void {
  if (prepared.outcome === 'refused' || prepared.converted === null || prepared.converted.sha256 === sentHash) return;
  throw new KilnError('request.invalid', 'this attempt has sent no such converted scene', { field: '/converted' });
}
