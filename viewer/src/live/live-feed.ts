/**
 * What comes from the farm for one view and what goes to it, whoever shows it: the connection, pictures down to their
 * pixels, poses and the view with their input numbers, and what each stage took. It needs no element of the page.
 */
import {
  apiUrls,
  type CameraAction,
  KilnError,
  LIMITS,
  type LiveView,
  type PickedSurface,
  type Pose,
  type ServerMessage,
  type TokenAccess,
} from '@kiln/shared';
import { ClipPlayer } from './clip-player.ts';
import { type DecodedPixels, decodePixels } from './decoded-pixels.ts';
import type { LiveFeedEvents, LiveFeedOptions } from './feed-types.ts';
import { LazyVideoReader } from './lazy-video-reader.ts';
import { shownAspect } from './letterbox.ts';
import { Listeners } from './listeners.ts';
import { LiveConnection, type Welcome } from './live-connection.ts';
import { type LiveFigures, Measurements } from './measurements.ts';
import type { Question } from './open-questions.ts';
import { PictureDecoder } from './picture-decoder.ts';
import { PictureFlow, type ShownPicture } from './picture-flow.ts';
import { PosePacer } from './pose-pacer.ts';
import { PosePredictor } from './pose-predictor.ts';
import { readableCodecs } from './readable-codecs.ts';
import { SentView } from './sent-view.ts';
import { type DriverView, SessionRole, withoutCamera } from './session-role.ts';
import { type LiveState, type LiveStateEvent, nextLiveState } from './session-state.ts';
import type { SeenPicture } from './surface-at.ts';
import { createTypedEvents } from './typed-events.ts';
import type { Look, SceneMessage } from './viewport-types.ts';

export class LiveFeed {
  readonly player = new ClipPlayer();
  readonly #options: LiveFeedOptions;
  readonly #events = createTypedEvents<LiveFeedEvents>();
  readonly #connection: LiveConnection;
  readonly #flow: PictureFlow<DecodedPixels>;
  readonly #pacer = new PosePacer();
  readonly #predictor = new PosePredictor();
  readonly #measurements = new Measurements();
  readonly #videos = new LazyVideoReader();
  readonly #listeners = new Listeners();
  #state: LiveState = { phase: 'closed' };
  #look: Look;
  /** What was asked for here, whatever others show meanwhile. */
  #ownLook: Look;
  readonly #sentView = new SentView();
  readonly #role: SessionRole;
  #sessionId: string | null = null;
  #access: TokenAccess = 'drive';
  #input = 0;
  #seen: SeenPicture | null = null;
  #drawnPose: Pose | null = null;
  /** What the last painted picture answered. */
  #drawnInput = 0;
  #scene: SceneMessage | null = null;
  /** What a picture that came waits for the next display frame with. */
  #pictureDue: (() => void) | null = null;

  constructor(options: LiveFeedOptions) {
    this.#options = options;
    this.#look = this.#ownLook = options.look;
    this.#role = new SessionRole(options.join !== undefined);
    // It has said so by the time that a connection is there.
    readableCodecs();
    this.player.seek(options.frameNumber, 0);
    this.#flow = this.#createFlow();
    const urls = apiUrls(options.url);
    this.#connection = new LiveConnection({
      sceneId: options.sceneId,
      openSocket: () => new WebSocket(urls.live),
      timers: options.timers,
      random: Math.random,
      ...(options.join !== undefined && { join: options.join }),
      token: options.token,
      resumeStore: options.resumeStore,
      view: () => this.#viewForHello(),
      codecs: () => readableCodecs(options.savesData),
      events: {
        opening: () => this.#become({ type: 'opening' }),
        welcome: (welcome) => this.#welcome(welcome),
        message: (message) => this.#receive(message),
        picture: (message) => this.#flow.receive(message),
        lost: (retryInMs, code, message) => this.#becomeOver({ type: 'lost', retryInMs, code, message }),
        failed: (code, message) => this.#becomeOver({ type: 'failed', code, message }),
        ended: (reason) => this.#becomeOver({ type: 'ended', reason }),
      },
    });
    this.#listeners.add(window, 'offline', () => this.#connection.drop('The network is gone.'));
    this.#listeners.add(window, 'online', () => this.#state.phase === 'reconnecting' && this.#connection.open());
  }

  on<K extends keyof LiveFeedEvents>(name: K, listener: (value: LiveFeedEvents[K]) => void): () => void {
    return this.#events.on(name, listener);
  }

  get state(): LiveState {
    return this.#state;
  }

  /** Of the session; null before there is one. */
  get sessionId(): string | null {
    return this.#sessionId;
  }

  /** [LV29, LV33] Whether the session lets this viewer's poses move the camera. */
  get mayDrive(): boolean {
    return this.#access === 'drive' && this.#role.drives;
  }

  get role(): Pick<SessionRole, 'audience' | 'drives' | 'pose' | 'view'> {
    return this.#role;
  }

  /** [LV33] @param to whom the camera is given. */
  camera(action: CameraAction, to?: number): void {
    this.#connection.send({ type: 'camera', action, ...(to !== undefined && { to }) });
  }

  /** The last uploaded picture’s depth, and how to read it; null when it has none. */
  get seen(): SeenPicture | null {
    return this.#seen;
  }

  /** Where the camera of the last painted picture stood. */
  get drawnPose(): Pose | null {
    return this.#drawnPose;
  }

  /** What the session has last told of the scene; null before it is loaded. */
  get scene(): SceneMessage | null {
    return this.#scene;
  }

  /**
   * [LV37] What is at a point of the last painted picture; null where nothing stands.
   *
   * @param point 0 to 1, from the left and from above.
   * @param from where it is seen from; null: where its camera stood.
   * @throws KilnError why it is not known.
   */
  pick(point: Pick<Question, 'x' | 'y'>, from: Question['from'] | null): Promise<PickedSurface | null> {
    // [LV26, LV29]
    const isFree = this.view.camera === undefined && this.#access === 'drive';
    const aspect = Math.min(LIMITS.liveAspect, Math.max(1 / LIMITS.liveAspect, from?.aspect ?? 1));
    const seenFrom = from && isFree ? { from: { pose: from.pose, aspect } } : {};
    return this.#connection.pick({ input: this.#drawnInput, x: point.x, y: point.y, ...seenFrom });
  }

  /** Null before the first picture. */
  figures(): LiveFigures | null {
    return this.#measurements.figures(this.#options.timers.nowMs());
  }

  /** Opens the session, or tries again at once after a loss or a failure. */
  open(): void {
    this.#connection.open();
  }

  /** Ends the session, unless `comesBack` and others are in it; it can be opened again. */
  close(comesBack = false): void {
    if (comesBack) this.#connection.leave();
    else this.#connection.close(true);
    this.#becomeOver({ type: 'closed' });
  }

  dispose(comesBack = false): void {
    this.close(comesBack);
    this.#videos.close();
    this.#listeners.remove();
  }

  /** What was uploaded is gone. [LV13, LV22] A viewer that comes back gets a whole picture, and what makes it better. */
  picturesLost(): void {
    if (!this.#connection.ready) return;
    this.#connection.drop('The graphics of this page were reset: fetching the picture again.');
    this.#connection.open();
  }

  get look(): Look {
    return this.#look;
  }

  /** What is shown, whoever wants it. */
  get view(): LiveView {
    return this.#role.view ?? this.#view();
  }

  /** Shows what a view says, but for its size. */
  adopt({ size: _, depth: __, frameNumber, ...look }: LiveView): void {
    this.#look = look;
    if (this.#role.drives) this.#ownLook = look;
    this.#sentView.changed();
    this.showFrame(frameNumber);
  }

  /** As `seek`, and tells of it where it is another one. */
  showFrame(frameNumber: number): void {
    if (frameNumber === this.player.frameNumber) return;
    this.seek(frameNumber);
    this.#events.emit('frame', frameNumber);
  }

  /** [LV34] While somebody else drives, what they show stays. */
  set look(look: Look) {
    this.#ownLook = look;
    if (!this.#role.drives) return;
    this.#look = look;
    this.#sentView.changed();
  }

  /** The size of the pictures, or their aspect, may be another now. */
  viewChanged(): void {
    this.#sentView.changed();
  }

  play(): void {
    this.player.play(this.#options.timers.nowMs());
  }

  seek(frameNumber: number): void {
    this.player.seek(frameNumber, this.#options.timers.nowMs());
    this.#sentView.changed();
  }

  /**
   * To be called on every display frame: what changed goes out, then what came by now is painted.
   *
   * @param pose where the camera is; null while nobody has put it anywhere.
   * @param held a finger or a button is down.
   */
  displayFrame(pose: Pose | null, held: boolean): void {
    if (this.#connection.ready && this.#role.drives) this.#sendInputs(pose, held);
    const paint = this.#pictureDue ?? (() => this.#options.screen.paint());
    this.#pictureDue = null;
    paint();
  }

  #createFlow(): PictureFlow<DecodedPixels> {
    const { screen, timers } = this.#options;
    const decoders = { pictures: new PictureDecoder(), videos: this.#videos };
    return new PictureFlow<DecodedPixels>({
      decode: (picture) => decodePixels(decoders, picture),
      upload: ({ pixels, depth }, header) => {
        const aspect = shownAspect(header.widthPx, header.heightPx, screen.aspect());
        screen.upload({ pixels, depth, header, aspect });
        if (!header.better)
          this.#seen = depth && header.depth && { depth, range: header.depth, pose: header.pose, aspect };
      },
      paint: () => screen.paint(),
      onDisplayFrame: (callback) => {
        this.#pictureDue = callback;
      },
      acknowledge: (picture, decodeMs, uploadMs, isBroken = false) =>
        this.#connection.send({ type: 'ack', picture, decodeMs, uploadMs, ...(isBroken && { broken: true }) }),
      painted: (picture) => this.#painted(picture),
      broken: (error) => this.#broken(error),
      timers,
    });
  }

  #sendInputs(pose: Pose | null, held: boolean): void {
    const nowMs = this.#options.timers.nowMs();
    const due = this.player.due(nowMs);
    if (due !== null) this.#sentView.changed();
    const sent = this.#sendView(nowMs);
    if (due !== null) {
      if (sent) this.player.asked(this.#input);
      this.#events.emit('frame', due);
    }
    const message =
      pose && this.mayDrive && this.#pacer.frame(nowMs, this.#ahead(pose, nowMs), held, this.player.playing);
    if (message) this.#connection.send({ type: 'pose', input: this.#nextInput(nowMs), ...message });
  }

  #view(look = this.#look): LiveView {
    const { depth, screen } = this.#options;
    return { ...look, depth, tiles: true, size: screen.pictureSize(), frameNumber: this.player.frameNumber };
  }

  /** What is warped may be of where the camera will be by then; not for others, who are told of it as it is ([LV34]). */
  #ahead(pose: Pose, nowMs: number): Pose {
    const others = (this.#role.audience?.viewers.length ?? 1) - 1;
    if (!this.#options.depth || !this.#seen || others > 0) return pose;
    return this.#predictor.ahead(pose, nowMs, this.#measurements.leadMs, this.#seen.range.nearestM / 2);
  }

  /** [LV31] That of who watches says nothing: what others show is not said back. */
  #viewForHello(): LiveView {
    return this.#sentView.told(this.#view(this.#role.drives ? this.#look : this.#ownLook));
  }

  /** Sends the view if it is another than the last one. @returns whether it was. */
  #sendView(nowMs: number): boolean {
    const view = this.#sentView.next(() => this.#view());
    if (view) this.#connection.send({ type: 'view', input: this.#nextInput(nowMs), view });
    return view !== null;
  }

  #nextInput(nowMs: number): number {
    this.#input += 1;
    this.#measurements.sent(this.#input, nowMs);
    return this.#input;
  }

  #welcome({ sessionId, resumed, joined, access }: Welcome): void {
    this.#sessionId = sessionId;
    this.#access = access;
    // Nobody else shows anything in a session that is new.
    if (!resumed && !this.#role.drives) this.#look = this.#ownLook;
    this.#role.welcome(resumed, joined);
    this.#flow.restart();
    this.#pacer.resend();
    this.#predictor.forget();
    this.player.restart();
    this.#sentView.changed();
    this.#events.emit('access', this.mayDrive ? 'drive' : 'view');
  }

  /** [LV34] What the one who drives shows; where that is another now, the picture goes on from there. */
  #follow(message: DriverView): void {
    const drove = this.#role.drives;
    const { view } = this.#role;
    this.#role.take(message);
    if (message.type === 'driver-view' && !drove) this.adopt(message.view);
    if (message.type !== 'viewers') return;
    if (drove && !this.#role.drives) this.player.pause();
    if (drove !== this.#role.drives) this.#events.emit('access', this.mayDrive ? 'drive' : 'view');
    if (!drove && this.#role.drives) {
      // [LV29] One who only views shows cameras of the scene.
      if (view && this.#access === 'drive') this.adopt(this.#options.hasOwnCamera ? withoutCamera(view) : view);
      else if (view?.camera !== undefined) this.adopt(view);
      else if (view) this.#look = this.#ownLook;
      this.#input = Math.max(this.#input, message.input);
      this.#pacer.resend();
      this.player.restart();
      this.#sentView.forget();
    }
    if (this.#role.audience) this.#events.emit('audience', this.#role.audience);
  }

  #receive(message: ServerMessage): void {
    switch (message.type) {
      case 'state':
        this.#become({ type: 'server', message });
        return;
      case 'scene':
        // [LV17]
        this.#flow.restart();
        this.#scene = message;
        this.#events.emit('scene', message);
        return;
      case 'error':
        this.#events.emit('notice', { code: message.code, message: message.message });
        return;
      case 'viewers':
      case 'driver-pose':
      case 'driver-view':
        this.#follow(message);
        return;
      default:
        return;
    }
  }

  #painted(picture: ShownPicture): void {
    this.#drawnPose = picture.header.pose;
    this.#drawnInput = picture.header.input;
    const measure = this.#measurements.painted(picture, this.#options.timers.nowMs());
    this.player.painted(picture.header.input);
    if (picture.header.final) this.#videos.prepare();
    if (this.#state.phase !== 'live' || !this.#state.painted) this.#become({ type: 'painted' });
    this.#events.emit('measure', measure);
  }

  /** [LV9] A message that breaks the layout spoils the socket; a picture that does not decode is only one picture. */
  #broken(error: unknown): void {
    if (error instanceof KilnError) this.#connection.drop(error.message);
    else this.#events.emit('notice', { code: 'protocol.violation', message: `A picture does not decode: ${error}` });
  }

  /** What is under way is shown no more. */
  #becomeOver(event: LiveStateEvent): void {
    this.#flow.restart();
    this.#pictureDue = null;
    this.#become(event);
  }

  #become(event: LiveStateEvent): void {
    const next = nextLiveState(this.#state, event);
    if (next === this.#state) return;
    this.#state = next;
    this.#events.emit('state', next);
  }
}
