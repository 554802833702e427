/** All sessions whose viewers are connected to this server, and the two sockets by which they are reached. */

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import {
  API_PREFIX,
  BYTE_ROUTES,
  KilnError,
  LIMITS,
  LIVE_PROTOCOLS,
  type SceneSource,
  ViewerHello,
  WORKER_ROUTES,
  WorkerHello,
} from '@kiln/shared';
import type { WebSocket } from 'ws';
import { LIVE_LIMITS } from '../dispatch/limits.ts';
import type { Bus } from '../events/bus.ts';
import {
  agreeOnVersion,
  closeWith,
  hello,
  keepPulse,
  NO_IDENTITY,
  resumeHeld,
  strangerError,
} from '../events/socket-peer.ts';
import { asKilnError } from '../http/errors.ts';
import type { OriginCheck } from '../http/origin.ts';
import type { WorkerSignals } from '../queue/worker-signals.ts';
import type { Services } from '../services.ts';
import { type Admission, tokenExpired, type ViewTokens } from '../tokens/view-tokens.ts';
import { hashSecret, newSecret } from '../workers/secrets.ts';
import type { WorkerIdentities } from '../workers/worker-identity.ts';
import { LiveSession } from './live-session.ts';
import { isPassedOn, passOn } from './passed-on.ts';
import { ownCamera, type SessionParts, type ViewerRights } from './session-parts.ts';
import type { SessionRows } from './session-rows.ts';
import { ViewerPeer } from './viewer-peer.ts';
import { WORKER_PAYLOAD_BYTES, WorkerPeer } from './worker-peer.ts';

export interface LiveParts {
  readonly services: Pick<
    Services,
    'sockets' | 'identities' | 'identityFailures' | 'store' | 'log' | 'random' | 'newId'
  >;
  readonly rows: SessionRows;
  readonly workers: WorkerIdentities;
  readonly signals: WorkerSignals;
  readonly bus: Bus;
  readonly dialUrl: () => string;
  readonly leaseMs: number;
  readonly findWorkerMs: number;
  readonly scene: (sceneId: string) => Promise<SceneSource | null>;
  readonly tokens: Pick<ViewTokens, 'admit'>;
  readonly origins: Pick<OriginCheck, 'isForeign'>;
}

/** Who opens the live view. */
interface Visitor extends ViewerRights {
  readonly tenantId: string;
  readonly admission: Admission | null;
}

export class LiveSessions {
  readonly #parts: LiveParts;
  readonly #sessions = new Map<string, LiveSession>();
  #renewal: NodeJS.Timeout | null = null;

  constructor(parts: LiveParts) {
    this.#parts = parts;
    parts.bus.listen((message) => {
      if (message.type === 'worker-gone') this.#each((session) => session.workerGone(message.workerId));
      if (message.type === 'worker-room') this.#each((session) => session.seek());
      if (message.type === 'token-revoked') this.#each((session) => session.dropToken(message.tokenId));
      if (message.type === 'session-ended') this.#sessions.get(message.sessionId)?.fail(takenOver());
    });
  }

  register(): void {
    const { sockets, log } = this.#parts.services;
    const guard = (socket: WebSocket, work: Promise<void>) => {
      work.catch((error: unknown) => {
        const told = asKilnError(error);
        if (told.code === 'server.internal') log.error({ err: error }, 'a live socket failed');
        tellWhy(socket, told);
        closeWith(socket, told);
      });
    };
    sockets.on(`${API_PREFIX}${BYTE_ROUTES.liveSession.path}`, LIMITS.liveControlBytes, (socket, request) => {
      keepPulse(socket);
      guard(socket, this.#openViewer(socket, hello(socket, ViewerHello, 'the hello of a viewer'), request));
    });
    sockets.on(`${API_PREFIX}${WORKER_ROUTES.live.path}`, WORKER_PAYLOAD_BYTES, (socket, request) => {
      keepPulse(socket);
      guard(socket, this.#openWorker(socket, hello(socket, WorkerHello, 'the hello of a worker'), request));
    });
  }

  start(): void {
    this.#renewal = setInterval(() => void this.#renew(), LIVE_LIMITS.renewMs);
  }

  /** Every viewer hears that the server stops, and may come back to another. */
  async drain(): Promise<void> {
    if (this.#renewal) clearInterval(this.#renewal);
    const ids = [...this.#sessions.keys()];
    this.#each((session) =>
      session.fail(new KilnError('server.draining', 'the server stops; the view connects again')),
    );
    await this.#parts.rows.end(ids);
  }

  /** The leader ends what no server keeps any more. */
  async endExpired(): Promise<void> {
    await this.endAnywhere(await this.#parts.rows.expired());
  }

  /** Ends sessions, wherever their viewers are. */
  async endAnywhere(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const { rows, signals, bus } = this.#parts;
    for (const { id, workerId } of await rows.end(ids)) {
      if (workerId !== null) signals.send(workerId, { type: 'end-session', sessionId: id });
      bus.tell({ type: 'session-ended', sessionId: id });
    }
    bus.tell({ type: 'worker-room' });
  }

  /** [LV29] Ends what it opened, and closes whoever it let in to watch. */
  async revokeToken(tokenId: string, sessionIds: readonly string[]): Promise<void> {
    await this.endAnywhere(sessionIds);
    this.#parts.bus.tell({ type: 'token-revoked', tokenId });
  }

  async #openViewer(socket: WebSocket, greeting: Promise<ViewerHello>, request: IncomingMessage): Promise<void> {
    const message = await greeting;
    const visitor = await this.#visitor(message, request);
    agreeOnVersion(LIVE_PROTOCOLS, message.protocols);
    const { tenantId, admission } = visitor;
    const { resume, join } = message;
    if (resume) {
      const known = this.find(visitor.tenantId, resume.sessionId);
      const seat = known?.seatToResume(visitor, message.sceneId, resume.token);
      if (known && seat) {
        this.#attach(socket, known, (viewer) => known.resume(seat, viewer, message));
        return;
      }
      if (!join) await this.#endElsewhere(tenantId, resume.sessionId, resume.token);
    }
    if (admission?.isExpired) throw tokenExpired(admission.expiresAt);
    if (join) await this.#join(socket, message, visitor, request.headers);
    else await this.#open(socket, message, visitor);
  }

  /** An open one of the tenant whose viewers are connected here. */
  find(tenantId: string, sessionId: string): LiveSession | null {
    const session = this.#sessions.get(sessionId);
    return session?.tenantId === tenantId ? session : null;
  }

  /** [LV31] */
  async #join(socket: WebSocket, hello: ViewerHello, visitor: Visitor, headers: IncomingHttpHeaders): Promise<void> {
    const { sceneId, join: { sessionId } = { sessionId: '' } } = hello;
    const session = this.find(visitor.tenantId, sessionId);
    if (session?.sceneId === sceneId) {
      this.#attach(socket, session, (viewer) => session.join(viewer, hello, visitor));
      return;
    }
    const held = isPassedOn(headers) ? null : await this.#parts.rows.heldElsewhere(visitor.tenantId, sessionId);
    if (held?.sceneId !== sceneId) {
      throw new KilnError('resource.not_found', '[LV31] the live view that is to be watched is over');
    }
    const isOwnPage = headers.origin !== undefined && !this.#parts.origins.isForeign(headers);
    passOn(socket, { hello, url: viewerUrl(held.dialUrl), headers, isOwnPage });
  }

  async #open(socket: WebSocket, message: ViewerHello, visitor: Visitor): Promise<void> {
    const { tenantId, access, admission } = visitor;
    const { sceneId, view } = message;
    if (access === 'view' && view.camera === undefined) throw ownCamera();
    const scene = await this.#readyScene(tenantId, sceneId);
    if ((await this.#parts.rows.countOpen(tenantId)) >= LIVE_LIMITS.sessionsPerTenant) {
      throw new KilnError('request.too_many', `a tenant has at most ${LIVE_LIMITS.sessionsPerTenant} sessions at once`);
    }
    const token = newSecret(this.#parts.services.random);
    const id = this.#parts.services.newId('session');
    await this.#parts.rows.create({ id, tenantId, sceneId, resumeTokenHash: hashSecret(token), token: admission });
    const session = new LiveSession({ id, tenantId, sceneId, scene }, view, this.#sessionParts());
    this.#sessions.set(id, session);
    this.#attach(socket, session, (viewer) => session.open(viewer, message, visitor, token));
  }

  /** [LV1, LV29] A page of another site is nobody without a token: what its visitor is signed in as is not its to use. */
  async #visitor({ sceneId, token }: ViewerHello, request: IncomingMessage): Promise<Visitor> {
    const { tokens, origins, services } = this.#parts;
    const { headers } = request;
    const isForeign = origins.isForeign(headers);
    if (token === undefined) {
      if (isForeign) throw new KilnError('identity.missing', '[LV29] a page of another site needs a token');
      const identity = await services.identities.ofHeaders(headers);
      if (!identity) throw strangerError(services.identityFailures, request, NO_IDENTITY);
      return { tenantId: identity.tenantId, access: 'drive', tokenId: null, admission: null };
    }
    const isOwnPage = headers.origin !== undefined && !isForeign;
    const admission = await tokens.admit(token, { sceneId, origin: headers.origin, isOwnPage });
    if (!admission) throw strangerError(services.identityFailures, request, 'the token was not made by this farm');
    const { tenantId, access, tokenId } = admission;
    return { tenantId, access, tokenId, admission };
  }

  #attach(socket: WebSocket, session: LiveSession, enter: (viewer: ViewerPeer) => void): void {
    const viewer: ViewerPeer = new ViewerPeer(socket, {
      onMessage: (message) => session.viewerSays(viewer, message),
      onNeedsWhole: () => session.refresh(),
      onClosed: () => session.viewerClosed(viewer),
    });
    enter(viewer);
    resumeHeld(socket);
    if (socket.readyState === socket.CLOSED) session.viewerClosed(viewer);
  }

  async #openWorker(socket: WebSocket, greeting: Promise<WorkerHello>, request: IncomingMessage): Promise<void> {
    const [workerId, message] = await Promise.all([this.#workerOf(request), greeting]);
    agreeOnVersion(LIVE_PROTOCOLS, message.protocols);
    const session = this.#sessions.get(message.sessionId);
    if (!session?.expects(workerId, message.token)) {
      throw new KilnError('live.session_gone', '[LV20] there is no such session for this worker');
    }
    const worker: WorkerPeer = new WorkerPeer(socket, workerId, {
      onMessage: (said) => session.workerSays(worker, said),
      onPicture: (bytes, header) => session.workerDrew(worker, bytes, header),
      onClosed: () => session.workerClosed(worker),
    });
    session.attachWorker(worker);
    resumeHeld(socket);
    if (socket.readyState === socket.CLOSED) session.workerClosed(worker);
  }

  async #workerOf(request: IncomingMessage): Promise<string> {
    const { workers, services } = this.#parts;
    try {
      return await workers.of(request.headers);
    } catch (error) {
      if (!(error instanceof KilnError && error.code === 'identity.missing')) throw error;
      throw strangerError(services.identityFailures, request, error.message);
    }
  }

  /** [LV1] */
  async #readyScene(tenantId: string, sceneId: string): Promise<SceneSource> {
    const row = await this.#parts.services.store.db
      .selectFrom('scenes')
      .select(['state', 'refusal'])
      .where('id', '=', sceneId)
      .where('tenant_id', '=', tenantId)
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
    if (!row) throw new KilnError('resource.not_found', `there is no scene ${sceneId}`);
    if (row.state === 'refused') {
      throw new KilnError('scene.refused', row.refusal?.message ?? 'the scene was refused at import');
    }
    const scene = row.state === 'ready' ? await this.#parts.scene(sceneId) : null;
    if (!scene) throw new KilnError('scene.not_ready', `the scene is ${row.state}; come back when it is ready`);
    return scene;
  }

  /**
   * The session is held by another server, or by one that is no more: it ends there and begins anew here. The viewer
   * brings its view and pose, and the worker has the scene loaded.
   */
  async #endElsewhere(tenantId: string, sessionId: string, token: string): Promise<void> {
    const { rows } = this.#parts;
    if (!(await rows.findResumable(tenantId, sessionId, hashSecret(token)))) return;
    await this.endAnywhere([sessionId]);
  }

  #sessionParts(): SessionParts {
    const { services, rows, signals, bus, leaseMs, findWorkerMs, dialUrl } = this.#parts;
    return {
      rows,
      log: services.log,
      random: services.random,
      leaseMs,
      findWorkerMs,
      dialUrl,
      offer: (workerId, offer) => signals.send(workerId, { type: 'open-session', offer }),
      onEnded: (sessionId, workerId) => {
        this.#sessions.delete(sessionId);
        if (workerId !== null) signals.send(workerId, { type: 'end-session', sessionId });
        rows.end([sessionId]).then(
          () => bus.tell({ type: 'worker-room' }),
          (error: unknown) => services.log.warn({ err: error, sessionId }, 'an ended session stays open'),
        );
      },
    };
  }

  async #renew(): Promise<void> {
    const { rows, services } = this.#parts;
    const watched = [...this.#sessions.values()].filter((session) => session.isWatched);
    try {
      const open = await rows.renew(watched.map((session) => session.id));
      for (const session of watched) {
        if (!open.has(session.id)) session.fail(takenOver());
        // A hint that a worker has room may have been lost.
        else session.seek();
      }
    } catch (error) {
      services.log.warn({ err: error }, 'leases of sessions were not renewed');
    }
  }

  #each(action: (session: LiveSession) => void): void {
    for (const session of [...this.#sessions.values()]) action(session);
  }
}

const takenOver = () => new KilnError('live.session_gone', 'the session has ended, or goes on elsewhere');

/** Where a server's viewers dial, by where its workers do. */
const viewerUrl = (dialUrl: string): string =>
  dialUrl.slice(0, -WORKER_ROUTES.live.path.length) + BYTE_ROUTES.liveSession.path;

/** [LV16] A browser hears more than a close code. */
function tellWhy(socket: WebSocket, { code, message }: KilnError): void {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify({ type: 'error', code, message, fatal: true }));
}
