/** The worker that draws a session: its socket, what it was told, and what it has sent since the last `start`. */
import {
  type HandedSums,
  KilnError,
  type PictureCodec,
  type PictureHeader,
  type ServerMessage,
  type SessionStart,
  type ViewerMessage,
} from '@kiln/shared';
import { LIVE_LIMITS } from '../dispatch/limits.ts';
import type { Seat } from './audience.ts';
import { HandOvers } from './hand-overs.ts';
import { Picks } from './picks.ts';
import type { WorkerPeer } from './worker-peer.ts';

type Said<T extends ViewerMessage['type']> = Extract<ViewerMessage, { type: T }>;
export type SceneMessage = Extract<ServerMessage, { type: 'scene' }>;

/** What a worker has handed over of the view that it draws. */
export interface HandedOver {
  readonly workerId: string;
  readonly sums: HandedSums;
}

export class WorkerLink {
  #worker: WorkerPeer | null = null;
  /** What it answered the last `start` with ([LV22]); null before. */
  #scene: SceneMessage | null = null;
  /** Of the newest picture since `start`. */
  #sequence = 0;
  #refreshedAtMs = Number.NEGATIVE_INFINITY;
  #refreshTimer: NodeJS.Timeout | null = null;
  readonly #picks = new Picks();

  readonly #handOvers = new HandOvers();

  get worker(): WorkerPeer | null {
    return this.#worker;
  }

  /** Null while nothing is drawn. */
  get scene(): SceneMessage | null {
    return this.#scene;
  }

  /** @returns the one before. */
  attach(worker: WorkerPeer): WorkerPeer | null {
    const before = this.#worker;
    this.#worker = worker;
    this.#picks.failAll(workerLost());
    return before;
  }

  /** [LV22] */
  start(message: SessionStart): void {
    this.#handOvers.drop();
    this.#scene = null;
    this.#sequence = 0;
    this.#worker?.start(message);
  }

  isReady(scene: SceneMessage): void {
    this.#scene = scene;
  }

  /** @returns false for a picture from before the last `start`. */
  drew({ sequence }: PictureHeader): boolean {
    if (!this.#scene) return false;
    this.#sequence = sequence;
    return true;
  }

  input(message: Said<'pose' | 'view'>): void {
    this.#worker?.input(message);
  }

  ack(message: Omit<Said<'ack'>, 'type'>): void {
    if (this.#scene) this.#worker?.pass({ type: 'ack', ...message });
  }

  /** [LV37] */
  pick(seat: Seat, question: Said<'pick'>): void {
    this.#picks.ask(seat, question, this.#scene ? (passed) => this.#worker?.pass(passed) : null);
  }

  picked(answer: Extract<ServerMessage, { type: 'picked' }>): void {
    this.#picks.answer(answer);
  }

  /** [LV36] Another viewer paces from now on: what was sent before is as good as acknowledged. */
  settle(): void {
    if (this.#sequence > 0) this.ack({ picture: this.#sequence, decodeMs: 0, uploadMs: 0 });
  }

  /** [LV41] @returns false where the worker is to `start` with them: it knows of no other way, or has not begun. */
  changeCodecs(codecs: PictureCodec[]): boolean {
    if (!this.#scene?.takesCodecs) return false;
    this.#worker?.pass({ type: 'codecs', codecs });
    return true;
  }

  /**
   * [LV35] No more often than so: viewers that miss pictures all the time cost the others nothing.
   *
   * @param isNeeded asked when its time has come.
   */
  refresh(isNeeded: () => boolean): void {
    if (this.#refreshTimer) return;
    const waitMs = this.#refreshedAtMs + LIVE_LIMITS.refreshMs - performance.now();
    if (waitMs > 0) {
      this.#refreshTimer = setTimeout(() => {
        this.#refreshTimer = null;
        this.refresh(isNeeded);
      }, waitMs);
      return;
    }
    if (!this.#scene || !isNeeded()) return;
    this.#refreshedAtMs = performance.now();
    // One who paces and does not look, as on a hidden page, keeps nobody else without a picture.
    this.settle();
    this.#worker?.pass({ type: 'refresh' });
  }

  /** [LV39] As `HandOvers.ask`, with who answered; null where nobody draws, too. */
  async handOver(input: number, samples: number): Promise<HandedOver | null> {
    const worker = this.#worker;
    if (!worker || !this.#scene) return null;
    const sums = await this.#handOvers.ask({ input, samples }, (message) => worker.pass(message));
    return sums && { workerId: worker.workerId, sums };
  }

  handed(sums: HandedSums): void {
    this.#handOvers.take(sums);
  }

  /** @param error why it is told to go; null where it has gone. */
  lose(error: KilnError | null): void {
    const worker = this.#worker;
    this.#worker = null;
    this.#scene = null;
    this.#picks.failAll(error ?? workerLost());
    this.#handOvers.drop();
    if (error) worker?.close(error);
  }

  /** [LV24] */
  end(): void {
    if (this.#refreshTimer) clearTimeout(this.#refreshTimer);
    this.#picks.failAll(new KilnError('live.session_gone', 'the session ended'));
    this.#handOvers.drop();
    this.#worker?.end();
  }
}

const workerLost = () => new KilnError('live.worker_lost', 'the worker has gone before it answered');
