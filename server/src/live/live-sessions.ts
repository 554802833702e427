/** All sessions whose viewers are connected to this server, and the two sockets by which they are reached. */

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import {
  API_PREFIX,
  BYTE_ROUTES,
  KilnError,
  LIMITS,
  LIVE_PROTOCOLS,
  type LiveTraffic,
  type LiveView,
  type SceneSource,
  ViewerHello,
  WORKER_ROUTES,
  WorkerHello,
} from '@kiln/shared';
import type { WebSocket } from 'ws';
import { LIVE_LIMITS } from '../dispatch/limits.ts';
import type { Bus } from '../events/bus.ts';
import { agreeOnVersion, closeWith, hello, keepPulse, resumeHeld } from '../events/socket-peer.ts';
import { asKilnError } from '../http/errors.ts';
import type { WorkerSignals } from '../queue/worker-signals.ts';
import type { Services } from '../services.ts';
import { tokenExpired } from '../tokens/view-tokens.ts';
import { hashSecret, newSecret } from '../workers/secrets.ts';
import { seatFor } from './audience.ts';
import { type KeptAudience, OWNER_ID } from './kept-session.ts';
import type { LiveServers } from './live-servers.ts';
import { LiveSession } from './live-session.ts';
import { moved, over, stops, tellWhy } from './partings.ts';
import { isPassedOn, passOn } from './passed-on.ts';
import { requirePictures, requireShown, type SessionParts, withinRights } from './session-parts.ts';
import type { OpenRow, SessionRows } from './session-rows.ts';
import { trafficOf } from './session-traffic.ts';
import { ViewerPeer } from './viewer-peer.ts';
import { type Visitor, type VisitorParts, visitorOf, workerOf } from './visitors.ts';
import { WORKER_PAYLOAD_BYTES, WorkerPeer } from './worker-peer.ts';

export interface LiveParts extends VisitorParts {
  readonly services: VisitorParts['services'] & Pick<Services, 'sockets' | 'store' | 'log' | 'random' | 'newId'>;
  readonly rows: SessionRows;
  readonly serverId: string;
  readonly signals: WorkerSignals;
  readonly bus: Bus;
  readonly servers: LiveServers;
  /** WebSocket URL that workers dial: this server, or the farm, whose servers pass them on. */
  readonly dialUrl: () => string;
  readonly leaseMs: number;
  readonly findWorkerMs: number;
  readonly scene: (sceneId: string) => Promise<SceneSource | null>;
}

export class LiveSessions {
  readonly #parts: LiveParts;
  readonly #sessions = new Map<string, LiveSession>();
  #renewal: NodeJS.Timeout | null = null;
  #isDraining = false;

  constructor(parts: LiveParts) {
    this.#parts = parts;
    parts.bus.listen((message) => {
      if (message.type === 'worker-gone') this.#each((session) => session.workerGone(message.workerId));
      if (message.type === 'worker-room') this.#each((session) => session.seek());
      if (message.type === 'token-revoked') this.#each((session) => session.dropToken(message.tokenId));
      if (message.type === 'session-ended') this.#sessions.get(message.sessionId)?.fail(over());
      if (message.type === 'session-moved' && message.serverId !== parts.serverId) {
        this.#sessions.get(message.sessionId)?.letGo(moved());
      }
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

  async start(): Promise<void> {
    await this.#parts.servers.begin();
    this.#renewal = setInterval(() => void this.#renew(), LIVE_LIMITS.renewMs);
  }

  /** [LV42] Every viewer hears that the server stops; whichever it comes back to goes on with its session. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    if (this.#renewal) clearInterval(this.#renewal);
    const { rows, servers, signals } = this.#parts;
    const ids = [...this.#sessions.keys()];
    await Promise.all([...this.#sessions.values()].flatMap((session) => [session.saveUse(), session.keep()]));
    try {
      for (const { id, workerId } of await rows.release(ids)) {
        if (workerId !== null) signals.send(workerId, { type: 'end-session', sessionId: id });
      }
    } finally {
      this.#each((session) => session.letGo(stops()));
    }
    await servers.end();
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
    const visitor = await visitorOf(this.#parts, message, request);
    agreeOnVersion(LIVE_PROTOCOLS, message.protocols);
    if (this.#isDraining) throw stops();
    requirePictures(message.codecs);
    const { admission } = visitor;
    if (await this.#resume(socket, message, visitor, request.headers)) return;
    if (admission?.isExpired) throw tokenExpired(admission.expiresAt);
    if (message.join) await this.#join(socket, message, visitor, request.headers);
    else await this.#open(socket, message, visitor);
  }

  /** [LV13, LV42] @returns false where there is nothing to go back to. */
  async #resume(
    socket: WebSocket,
    message: ViewerHello,
    visitor: Visitor,
    headers: IncomingHttpHeaders,
  ): Promise<boolean> {
    const { resume, join, sceneId } = message;
    if (!resume) return false;
    const known = this.find(visitor.tenantId, resume.sessionId);
    if (known) return this.#takeSeat(socket, known, message, visitor);
    const { rows, serverId } = this.#parts;
    const row = await rows.open(visitor.tenantId, resume.sessionId);
    if (row === null) return false;
    const isElsewhere = row.serverId !== serverId && !this.#isLeft(row);
    const seat = seatFor(audienceOf(row).seats, visitor.tokenId, resume.token);
    // Of who watches, the server that holds it knows more.
    const mayGoBack = join ? isElsewhere || seat !== undefined : seat?.id === OWNER_ID;
    if (!mayGoBack) return false;
    if (row.sceneId !== sceneId) {
      if (join) return false;
      await this.endAnywhere([row.id]);
      return false;
    }
    if (isElsewhere) {
      if (isPassedOn(headers)) throw moved();
      if (await this.#passOn(socket, message, row, headers)) return true;
      // The one that holds it is not reached any more: for its owner it goes on here.
      if (join) throw moved();
    }
    return this.#takeSeat(socket, await this.#adopt(row, withinRights(message.view, visitor)), message, visitor);
  }

  #takeSeat(socket: WebSocket, session: LiveSession, message: ViewerHello, visitor: Visitor): boolean {
    const seat = session.seatToResume(visitor, message.sceneId, message.resume?.token ?? '');
    if (seat) this.#attach(socket, session, (viewer) => session.resume(seat, viewer, message));
    return seat !== null;
  }

  /** An open one of the tenant whose viewers are connected here. */
  find(tenantId: string, sessionId: string): LiveSession | null {
    const session = this.#sessions.get(sessionId);
    return session?.tenantId === tenantId ? session : null;
  }

  get traffic(): LiveTraffic {
    return trafficOf([...this.#sessions.values()].map(({ traffic }) => traffic));
  }

  /** [LV31] */
  async #join(socket: WebSocket, hello: ViewerHello, visitor: Visitor, headers: IncomingHttpHeaders): Promise<void> {
    const { sceneId, join: { sessionId } = { sessionId: '' } } = hello;
    const session = this.find(visitor.tenantId, sessionId);
    if (session?.sceneId === sceneId) {
      this.#attach(socket, session, (viewer) => session.join(viewer, hello, visitor));
      return;
    }
    const row = await this.#parts.rows.open(visitor.tenantId, sessionId);
    if (row?.sceneId !== sceneId) {
      throw new KilnError('resource.not_found', '[LV31] the live view that is to be watched is over');
    }
    if (this.#isLeft(row)) {
      const adopted = await this.#adopt(row, withinRights(hello.view, visitor));
      this.#attach(socket, adopted, (viewer) => adopted.join(viewer, hello, visitor));
      return;
    }
    const isElsewhere = row.serverId !== this.#parts.serverId && !isPassedOn(headers);
    if (!isElsewhere || !(await this.#passOn(socket, hello, row, headers))) throw moved();
  }

  /** No server holds it any more: its own let it go, or is not there. */
  #isLeft({ serverId, serverUrl }: OpenRow): boolean {
    return serverId !== this.#parts.serverId && serverUrl === null;
  }

  /** [LV31, LV42] @returns false where the server that holds it is not reached. */
  async #passOn(
    socket: WebSocket,
    hello: ViewerHello,
    { serverUrl }: OpenRow,
    headers: IncomingHttpHeaders,
  ): Promise<boolean> {
    if (serverUrl === null) return false;
    const isOwnPage = headers.origin !== undefined && !this.#parts.origins.isForeign(headers);
    return passOn(socket, { hello, serverUrl, path: BYTE_ROUTES.liveSession.path, headers, isOwnPage });
  }

  /**
   * [LV42] A session that no server holds, or none that is reached, goes on here, as it was kept.
   *
   * @param view that is shown where none was kept.
   * @throws KilnError
   */
  async #adopt(row: OpenRow, view: LiveView): Promise<LiveSession> {
    const { rows, signals, bus, serverId } = this.#parts;
    const scene = await this.#readyScene(row.tenantId, row.sceneId);
    if (!(await rows.adopt(row))) throw moved();
    if (row.workerId !== null) signals.send(row.workerId, { type: 'end-session', sessionId: row.id });
    bus.tell({ type: 'session-moved', sessionId: row.id, serverId });
    const session = new LiveSession({ ...row, scene }, row.kept ?? { view, pose: null }, this.#sessionParts());
    this.#sessions.set(row.id, session);
    session.restore(audienceOf(row));
    return session;
  }

  async #open(socket: WebSocket, message: ViewerHello, visitor: Visitor): Promise<void> {
    const { tenantId, access, admission } = visitor;
    const { sceneId, view } = message;
    requireShown(access, view);
    const scene = await this.#readyScene(tenantId, sceneId);
    if ((await this.#parts.rows.countOpen(tenantId)) >= LIVE_LIMITS.sessionsPerTenant) {
      throw new KilnError('request.too_many', `a tenant has at most ${LIVE_LIMITS.sessionsPerTenant} sessions at once`);
    }
    const token = newSecret(this.#parts.services.random);
    const id = this.#parts.services.newId('session');
    await this.#parts.rows.create({ id, tenantId, sceneId, resumeTokenHash: hashSecret(token), token: admission });
    const shown = withinRights(view, visitor);
    const session = new LiveSession(
      { id, tenantId, sceneId, scene },
      { view: shown, pose: null },
      this.#sessionParts(),
    );
    this.#sessions.set(id, session);
    this.#attach(socket, session, (viewer) => session.open(viewer, message, visitor, token));
  }

  #attach(socket: WebSocket, session: LiveSession, enter: (viewer: ViewerPeer) => void): void {
    const viewer: ViewerPeer = new ViewerPeer(socket, session.traffic, {
      onMessage: (message) => session.viewerSays(viewer, message),
      onNeedsWhole: () => session.refresh(),
      onClosed: () => session.viewerClosed(viewer),
    });
    enter(viewer);
    resumeHeld(socket);
    if (socket.readyState === socket.CLOSED) session.viewerClosed(viewer);
  }

  async #openWorker(socket: WebSocket, greeting: Promise<WorkerHello>, request: IncomingMessage): Promise<void> {
    const [workerId, message] = await Promise.all([workerOf(this.#parts, request), greeting]);
    agreeOnVersion(LIVE_PROTOCOLS, message.protocols);
    const session = this.#sessions.get(message.sessionId);
    if (!session && (await this.#passWorkerOn(socket, workerId, message, request.headers))) return;
    if (!session?.expects(workerId, message.token)) {
      throw new KilnError('live.session_gone', '[LV20] there is no such session for this worker');
    }
    const worker: WorkerPeer = new WorkerPeer(socket, workerId, session.traffic, {
      onMessage: (said) => session.workerSays(worker, said),
      onPicture: (bytes, header) => session.workerDrew(worker, bytes, header),
      onClosed: () => session.workerClosed(worker),
    });
    session.attachWorker(worker);
    resumeHeld(socket);
    if (socket.readyState === socket.CLOSED) session.workerClosed(worker);
  }

  /** [LV42] By the farm's address a worker may come to any of its servers. @returns false where no other one awaits it. */
  async #passWorkerOn(
    socket: WebSocket,
    workerId: string,
    hello: WorkerHello,
    headers: IncomingHttpHeaders,
  ): Promise<boolean> {
    const serverUrl = await this.#parts.rows.awaitedAt(hello.sessionId, workerId, hello.token);
    if (serverUrl === null) return false;
    const passed = { hello, serverUrl, path: WORKER_ROUTES.live.path, headers, isOwnPage: false };
    if (isPassedOn(headers) || !(await passOn(socket, passed))) throw moved();
    return true;
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
      onLetGo: (sessionId) => this.#sessions.delete(sessionId),
      onEnded: (sessionId, workerId) => {
        this.#sessions.delete(sessionId);
        if (workerId !== null) signals.send(workerId, { type: 'end-session', sessionId });
        rows.endOwn(sessionId).then(
          () => bus.tell({ type: 'worker-room' }),
          (error: unknown) => services.log.warn({ err: error, sessionId }, 'an ended session stays open'),
        );
      },
    };
  }

  async #renew(): Promise<void> {
    const { rows, servers, services } = this.#parts;
    this.#each((session) => void session.saveUse());
    this.#each((session) => void session.keep());
    const watched = [...this.#sessions.values()].filter((session) => session.isWatched);
    try {
      if (!this.#isDraining) await servers.beat();
      const open = await rows.renew(watched.map((session) => session.id));
      for (const session of watched) {
        if (!open.has(session.id)) await this.#notOwn(session);
        // A hint that a worker has room may have been lost.
        else session.seek();
      }
      await this.#dropRevoked();
    } catch (error) {
      services.log.warn({ err: error }, 'leases of sessions were not renewed');
    }
  }

  /** [LV29] What said that a token was revoked may have been lost. */
  async #dropRevoked(): Promise<void> {
    const tokenIds = [...this.#sessions.values()].flatMap((session) => session.tokenIds);
    for (const tokenId of await this.#parts.rows.revoked(tokenIds)) this.#each((one) => one.dropToken(tokenId));
  }

  /** It has ended, or another server has it: the message that said so was lost. */
  async #notOwn(session: LiveSession): Promise<void> {
    if (await this.#parts.rows.open(session.tenantId, session.id)) session.letGo(moved());
    else session.fail(over());
  }

  #each(action: (session: LiveSession) => void): void {
    for (const session of [...this.#sessions.values()]) action(session);
  }
}

/** Who was there; of a session that was not kept, who opened it. */
function audienceOf({ kept, access, tokenId, maxSamples, resumeTokenHash: resumeHash }: OpenRow): KeptAudience {
  return (
    kept ?? { seats: [{ id: OWNER_ID, access, tokenId, maxSamples, resumeHash }], lastId: OWNER_ID, driver: OWNER_ID }
  );
}
