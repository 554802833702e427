/** A session's way to a worker: whom it was offered, whom not to ask again, and what is said of it meanwhile. */
import { KilnError, type SceneSource, type ServerMessage, type SessionOffer } from '@kiln/shared';
import type { Logger } from 'pino';
import { LIVE_LIMITS } from '../dispatch/limits.ts';
import type { RandomBytes } from '../services.ts';
import { newSecret, sameSecret } from '../workers/secrets.ts';
import type { SessionRows } from './session-rows.ts';

export interface SearchParts {
  readonly sessionId: string;
  readonly tenantId: string;
  readonly scene: SceneSource;
  readonly rows: Pick<SessionRows, 'place'>;
  readonly log: Logger;
  readonly random: RandomBytes;
  readonly findWorkerMs: number;
  readonly dialUrl: () => string;
  readonly offer: (workerId: string, offer: SessionOffer) => void;
  /** Where the search stands, for viewers. */
  readonly tell: (message: Extract<ServerMessage, { type: 'state' }>) => void;
  readonly isServed: () => boolean;
  /** Another worker was asked while the one that was thought lost had dialled again. */
  readonly supersede: () => void;
  /** The worker that was asked is given up; another is looked for. */
  readonly onStranded: () => void;
  readonly onNone: (error: KilnError) => void;
  readonly report: (work: Promise<void>) => void;
}

export class WorkerSearch {
  readonly #parts: SearchParts;
  /** Who was asked to draw, and the token with which it dials. */
  #placed: { readonly workerId: string; readonly token: string } | null = null;
  #seeking = false;
  #seekAgain = false;
  /** Since when the session has been without a worker, as a deadline. */
  #findTimer: NodeJS.Timeout | null = null;
  #workerTimer: NodeJS.Timeout | null = null;
  readonly #avoid = new Map<string, number>();
  readonly #gone = new Set<string>();
  #isOver = false;

  constructor(parts: SearchParts) {
    this.#parts = parts;
  }

  get workerId(): string | null {
    return this.#placed?.workerId ?? null;
  }

  /** Of the worker that was asked last: another one with each offer. */
  get token(): string | null {
    return this.#placed?.token ?? null;
  }

  /** Whether a worker that dials in is the one that was asked. */
  expects(workerId: string, token: string): boolean {
    const placed = this.#placed;
    return placed !== null && placed.workerId === workerId && sameSecret(token, placed.token);
  }

  /** The worker is there. */
  found(workerId: string): void {
    this.#clearFind();
    this.#clearWorker();
    this.#gone.delete(workerId);
  }

  /** Its socket closed. It may dial again; after a while the session goes elsewhere. */
  mayReturn(workerId: string): void {
    this.#laterWorker(LIVE_LIMITS.redialMs, () => this.strand(workerId));
  }

  /** The worker is known to be gone for good. */
  markGone(workerId: string): void {
    this.#gone.add(workerId);
  }

  strand(workerId: string): void {
    this.#clearWorker();
    this.#avoid.set(workerId, performance.now() + LIVE_LIMITS.avoidWorkerMs);
    const message = 'The worker that drew this view is gone; looking for another';
    this.#parts.tell({ type: 'state', state: 'worker-lost', message, progress: null });
    this.#parts.onStranded();
    this.seek();
  }

  /** Looks for a worker, unless there is one. Also called whenever one may have room again. */
  seek(): void {
    if (this.#isOver || this.#parts.isServed()) return;
    if (this.#seeking) {
      this.#seekAgain = true;
      return;
    }
    if (this.#workerTimer) return;
    this.#seeking = true;
    this.#parts.report(
      this.#place().finally(() => {
        this.#seeking = false;
        if (!this.#seekAgain) return;
        this.#seekAgain = false;
        this.seek();
      }),
    );
  }

  end(): void {
    this.#isOver = true;
    this.#clearFind();
    this.#clearWorker();
  }

  async #place(): Promise<void> {
    const { sessionId, tenantId, scene, rows, log, random, findWorkerMs, dialUrl, ...parts } = this.#parts;
    const token = newSecret(random);
    const need = { tenantId, sceneHash: scene.sceneHash, avoid: this.#avoided(), gone: this.#gone };
    if (!this.#findTimer) {
      parts.tell({ type: 'state', state: 'finding-worker', message: 'Looking for a worker', progress: null });
      this.#findTimer = setTimeout(
        () => parts.onNone(new KilnError('live.no_worker', 'no worker has room for a live session; try again later')),
        findWorkerMs,
      );
    }
    const workerId = await rows.place(sessionId, need, token);
    if (workerId === null || this.#isOver) return;
    if (parts.isServed()) parts.supersede();
    this.#placed = { workerId, token };
    parts.offer(workerId, { sessionId, tenantId, url: dialUrl(), token, scene });
    this.#laterWorker(LIVE_LIMITS.offerMs, () => {
      log.warn({ sessionId, workerId }, 'a worker did not take up a session');
      this.strand(workerId);
    });
  }

  #avoided(): ReadonlySet<string> {
    const now = performance.now();
    for (const [workerId, until] of this.#avoid) if (until < now) this.#avoid.delete(workerId);
    return new Set(this.#avoid.keys());
  }

  #laterWorker(ms: number, action: () => void): void {
    this.#clearWorker();
    this.#workerTimer = setTimeout(action, ms);
  }

  #clearWorker(): void {
    if (this.#workerTimer) clearTimeout(this.#workerTimer);
    this.#workerTimer = null;
  }

  #clearFind(): void {
    if (this.#findTimer) clearTimeout(this.#findTimer);
    this.#findTimer = null;
  }
}
