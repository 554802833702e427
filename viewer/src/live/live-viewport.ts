/**
 * The live view of one scene, without any framework: give it an element, and it shows the scene there, drawn by a worker
 * of the farm, and turns it under the hand. It puts its parts together; each part's work is in its own file.
 */
import type { ExplicitCamera, PickedSurface, Pose, PosePath } from '@kiln/shared';
import { feedOptionsOf } from './feed-options.ts';
import { Hand } from './hand.ts';
import { Listeners } from './listeners.ts';
import { LiveFeed } from './live-feed.ts';
import { listenToKeys } from './live-keyboard.ts';
import { createLiveSurface, type LiveSurface } from './live-surface.ts';
import type { LiveFigures, PictureMeasure } from './measurements.ts';
import { PictureStage, type StagedPicture } from './picture-stage.ts';
import { PoseFollower } from './pose-follower.ts';
import { samePose } from './pose-pacer.ts';
import { type Gestures, PoseSource } from './pose-source.ts';
import { watchReducedMotion } from './reduced-motion.ts';
import { createResumeStore, type ResumeStore } from './resume-store.ts';
import type { Audience } from './session-role.ts';
import type { LiveState } from './session-state.ts';
import { SessionTape } from './session-tape.ts';
import { surfaceThrough } from './surface-along.ts';
import type { Surface } from './surface-at.ts';
import { browserTimers, type Timers } from './timers.ts';
import { createTypedEvents } from './typed-events.ts';
import type { LiveViewportEvents, LiveViewportOptions, Look, SceneMessage } from './viewport-types.ts';

export class LiveViewport {
  readonly #sceneId: string;
  readonly #warps: boolean;
  readonly #timers: Timers;
  readonly #resumeStore: ResumeStore;
  readonly #events = createTypedEvents<LiveViewportEvents>();
  readonly #surface: LiveSurface;
  readonly #stage: PictureStage;
  readonly #feed: LiveFeed;
  readonly #source: PoseSource;
  readonly #hand: Hand;
  readonly #follower = new PoseFollower();
  readonly #tape: SessionTape;
  readonly #listeners = new Listeners();
  #aspect: number;
  /** Where the camera is: the hand's, or that of whoever drives. */
  #pose: Pose | null = null;
  #frameRequest = 0;
  #lastFrameMs = 0;

  /**
   * @param host the picture fills it; it keeps its size from the page's layout.
   * @throws NoWebGl when the browser gives no WebGL2 context; nothing is in `host` then.
   */
  constructor(host: HTMLElement, options: LiveViewportOptions) {
    this.#sceneId = options.sceneId;
    this.#warps = options.warps ?? true;
    this.#timers = options.timers ?? browserTimers;
    this.#resumeStore = options.resumeStore ?? createResumeStore(sessionStorage);
    this.#aspect = options.aspect;
    const canvas = document.createElement('canvas');
    this.#stage = new PictureStage(canvas, options.showsPage);
    this.#surface = createLiveSurface(
      { canvas, host, isKeyStop: options.isKeyStop ?? false },
      { resized: (...size) => this.#stage.resize(...size), rested: () => this.#feed.viewChanged() },
      this.#timers,
    );
    this.#tape = new SessionTape(this.#timers);
    const onUserMove = () => {
      this.stopPath();
      this.#hand.leaveNamedCamera();
      this.#events.emit('move', undefined);
    };
    this.#source = new PoseSource(canvas, onUserMove);
    this.#source.aspect = options.aspect;
    const screen = {
      aspect: () => this.#pictureAspect,
      pictureSize: () => this.#surface.pictureSize(this.#aspect),
      upload: (picture: StagedPicture) => this.#stage.upload(picture),
      paint: () => this.#show(),
    };
    const [timers, resumeStore] = [this.#timers, this.#resumeStore];
    this.#feed = new LiveFeed(feedOptionsOf(options, { depth: this.#warps, timers, resumeStore, screen }));
    this.#hand = new Hand(this.#feed, this.#source, this.#surface);
    const kept = this.#resumeStore.camera(options.sceneId);
    if (kept) this.#source.lookFrom(kept);
    this.#listen(onUserMove);
  }

  on<K extends keyof LiveViewportEvents>(name: K, listener: (value: LiveViewportEvents[K]) => void): () => void {
    return this.#events.on(name, listener);
  }

  get state(): LiveState {
    return this.#feed.state;
  }

  get canvas(): HTMLCanvasElement {
    return this.#surface.canvas;
  }

  /** What the scene is and has: bounds, cameras, clips, variants, nodes, materials; null before it is loaded. */
  get scene(): SceneMessage | null {
    return this.#feed.scene;
  }

  /** Where the camera is going; null until the scene or `lookFrom` has put it somewhere. */
  get camera(): ExplicitCamera | null {
    return this.#source.set ? this.#source.camera : null;
  }

  /** Of the session; null before there is one. */
  get sessionId(): string | null {
    return this.#feed.sessionId;
  }

  /** Who looks at the session, and who drives; null while nobody else was ever there. */
  get audience(): Audience | null {
    return this.#feed.role.audience;
  }

  /** [LV33] Whether the camera is with this viewer. */
  get drives(): boolean {
    return this.#feed.role.drives;
  }

  /** Gets the camera where it is free; otherwise whoever drives is asked for it. */
  requestCamera(): void {
    this.#feed.camera('request');
  }

  /** Takes the camera, where it is free, its driver is silent, or the session is one's own. */
  takeCamera(): void {
    this.#feed.camera('take');
  }

  /** @param viewer its number in `audience`. */
  giveCamera(viewer: number): void {
    this.#feed.camera('give', viewer);
  }

  /** Anybody may take it then; one who only asked for it does not any more. */
  releaseCamera(): void {
    this.#feed.camera('release');
  }

  /** Begins to keep where the camera goes and what is shown, of the hand's own doing; what was kept before is gone. */
  startRecording(): void {
    this.stopPath();
    this.#tape.record();
  }

  /** What was kept since; null where nothing was to be seen. */
  stopRecording(): PosePath | null {
    return this.#tape.stopRecording();
  }

  /** Plays a recorded session, until it is over or the hand interrupts it. Nothing happens where somebody else drives. */
  playPath(path: PosePath): void {
    if (!this.drives) return;
    this.#hand.leaveNamedCamera();
    this.pause();
    this.#tape.play(path);
  }

  stopPath(): void {
    if (!this.#tape.isPlaying) return;
    this.#tape.stopPlaying();
    this.#events.emit('played', undefined);
  }

  get playing(): boolean {
    return this.#feed.player.playing;
  }

  /** The HUD's figures; null before the first picture. */
  figures(): LiveFigures | null {
    return this.#feed.figures();
  }

  /** Opens the session, or tries again at once after a loss or a failure. */
  open(): void {
    this.#feed.open();
    if (this.#frameRequest === 0) this.#frameRequest = requestAnimationFrame(this.#displayFrame);
  }

  /** Ends the session, unless `comesBack` and others are in it; gives everything back. */
  dispose(comesBack = false): void {
    cancelAnimationFrame(this.#frameRequest);
    this.#keepCamera();
    this.#feed.dispose(comesBack);
    this.#listeners.remove();
    this.#source.dispose();
    this.#stage.dispose();
    this.#surface.dispose();
  }

  /** What is shown; that of whoever drives, while somebody else does. */
  get look(): Look {
    return this.#feed.look;
  }

  setLook(look: Look): void {
    this.#feed.look = look;
  }

  /** @param aspect width ÷ height. */
  setAspect(aspect: number): void {
    this.#aspect = aspect;
    this.#source.aspect = aspect;
    this.#feed.viewChanged();
  }

  /** @param glides there, instead of being there at once. */
  lookFrom(camera: ExplicitCamera, glides = false): void {
    this.#source.lookFrom(camera, glides);
  }

  /** Whether the hand moves the camera, where it may. */
  set handOn(isHandOn: boolean) {
    this.#hand.isOn = isHandOn;
  }

  set gestures(gestures: Gestures) {
    this.#hand.gestures = gestures;
  }

  /**
   * What is seen at a point of the page, by the depth of the last picture, from where that is shown now; null where nothing is, or
   * it has none.
   *
   * @param clientX as events of the mouse have it.
   */
  surfaceAt(clientX: number, clientY: number): Surface | null {
    const { seen } = this.#feed;
    const point = this.#stage.pointAt(clientX, clientY);
    return seen && point && surfaceThrough(seen, { pose: this.#shownFrom, aspect: this.#stage.aspect }, point);
  }

  /**
   * What is seen at a point of the page as it is asked, after a round trip to the farm; null where nothing stands.
   *
   * @param clientX as events of the mouse have it.
   * @throws KilnError `request.too_many`, `client.unreachable`, or whatever else keeps the farm from saying it.
   */
  async pick(clientX: number, clientY: number): Promise<PickedSurface | null> {
    const point = this.#stage.pointAt(clientX, clientY);
    const pose = this.#shownFrom;
    return point && this.#feed.pick(point, pose && { pose, aspect: this.#stage.aspect });
  }

  /**
   * What is on the screen. At rest it is the picture as it was sent: once it is final, its PNG has the pixels of a job's frame
   * of the same view, size and samples.
   *
   * @param quality of JPEG and WebP, 0 to 1.
   * @throws Error when the browser does not write this type.
   */
  async toBlob(type = 'image/png', quality?: number): Promise<Blob> {
    return this.#stage.toBlob(type, quality);
  }

  /** Keeps the direction and shows all of the scene. */
  fit(): void {
    if (!this.drives) return;
    this.#hand.takeOverCamera();
    this.#source.fit();
    this.#hand.leaveNamedCamera();
    this.#events.emit('move', undefined);
  }

  /** @param clip null when there is nothing to play. */
  setClip(clip: { readonly frames: number; readonly fps: number } | null): void {
    this.#feed.player.clip = clip;
  }

  play(): void {
    this.stopPath();
    this.#feed.play();
  }

  pause(): void {
    this.#feed.player.pause();
  }

  seek(frameNumber: number): void {
    this.stopPath();
    this.#feed.seek(frameNumber);
  }

  #listen(onUserMove: () => void): void {
    const feed = this.#feed;
    feed.on('state', (state) => {
      this.#surface.show(state);
      this.#events.emit('state', state);
    });
    feed.on('audience', (audience) => this.#events.emit('audience', audience));
    feed.on('scene', (message) => this.#sceneIs(message));
    feed.on('measure', (measure) => this.#painted(measure));
    feed.on('frame', (frame) => this.#events.emit('frame', frame));
    feed.on('notice', (notice) => this.#events.emit('notice', notice));
    const before = { capture: true, passive: true };
    // Before whoever moves the camera hears of it.
    for (const name of ['pointerdown', 'wheel', 'keydown']) {
      this.#listeners.add(this.canvas, name, () => this.#hand.moves && this.#hand.takeOverCamera(), before);
    }
    this.#listeners.undoes(listenToKeys(this.canvas, this.#source, onUserMove, () => this.#hand.moves));
    this.#listeners.add(window, 'pagehide', () => this.#keepCamera());
    this.#listeners.add(this.canvas, 'webglcontextlost', () => this.#events.emit('graphics', false));
    this.#listeners.add(this.canvas, 'webglcontextrestored', () => {
      this.#events.emit('graphics', true);
      this.#stage.picturesLost();
      feed.picturesLost();
    });
    this.#listeners.undoes(watchReducedMotion((isReduced) => this.#source.reduceMotion(isReduced)));
  }

  #keepCamera(): void {
    if (this.#source.set) this.#resumeStore.keepCamera(this.#sceneId, this.#source.camera);
  }

  /** The hand's camera and the clip's frame go out; then the picture is shown from where the camera is. */
  readonly #displayFrame = (frameMs: number): void => {
    this.#frameRequest = requestAnimationFrame(this.#displayFrame);
    this.#surface.displayFrame();
    const deltaSec = Math.min(0.1, Math.max(0, frameMs - this.#lastFrameMs) / 1_000);
    this.#lastFrameMs = frameMs;
    const before = this.#pose;
    this.#pose = this.#poseNow(deltaSec);
    if (this.#pose && !(before && samePose(before, this.#pose))) this.#events.emit('camera', this.#pose);
    const { targetDistanceM } = this.#source;
    const focuses = this.#feed.look.lens?.focusDistanceM === 'auto';
    const sent = this.#pose && focuses ? { ...this.#pose, targetDistanceM } : this.#pose;
    this.#feed.displayFrame(sent, this.#source.held || this.#tape.isPlaying);
    this.#keepMoment();
  };

  /** The hand's camera goes along with whoever drives: it begins there when it has the camera. */
  #poseNow(deltaSec: number): Pose | null {
    const { pose, drives } = this.#feed.role;
    this.#follower.goal = pose;
    const followed = this.#follower.advance(deltaSec, this.#source.reducedMotion);
    if (followed) this.#source.takeOver(followed);
    const isOver = drives && this.#tape.follow(this.#feed, (camera) => this.#source.lookFrom(camera));
    if (isOver) this.#events.emit('played', undefined);
    if (!drives) this.stopPath();
    const own = this.#source.set ? this.#source.advance(deltaSec) : null;
    return drives ? own : followed;
  }

  /** [LV26] From where the picture is seen: by the hand's camera, or by one of the scene. */
  #keepMoment(): void {
    if (!this.#tape.isRecording) return;
    const seen = this.#feed.look.camera === undefined ? this.#pose : this.#feed.drawnPose;
    if (seen && this.#tape.take(this.#source.seenFrom(seen), this.#feed.view)) this.#events.emit('recorded', undefined);
  }

  get #pictureAspect(): number {
    const { view } = this.#feed.role;
    return view ? view.size.widthPx / view.size.heightPx : this.#aspect;
  }

  /** Whatever has come by now, from where the camera is now. */
  #show(): void {
    const blends = !this.#source.reducedMotion && !this.playing;
    this.#stage.show(this.#shownFrom, this.#timers.nowMs(), blends);
  }

  /** [LV26] Null: from where the picture says, as of a camera of the scene. */
  get #shownFrom(): Pose | null {
    return this.#warps && this.#feed.look.camera === undefined ? this.#pose : null;
  }

  #sceneIs(message: SceneMessage): void {
    this.#source.bounds = message.bounds;
    if (!this.#source.set) this.#source.lookFrom(message.autoCamera);
    this.#events.emit('scene', message);
  }

  #painted(measure: PictureMeasure): void {
    this.#surface.painted(measure);
    this.#events.emit('measure', measure);
  }
}
