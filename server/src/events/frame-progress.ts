/**
 * [WK20, EV9] How far frames are that are being drawn, in memory: what workers say with their heartbeats, together with
 * what is stored of a frame's other parts. Servers tell one another over Redis. Nothing of it is true for long.
 */
import { type AttemptProgress, type FrameProgress, framePart, partsPerFrame, type RenderSettings } from '@kiln/shared';
import type { Kysely } from 'kysely';
import type { AttemptFacts, PieceFacts } from '../dispatch/attempt-facts.ts';
import { DISPATCH_LIMITS } from '../dispatch/limits.ts';
import { Remembered } from '../jobs/remembered.ts';
import type { Clock } from '../services.ts';
import type { Database } from '../store/tables.ts';
import type { Bus } from './bus.ts';
import type { LiveTask } from './live-task.ts';

export interface FrameProgressParts {
  readonly db: Kysely<Database>;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly facts: (attemptIds: readonly string[]) => Promise<ReadonlyMap<string, AttemptFacts>>;
}

/** Where a frame stood when it was first heard of, to tell its speed. */
interface Tracked {
  readonly progress: FrameProgress;
  readonly atMs: number;
  readonly firstDone: number;
  readonly firstAtMs: number;
}

type Listener = (tenantId: string, progress: FrameProgress) => void;

export class FrameProgressBoard {
  readonly #parts: FrameProgressParts;
  readonly #live = new Remembered<LiveTask & { readonly atMs: number }>(DISPATCH_LIMITS.rememberedRows);
  readonly #frames = new Map<string, Tracked>();
  /** Frames that are recorded: what is told of them afterwards is from before. */
  readonly #over = new Remembered<true>(DISPATCH_LIMITS.rememberedRows);
  readonly #listeners: Listener[] = [];

  constructor(parts: FrameProgressParts) {
    this.#parts = parts;
    parts.bus.listen((message) => {
      if (message.type !== 'frame-progress') return;
      for (const live of message.live) this.#note(live);
      this.#hand(message.tenantId, message.progress);
    });
  }

  listen(listener: Listener): void {
    this.#listeners.push(listener);
  }

  /** Frames of a job that are being drawn, as far as it was said a moment ago. */
  of(jobId: string): FrameProgress[] {
    const since = this.#parts.clock.monotonicMs() - DISPATCH_LIMITS.progressStaleMs;
    for (const [key, { atMs }] of this.#frames) if (atMs < since) this.#frames.delete(key);
    const frames = [...this.#frames.values()].map(({ progress }) => progress);
    return frames.filter((frame) => frame.jobId === jobId).sort((a, b) => a.frameNumber - b.frameNumber);
  }

  /**
   * The frame is about to be recorded: nothing is told of it from now on.
   *
   * @returns takes it back, when it was not recorded.
   */
  over(frame: Pick<FrameProgress, 'jobId' | 'layer' | 'frameNumber'>): () => void {
    const key = keyOf(frame);
    this.#over.set(key, true);
    this.#frames.delete(key);
    return () => this.#over.delete(key);
  }

  /** @param said of attempts whose leases hold. */
  async take(said: readonly AttemptProgress[]): Promise<void> {
    if (said.length === 0) return;
    const facts = await this.#parts.facts(said.map(({ attemptId }) => attemptId));
    for (const { attemptId, frameNumber, samples } of said) {
      const attempt = facts.get(attemptId);
      const work = attempt?.work;
      if (!attempt || !work || (work.kind !== 'render' && work.kind !== 'piece')) continue;
      const live = this.#note({ taskId: attempt.taskId, attemptId, samples });
      const { jobId, layerName: layer, settings } = work;
      const share = work.kind === 'piece' ? await this.#divided(work, attempt.taskId) : whole(settings, live.samples);
      const frame = { jobId, layer, frameNumber, ...share };
      if (this.#over.get(keyOf(frame)) || (await this.#isRecorded(work.layerId, frameNumber))) continue;
      const progress = { ...frame, leftMs: this.#leftMs(frame) };
      this.#parts.bus.tell({ type: 'frame-progress', tenantId: attempt.tenantId, progress, live: [live] });
    }
  }

  /** An attempt never goes back; another at the same task begins where the stored samples end. */
  #note({ taskId, attemptId, samples }: LiveTask): LiveTask {
    const known = this.#live.get(taskId);
    const most = known?.attemptId === attemptId ? Math.max(known.samples, samples) : samples;
    const live = { taskId, attemptId, samples: most };
    this.#live.set(taskId, { ...live, atMs: this.#parts.clock.monotonicMs() });
    return live;
  }

  #hand(tenantId: string, progress: FrameProgress): void {
    const key = keyOf(progress);
    if (this.#over.get(key)) return;
    const atMs = this.#parts.clock.monotonicMs();
    const known = this.#frames.get(key);
    const done = progress.samplesDone;
    // Speed is told from where it was slower than thought: after a lost attempt, too.
    const isNew = !known || done < known.firstDone;
    const { firstDone, firstAtMs } = isNew ? { firstDone: done, firstAtMs: atMs } : known;
    this.#frames.set(key, { progress, atMs, firstDone, firstAtMs });
    for (const listener of this.#listeners) listener(tenantId, progress);
  }

  #leftMs(frame: Omit<FrameProgress, 'leftMs'>): number | null {
    const known = this.#frames.get(keyOf(frame));
    if (!known || frame.samplesDone <= known.firstDone) return null;
    const perSample = (this.#parts.clock.monotonicMs() - known.firstAtMs) / (frame.samplesDone - known.firstDone);
    return Math.round(perSample * (frame.samplesTotal - frame.samplesDone));
  }

  async #divided({ division, settings }: PieceFacts, taskId: string): Promise<Share> {
    const rows = await this.#parts.db
      .selectFrom('tasks as t')
      .leftJoin('pieces as p', 'p.task_id', 't.id')
      .select((eb) => ['t.id', 't.index', 't.state', eb.fn.sum<number>('p.sample_count').as('stored')])
      .where('t.feeds', '=', (eb) => eb.selectFrom('tasks').select('feeds').where('id', '=', taskId))
      .groupBy(['t.id', 't.index', 't.state'])
      .execute();
    const since = this.#parts.clock.monotonicMs() - DISPATCH_LIMITS.progressStaleMs;
    const partsTotal = partsPerFrame(division);
    let pixelSamples = 0;
    for (const { id, index, stored } of rows) {
      const { region, samples } = framePart(division, settings, index % partsTotal);
      const live = this.#live.get(id);
      const drawn = live && live.atMs >= since ? live.samples - samples.first : 0;
      const done = Math.min(samples.count, Math.max(Number(stored ?? 0), drawn));
      pixelSamples += done * region.widthPx * region.heightPx;
    }
    const { widthPx, heightPx } = settings.size;
    const partsDone = rows.filter(({ state }) => state === 'succeeded').length;
    const samplesDone = Math.floor(pixelSamples / (widthPx * heightPx));
    return { samplesDone, samplesTotal: settings.samples, partsDone, partsTotal };
  }

  async #isRecorded(layerId: string, frameNumber: number): Promise<boolean> {
    const row = await this.#parts.db
      .selectFrom('frames')
      .select('sequence')
      .where('layer_id', '=', layerId)
      .where('frame_number', '=', frameNumber)
      .executeTakeFirst();
    return row !== undefined;
  }
}

type Share = Pick<FrameProgress, 'samplesDone' | 'samplesTotal' | 'partsDone' | 'partsTotal'>;

const whole = ({ samples }: RenderSettings, done: number): Share => ({
  samplesDone: Math.min(samples, done),
  samplesTotal: samples,
  partsDone: 0,
  partsTotal: 1,
});

const keyOf = ({ jobId, layer, frameNumber }: Pick<FrameProgress, 'jobId' | 'layer' | 'frameNumber'>) =>
  `${jobId}/${layer}/${frameNumber}`;
