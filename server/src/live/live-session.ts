/**
 * One session on the server that holds its viewer: what the viewer wants now, who draws it, and what happens when either
 * is away. Sockets are `ViewerPeer` and `WorkerPeer`, rows are `SessionRows`; this is what connects them.
 */
import {
  isErrorCode,
  KilnError,
  type LiveView,
  type PictureCodec,
  type Pose,
  type SceneSource,
  type SessionOffer,
  type SessionState,
  type TokenAccess,
  type ViewerHello,
  type ViewerMessage,
} from '@kiln/shared';
import type { Logger } from 'pino';
import { LIVE_LIMITS } from '../dispatch/limits.ts';
import type { RandomBytes } from '../services.ts';
import { hashSecret, newSecret, sameSecret } from '../workers/secrets.ts';
import type { SessionRows } from './session-rows.ts';
import type { ViewerPeer } from './viewer-peer.ts';
import type { FromWorker, WorkerPeer } from './worker-peer.ts';

export interface SessionParts {
  readonly rows: SessionRows;
  readonly log: Logger;
  readonly random: RandomBytes;
  /** How long a session is kept for a viewer that is away. */
  readonly leaseMs: number;
  readonly findWorkerMs: number;
  readonly dialUrl: () => string;
  readonly offer: (workerId: string, offer: SessionOffer) => void;
  /** Called once. The worker, if it has one, is to be told. */
  readonly onEnded: (session: LiveSession, workerId: string | null) => void;
}

export interface SessionSubject {
  readonly id: string;
  readonly tenantId: string;
  readonly sceneId: string;
  readonly scene: SceneSource;
  /** [LV29] What its viewer may do, and by which token; null: by an identity of the tenant. */
  readonly access: TokenAccess;
  readonly tokenId: string | null;
}

/** [LV29] */
export const ownCamera = () =>
  new KilnError(
    'identity.forbidden',
    '[LV29] this token shows the scene through its own cameras: name one as `view.camera`, or `auto`',
  );

export class LiveSession {
  readonly id: string;
  readonly tenantId: string;
  readonly sceneId: string;
  readonly tokenId: string | null;
  readonly #access: TokenAccess;
  readonly #scene: SceneSource;
  readonly #parts: SessionParts;
  readonly #protocol = 1;

  #view: LiveView;
  #codecs: PictureCodec[];
  #pose: Pose | null = null;
  #input = 0;
  #moving = false;

  #resumeHash: string;
  #viewer: ViewerPeer | null = null;
  #leaseTimer: NodeJS.Timeout | null = null;

  /** Who was asked to draw, and the token with which it dials. */
  #placed: { readonly workerId: string; readonly token: string } | null = null;
  #worker: WorkerPeer | null = null;
  /** The worker has answered the last `start` with `scene` ([LV22]). */
  #drawing = false;
  #seeking = false;
  #seekAgain = false;
  /** Since when the session has been without a worker, as a deadline. */
  #findTimer: NodeJS.Timeout | null = null;
  #workerTimer: NodeJS.Timeout | null = null;
  readonly #avoid = new Map<string, number>();
  readonly #gone = new Set<string>();
  #ended = false;

  /** @param resumeHash of the token that the row was made with. */
  constructor(subject: SessionSubject, hello: ViewerHello, resumeHash: string, parts: SessionParts) {
    this.id = subject.id;
    this.tenantId = subject.tenantId;
    this.sceneId = subject.sceneId;
    this.tokenId = subject.tokenId;
    this.#access = subject.access;
    this.#scene = subject.scene;
    this.#view = hello.view;
    this.#codecs = hello.codecs;
    this.#resumeHash = resumeHash;
    this.#parts = parts;
  }

  get isEnded(): boolean {
    return this.#ended;
  }

  /** Whether its lease is to be renewed: somebody looks. */
  get isWatched(): boolean {
    return this.#viewer !== null;
  }

  /** [LV13] */
  mayResume(tenantId: string, tokenId: string | null, sceneId: string, token: string): boolean {
    return (
      !this.#ended &&
      tenantId === this.tenantId &&
      tokenId === this.tokenId &&
      sceneId === this.sceneId &&
      sameSecret(hashSecret(token), this.#resumeHash)
    );
  }

  /** The first viewer, who holds the token that the session was made with. */
  open(viewer: ViewerPeer, resumeToken: string): void {
    this.#viewer = viewer;
    this.#welcome(viewer, resumeToken, false);
    this.seek();
  }

  /** [LV13, LV14] A viewer comes back: inputs begin anew, the worker starts again with what is wanted now. */
  resume(viewer: ViewerPeer, hello: ViewerHello): void {
    const before = this.#viewer;
    this.#viewer = viewer;
    before?.close(new KilnError('resource.conflict', 'another viewer has taken this session over'));
    this.#clear('lease');
    const token = newSecret(this.#parts.random);
    this.#resumeHash = hashSecret(token);
    this.#view = hello.view;
    this.#codecs = hello.codecs;
    this.#input = 0;
    this.#moving = false;
    this.#report(this.#parts.rows.setResumeToken(this.id, this.#resumeHash));
    this.#welcome(viewer, token, true);
    if (this.#worker) {
      this.#save('active');
      this.#start(this.#worker);
    } else this.seek();
  }

  viewerClosed(viewer: ViewerPeer): void {
    if (this.#viewer !== viewer || this.#ended) return;
    this.#viewer = null;
    this.#moving = false;
    if (this.#worker) this.#save('detached');
    this.#leaseTimer = setTimeout(() => this.end('nobody came back'), this.#parts.leaseMs);
  }

  viewerSays(viewer: ViewerPeer, message: ViewerMessage): void {
    if (this.#viewer !== viewer || this.#ended) return;
    switch (message.type) {
      case 'pose':
        if (message.input <= this.#input) return;
        if (this.#access === 'view') {
          viewer.close(new KilnError('identity.forbidden', '[LV29] this token does not move the camera'));
          return;
        }
        this.#input = message.input;
        this.#pose = message.pose;
        this.#moving = message.moving;
        this.#worker?.pose(message);
        return;
      case 'view':
        if (message.input <= this.#input) return;
        if (this.#access === 'view' && message.view.camera === undefined) {
          viewer.close(ownCamera());
          return;
        }
        this.#input = message.input;
        this.#view = message.view;
        this.#worker?.pass(message);
        return;
      case 'ack':
        if (this.#drawing) this.#worker?.pass(message);
        return;
      case 'bye':
        this.end('bye');
    }
  }

  /** Whether a worker that dials in is the one that was asked. */
  expects(workerId: string, token: string): boolean {
    const placed = this.#placed;
    return !this.#ended && placed !== null && placed.workerId === workerId && sameSecret(token, placed.token);
  }

  /** [LV20, LV22] */
  attachWorker(worker: WorkerPeer): void {
    const before = this.#worker;
    this.#worker = worker;
    before?.close(new KilnError('resource.conflict', 'the worker has dialled again'));
    this.#clear('find');
    this.#clear('worker');
    this.#gone.delete(worker.workerId);
    this.#save(this.#viewer ? 'active' : 'detached');
    this.#start(worker);
  }

  /** [LV23] */
  workerSays(worker: WorkerPeer, message: FromWorker): void {
    if (this.#worker !== worker || this.#ended) return;
    if (message.type === 'error' && message.fatal) {
      const code = isErrorCode(message.code) ? message.code : 'server.internal';
      this.fail(new KilnError(code, message.message));
      return;
    }
    if (message.type === 'scene') this.#drawing = true;
    this.#viewer?.tell(message);
  }

  workerDrew(worker: WorkerPeer, bytes: Uint8Array): void {
    if (this.#worker === worker && this.#drawing) this.#viewer?.picture(bytes);
  }

  /** Its socket closed. It may dial again; after a while the session goes elsewhere. */
  workerClosed(worker: WorkerPeer): void {
    if (this.#worker !== worker || this.#ended) return;
    this.#worker = null;
    this.#drawing = false;
    this.#later('worker', LIVE_LIMITS.redialMs, () => this.#strand(worker.workerId));
  }

  /** The worker is known to be gone for good. */
  workerGone(workerId: string): void {
    if (this.#ended || this.#placed?.workerId !== workerId) return;
    this.#gone.add(workerId);
    const worker = this.#worker;
    this.#worker = null;
    this.#drawing = false;
    worker?.close(new KilnError('live.worker_lost', 'the worker is gone'));
    this.#strand(workerId);
  }

  /** Looks for a worker, unless there is one. Also called whenever one may have room again. */
  seek(): void {
    if (this.#ended || this.#worker) return;
    if (this.#seeking) {
      this.#seekAgain = true;
      return;
    }
    if (this.#workerTimer) return;
    this.#seeking = true;
    this.#report(
      this.#place().finally(() => {
        this.#seeking = false;
        if (!this.#seekAgain) return;
        this.#seekAgain = false;
        this.seek();
      }),
    );
  }

  /** [LV15] Ends in order. */
  end(reason: string): void {
    if (!this.#finish()) return;
    this.#viewer?.end(reason);
    this.#worker?.end();
  }

  /** Ends with an error that the viewer is told. */
  fail(error: KilnError): void {
    if (!this.#finish()) return;
    this.#viewer?.close(error);
    this.#worker?.end();
  }

  #finish(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    for (const timer of ['lease', 'find', 'worker'] as const) this.#clear(timer);
    this.#parts.onEnded(this, this.#placed?.workerId ?? null);
    return true;
  }

  async #place(): Promise<void> {
    const { rows, random, dialUrl, offer, findWorkerMs } = this.#parts;
    const token = newSecret(random);
    const need = {
      tenantId: this.tenantId,
      sceneHash: this.#scene.sceneHash,
      avoid: this.#avoided(),
      gone: this.#gone,
    };
    if (!this.#findTimer) {
      this.#viewer?.tell({ type: 'state', state: 'finding-worker', message: 'Looking for a worker', progress: null });
      this.#later('find', findWorkerMs, () =>
        this.fail(new KilnError('live.no_worker', 'no worker has room for a live session; try again later')),
      );
    }
    const workerId = await rows.place(this.id, need, token);
    if (workerId === null || this.#ended) return;
    if (this.#worker) {
      // The worker that was thought lost dialled again meanwhile; its token is not good any more.
      this.#worker.close(new KilnError('live.session_gone', 'the session went to another worker'));
      this.#worker = null;
      this.#drawing = false;
    }
    this.#placed = { workerId, token };
    offer(workerId, { sessionId: this.id, tenantId: this.tenantId, url: dialUrl(), token, scene: this.#scene });
    this.#later('worker', LIVE_LIMITS.offerMs, () => {
      this.#parts.log.warn({ sessionId: this.id, workerId }, 'a worker did not take up a session');
      this.#strand(workerId);
    });
  }

  #strand(workerId: string): void {
    this.#clear('worker');
    this.#avoid.set(workerId, performance.now() + LIVE_LIMITS.avoidWorkerMs);
    this.#viewer?.tell({
      type: 'state',
      state: 'worker-lost',
      message: 'The worker that drew this view is gone; looking for another',
      progress: null,
    });
    this.#save('stranded');
    this.seek();
  }

  #start(worker: WorkerPeer): void {
    this.#drawing = false;
    this.#viewer?.dropWaitingPicture();
    worker.start({
      type: 'start',
      protocol: this.#protocol,
      view: this.#view,
      codecs: this.#codecs,
      pose: this.#pose,
      input: this.#input,
      moving: this.#moving,
    });
  }

  #welcome(viewer: ViewerPeer, resumeToken: string, resumed: boolean): void {
    viewer.tell({
      type: 'welcome',
      protocol: this.#protocol,
      sessionId: this.id,
      resumeToken,
      leaseMs: this.#parts.leaseMs,
      resumed,
      access: this.#access,
    });
  }

  #avoided(): ReadonlySet<string> {
    const now = performance.now();
    for (const [workerId, until] of this.#avoid) if (until < now) this.#avoid.delete(workerId);
    return new Set(this.#avoid.keys());
  }

  #save(state: Exclude<SessionState, 'ended'>): void {
    this.#report(this.#parts.rows.setState(this.id, state));
  }

  #report(work: Promise<void>): void {
    work.catch((error: unknown) => this.#parts.log.warn({ err: error, sessionId: this.id }, 'a session was not saved'));
  }

  #later(which: 'find' | 'worker', ms: number, action: () => void): void {
    this.#clear(which);
    const timer = setTimeout(action, ms);
    if (which === 'find') this.#findTimer = timer;
    else this.#workerTimer = timer;
  }

  #clear(which: 'lease' | 'find' | 'worker'): void {
    const timer = { lease: this.#leaseTimer, find: this.#findTimer, worker: this.#workerTimer }[which];
    if (timer) clearTimeout(timer);
    if (which === 'lease') this.#leaseTimer = null;
    else if (which === 'find') this.#findTimer = null;
    else this.#workerTimer = null;
  }
}
