/**
 * One session on the server that holds its viewers: what is shown, who watches and who moves the camera, and what happens
 * when one of them or the worker is away. Sockets are `ViewerPeer` and `WorkerPeer`; this is what connects them.
 */
import {
  isErrorCode,
  KilnError,
  type PictureHeader,
  type ServerMessage,
  type SessionState,
  type ViewerHello,
  type ViewerMessage,
} from '@kiln/shared';
import { hashSecret, newSecret } from '../workers/secrets.ts';
import { Absences } from './absences.ts';
import { Audience, type Seat, type SeatPeer, seatFor } from './audience.ts';
import type { KeptAudience } from './kept-session.ts';
import { PictureShare } from './picture-share.ts';
import { SessionKeeper } from './session-keeper.ts';
import {
  requireShown,
  type SessionParts,
  type SessionSubject,
  type ViewerRights,
  whyNotMoved,
} from './session-parts.ts';
import { noTraffic } from './session-traffic.ts';
import { SessionUse } from './session-use.ts';
import { Shown, type ShownView } from './shown.ts';
import { ViewLimit } from './view-limit.ts';
import { ViewerNews } from './viewer-news.ts';
import type { ViewerPeer } from './viewer-peer.ts';
import { type HandedOver, WorkerLink } from './worker-link.ts';
import type { FromWorker, WorkerPeer } from './worker-peer.ts';
import { WorkerSearch } from './worker-search.ts';

export class LiveSession {
  readonly id: string;
  readonly tenantId: string;
  readonly sceneId: string;
  readonly traffic = noTraffic();
  readonly #parts: SessionParts;
  readonly #protocol = 1;
  readonly #audience = new Audience(performance.now());
  readonly #link = new WorkerLink();
  readonly #use = new SessionUse();
  readonly #limit = new ViewLimit();
  readonly #pictures = new PictureShare(this.#audience, this.#link);
  readonly #search: WorkerSearch;
  readonly #shown: Shown;
  readonly #news: ViewerNews;
  readonly #absences: Absences;
  readonly #keeper: SessionKeeper;
  /** Where the session stands, as viewers were told last. */
  #state: Extract<ServerMessage, { type: 'state' }> | null = null;
  #ended = false;

  constructor(subject: SessionSubject, shown: Pick<ShownView, 'view' | 'pose'>, parts: SessionParts) {
    this.id = subject.id;
    this.tenantId = subject.tenantId;
    this.sceneId = subject.sceneId;
    this.#shown = new Shown(shown);
    this.#news = new ViewerNews(this.#audience, () => this.#shown.input);
    this.#parts = parts;
    this.#keeper = new SessionKeeper(this.#audience, this.#shown, (kept) => parts.rows.keep(subject.id, kept));
    this.#absences = new Absences(this.#audience, parts.leaseMs, {
      onGivenUp: (isDriver) => this.#audienceChanged(isDriver),
      onNobodyBack: () => this.end('nobody came back'),
    });
    const { rows, log, random, findWorkerMs, dialUrl, offer } = parts;
    this.#search = new WorkerSearch({
      ...{ sessionId: subject.id, tenantId: subject.tenantId, scene: subject.scene },
      ...{ rows, log, random, findWorkerMs, dialUrl, offer },
      tell: (message) => this.#tellState(message),
      isServed: () => this.#link.worker !== null,
      supersede: () => this.#link.lose(new KilnError('live.session_gone', 'the session went to another worker')),
      onStranded: () => this.#save('stranded'),
      onNone: (error) => this.fail(error),
      report: (work) => void this.#report(work),
    });
  }

  /** Whether its lease is to be renewed: somebody looks. */
  get isWatched(): boolean {
    return this.#audience.present.length > 0;
  }

  /** The first viewer. @param resumeToken that the row was made with. */
  open(viewer: ViewerPeer, hello: ViewerHello, rights: ViewerRights, resumeToken: string): void {
    const seat = this.#sit(viewer, hello, rights, resumeToken);
    this.#welcome(seat, resumeToken, false);
    this.#limit.within(hello.view, seat);
    this.seek();
    void this.keep();
  }

  /** [LV42] It goes on here: all of before have their seats, and are away. */
  restore(audience: KeptAudience): void {
    this.#audience.restore(audience);
    for (const seat of this.#audience.all) this.#absences.left(seat);
    this.#absences.waitForAnybody();
  }

  /** [LV31] One more. @throws KilnError `request.too_many`, `live.no_codec` */
  join(viewer: ViewerPeer, hello: ViewerHello, rights: ViewerRights): void {
    this.#audience.makeRoom(performance.now());
    this.#pictures.requireReader(hello.codecs);
    const token = newSecret(this.#parts.random);
    const seat = this.#sit(viewer, hello, rights, token);
    this.#welcome(seat, token, false);
    this.#isBack(seat, false);
  }

  /** [LV13] The seat whose connection this viewer hands back. */
  seatToResume({ tokenId }: ViewerRights, sceneId: string, token: string): Seat | null {
    if (this.#ended || sceneId !== this.sceneId) return null;
    return seatFor(this.#audience.all, tokenId, token) ?? null;
  }

  /** [LV13, LV14] A viewer comes back. Where it drives, inputs begin anew, and the worker starts with what is wanted now. */
  resume(seat: Seat, viewer: ViewerPeer, hello: ViewerHello): void {
    if (this.#audience.hasCamera(seat)) requireShown(seat.access, hello.view);
    const before = seat.peer;
    seat.peer = viewer;
    before?.close(new KilnError('resource.conflict', 'another viewer has taken this session over'));
    this.#absences.isBack(seat);
    const token = newSecret(this.#parts.random);
    seat.resumeHash = hashSecret(token);
    seat.codecs = hello.codecs;
    this.#audience.isBack(seat, performance.now());
    this.#welcome(seat, token, true);
    const drives = this.#audience.driver === seat;
    if (drives) {
      this.#shown.restart(this.#limit.within(hello.view, seat));
      this.#audience.driverHeard(performance.now());
      this.#shown.tellView(this.#audience.watchers);
    }
    this.#isBack(seat, drives);
  }

  viewerClosed(viewer: ViewerPeer): void {
    const seat = this.#audience.seatOf(viewer);
    if (!seat || this.#ended) return;
    if (this.#audience.driver === seat) this.#shown.rest();
    this.#absences.left(seat);
    this.#oneLess();
  }

  viewerSays(viewer: ViewerPeer, message: ViewerMessage): void {
    const seat = this.#audience.seatOf(viewer);
    if (!seat || this.#ended) return;
    const isDriver = this.#audience.driver === seat;
    switch (message.type) {
      case 'pose':
      case 'view':
        // [LV34] Of one who has just lost the camera some are still under way.
        if (isDriver && message.input > this.#shown.input) this.#move(seat, viewer, message);
        return;
      case 'ack':
        if (isDriver || !this.#audience.driver?.peer) this.#link.ack(message);
        return;
      case 'camera':
        this.#act(seat, viewer, message);
        return;
      case 'pick':
        this.#link.pick(seat, message);
        return;
      case 'bye':
        this.#leave(seat, viewer);
    }
  }

  /** [LV29] Those that let somebody in who is here. */
  get tokenIds(): readonly string[] {
    return this.#audience.present.flatMap(({ tokenId }) => tokenId ?? []);
  }

  /** [LV29] Those whom a token let in, that was revoked. */
  dropToken(tokenId: string): void {
    const revoked = new KilnError('identity.missing', '[LV29] the token was revoked');
    for (const seat of this.#audience.all) if (seat.tokenId === tokenId) seat.peer?.close(revoked);
  }

  /** Whether a worker that dials in is the one that was asked. */
  expects(workerId: string, token: string): boolean {
    return !this.#ended && this.#search.expects(workerId, token);
  }

  /** [LV20, LV22] */
  attachWorker(worker: WorkerPeer): void {
    this.#link.attach(worker)?.close(new KilnError('resource.conflict', 'the worker has dialled again'));
    this.#search.found(worker.workerId);
    this.#save(this.isWatched ? 'active' : 'detached');
    this.#start();
  }

  /** [LV23] */
  workerSays(worker: WorkerPeer, message: FromWorker): void {
    if (this.#link.worker !== worker || this.#ended) return;
    if (message.type === 'error' && message.fatal) {
      const code = isErrorCode(message.code) ? message.code : 'server.internal';
      this.fail(new KilnError(code, message.message));
      return;
    }
    if (message.type === 'state') this.#tellState(message);
    else if (message.type === 'drawn') this.#use.said(this.#search.token, message.drawnMs);
    else if (message.type === 'picked') this.#link.picked(message);
    else if (message.type === 'sums') this.#link.handed(message);
    else {
      if (message.type === 'scene') this.#link.isReady(message);
      this.#audience.tellAll(message);
    }
  }

  /** [LV36] */
  workerDrew(worker: WorkerPeer, bytes: Uint8Array, header: PictureHeader): void {
    if (this.#link.worker === worker) this.#pictures.drew(bytes, header);
  }

  /** Its socket closed. It may dial again; after a while the session goes elsewhere. */
  workerClosed(worker: WorkerPeer): void {
    if (this.#link.worker !== worker || this.#ended) return;
    this.#link.lose(null);
    this.#search.mayReturn(worker.workerId);
  }

  /** The worker is known to be gone for good. */
  workerGone(workerId: string): void {
    if (this.#ended || this.#search.workerId !== workerId) return;
    this.#search.markGone(workerId);
    this.#link.lose(new KilnError('live.worker_lost', 'the worker is gone'));
    this.#search.strand(workerId);
  }

  /** What is shown now. */
  get seen(): ShownView {
    return this.#shown.seen;
  }

  /** [LV39] What is summed of that, if it is still shown, for a frame of so many samples. @throws KilnError `request.too_many` */
  handOver({ input }: ShownView, samples: number): Promise<HandedOver | null> {
    return this.#link.handOver(input, samples);
  }

  /** [LV42] For another server. Never rejects: what could not be saved is saved with the next. */
  keep(): Promise<void> {
    return this.#report(this.#keeper.save());
  }

  /** [LV43] Never rejects: what could not be saved is saved with the next. */
  saveUse(): Promise<void> {
    const isSpent = (drawnSec: number) => this.#parts.rows.addDrawn(this.id, drawnSec);
    return this.#report(this.#use.save(isSpent, (error) => this.fail(error)));
  }

  /** [LV35] */
  refresh(): void {
    this.#pictures.refresh();
  }

  /** Looks for a worker, unless there is one. Also called whenever one may have room again. */
  seek(): void {
    this.#search.seek();
  }

  /** [LV15] Ends in order. */
  end(reason: string): void {
    this.#end((peer) => peer.end(reason));
  }

  /** Ends with an error that the viewers are told. */
  fail(error: KilnError): void {
    this.#end((peer) => peer.close(error));
  }

  #end(tell: (peer: SeatPeer) => void): void {
    if (!this.#finish()) return;
    this.#parts.onEnded(this.id, this.#search.workerId);
    for (const { peer } of this.#audience.present) if (peer) tell(peer);
    this.#link.end();
  }

  /** [LV42] Another server goes on with it, or will: neither its row nor its worker is this one's to end. */
  letGo(error: KilnError): void {
    if (!this.#finish()) return;
    this.#parts.onLetGo(this.id);
    for (const { peer } of this.#audience.present) peer?.close(error);
    this.#link.lose(error);
  }

  #finish(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#search.end();
    this.#news.stop();
    this.#absences.stop();
    void this.saveUse();
    return true;
  }

  #sit(peer: ViewerPeer, { codecs }: ViewerHello, rights: ViewerRights, resumeToken: string): Seat {
    const { access, tokenId, maxSamples } = rights;
    return this.#audience.add({ access, tokenId, maxSamples, codecs, resumeHash: hashSecret(resumeToken), peer });
  }

  /** A viewer that was welcomed hears where the session stands, and sees it. @param startsAnew what it wants is new to the worker. */
  #isBack(seat: Seat, startsAnew: boolean): void {
    this.#absences.somebodyIsHere();
    this.#audienceChanged(true);
    if (!this.#link.worker) this.seek();
    else if (this.#audience.present.length === 1) this.#save('active');
    if (this.#audience.driver !== seat) {
      this.#shown.tellView([seat]);
      this.#shown.tellPose([seat]);
    }
    if (this.#link.worker && (startsAnew || !this.#pictures.matchCodecs())) {
      this.#start();
      return;
    }
    if (this.#state) seat.peer?.tell(this.#state);
    if (!this.#link.scene) return;
    seat.peer?.tell(this.#link.scene);
    this.#pictures.catchUp(seat);
  }

  #move(seat: Seat, viewer: ViewerPeer, message: Extract<ViewerMessage, { type: 'pose' | 'view' }>): void {
    const refusal = whyNotMoved(seat.access, message);
    if (refusal) {
      viewer.close(refusal);
      return;
    }
    const held = message.type === 'pose' ? message : { ...message, view: this.#limit.within(message.view, seat) };
    this.#shown.pass(held, this.#link, this.#audience.watchers);
    if (this.#audience.driverHeard(performance.now())) this.#news.tell();
  }

  #act(seat: Seat, viewer: ViewerPeer, { action, to }: Extract<ViewerMessage, { type: 'camera' }>): void {
    const { driver } = this.#audience;
    try {
      if (!this.#audience.act(seat, action, to, performance.now())) return;
    } catch (error) {
      if (!(error instanceof KilnError)) throw error;
      viewer.tell({ type: 'error', code: error.code, message: error.message, fatal: false });
      return;
    }
    this.#audienceChanged(this.#audience.driver !== driver);
  }

  /** [LV15] The others go on. */
  #leave(seat: Seat, viewer: ViewerPeer): void {
    if (this.#audience.all.length === 1) {
      this.end('bye');
      return;
    }
    seat.peer = null;
    viewer.end('bye');
    this.#audience.remove(seat, performance.now());
    this.#oneLess();
  }

  #oneLess(): void {
    this.#audienceChanged(true);
    if (this.isWatched) return;
    if (this.#link.worker) this.#save('detached');
    this.#absences.waitForAnybody();
  }

  /** @param mayPaceAnew who paces may be another ([LV36]). */
  #audienceChanged(mayPaceAnew: boolean): void {
    if (mayPaceAnew && this.isWatched) this.#link.settle();
    this.#pictures.matchCodecs();
    this.#news.tell();
    void this.keep();
  }

  #tellState(message: Extract<ServerMessage, { type: 'state' }>): void {
    this.#state = message;
    this.#audience.tellAll(message);
  }

  #start(): void {
    this.#pictures.start(this.#shown, this.#protocol);
  }

  #welcome({ peer, access, maxSamples }: Seat, resumeToken: string, resumed: boolean): void {
    const session = { protocol: this.#protocol, sessionId: this.id, leaseMs: this.#parts.leaseMs };
    const limit = maxSamples !== null && { maxSamples };
    peer?.tell({ type: 'welcome', ...session, resumeToken, resumed, access, ...limit });
  }

  #save(state: Exclude<SessionState, 'ended'>): void {
    void this.#report(this.#parts.rows.setState(this.id, state));
  }

  #report(work: Promise<void>): Promise<void> {
    return work.catch((error: unknown) =>
      this.#parts.log.warn({ err: error, sessionId: this.id }, 'a session was not saved'),
    );
  }
}
