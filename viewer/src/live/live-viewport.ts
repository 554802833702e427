/**
 * The live view of one scene, without any framework: give it an element, and it shows the scene there, drawn by a worker
 * of the farm, and turns it under the hand. It puts its parts together; each part's work is in its own file.
 */
import {
  apiUrls,
  type ExplicitCamera,
  KilnError,
  type LiveView,
  type Pose,
  type ServerMessage,
  type TokenAccess,
} from '@kiln/shared';
import { ClipPlayer } from './clip-player.ts';
import { type DecodedPixels, decodePixels } from './decoded-pixels.ts';
import { shownAspect } from './letterbox.ts';
import { Listeners } from './listeners.ts';
import { LiveConnection } from './live-connection.ts';
import { listenToKeys } from './live-keyboard.ts';
import { createLiveSurface, type LiveSurface } from './live-surface.ts';
import { type LiveFigures, Measurements } from './measurements.ts';
import { PictureDecoder } from './picture-decoder.ts';
import { PictureFlow, type ShownPicture } from './picture-flow.ts';
import { PictureStage } from './picture-stage.ts';
import { PosePacer, samePose } from './pose-pacer.ts';
import { type Gestures, PoseSource } from './pose-source.ts';
import { createResumeStore, type ResumeStore } from './resume-store.ts';
import { type LiveState, type LiveStateEvent, nextLiveState } from './session-state.ts';
import { type SeenPicture, type Surface, surfaceAt } from './surface-at.ts';
import { browserTimers, type Timers } from './timers.ts';
import { createTypedEvents } from './typed-events.ts';
import { type LiveViewportEvents, type LiveViewportOptions, type Look, MEASURE_EVENT } from './viewport-types.ts';

export class LiveViewport {
  readonly #sceneId: string;
  readonly #warps: boolean;
  readonly #timers: Timers;
  readonly #resumeStore: ResumeStore;
  readonly #events = createTypedEvents<LiveViewportEvents>();
  readonly #surface: LiveSurface;
  readonly #stage: PictureStage;
  readonly #connection: LiveConnection;
  readonly #flow: PictureFlow<DecodedPixels>;
  readonly #source: PoseSource;
  readonly #pacer = new PosePacer();
  readonly #player = new ClipPlayer();
  readonly #measurements = new Measurements();
  readonly #listeners = new Listeners();
  #state: LiveState = { phase: 'closed' };
  #look: Look;
  #aspect: number;
  /** The view as the server has it, as JSON; and whether it may be another now: looked at once per display frame. */
  #viewSent = '';
  #viewChanged = false;
  /** Where the hand's camera is. */
  #pose: Pose | null = null;
  /** Whether the session lets the hand move the camera ([LV29]), and whether it is to. */
  #mayDrive = true;
  #isHandOn = true;
  /** The last painted picture’s depth, and how to read it. */
  #seen: SeenPicture | null = null;
  /** Where the camera of the last painted picture stood. */
  #drawnPose: Pose | null = null;
  #input = 0;
  #frameRequest = 0;
  /** What a picture that came waits for the next display frame with. */
  #pictureDue: (() => void) | null = null;
  #lastFrameMs = 0;

  /**
   * @param host the picture fills it; it keeps its size from the page's layout.
   * @throws Error when the browser gives no WebGL2 context.
   */
  constructor(host: HTMLElement, options: LiveViewportOptions) {
    this.#sceneId = options.sceneId;
    this.#warps = options.warps ?? true;
    this.#timers = options.timers ?? browserTimers;
    this.#resumeStore = options.resumeStore ?? createResumeStore(sessionStorage);
    this.#look = options.look;
    this.#aspect = options.aspect;
    this.#player.seek(options.frameNumber ?? 0, 0);
    this.#surface = createLiveSurface(
      host,
      { resized: (...size) => this.#stage.resize(...size), rested: () => (this.#viewChanged = true) },
      this.#timers,
    );
    const { canvas } = this.#surface;
    this.#stage = new PictureStage(canvas);
    const onUserMove = () => this.#events.emit('move', undefined);
    this.#source = new PoseSource(canvas, onUserMove);
    this.#source.aspect = options.aspect;
    this.#flow = this.#createFlow();
    const urls = apiUrls(options.url ?? location.origin);
    this.#connection = new LiveConnection({
      sceneId: options.sceneId,
      openSocket: () => new WebSocket(urls.live),
      timers: this.#timers,
      random: Math.random,
      token: () => options.token?.() ?? null,
      resumeStore: this.#resumeStore,
      view: () => this.#viewForHello(),
      events: {
        opening: () => this.#become({ type: 'opening' }),
        welcome: (_, access) => this.#welcome(access),
        message: (message) => this.#receive(message),
        picture: (message) => this.#flow.receive(message),
        lost: (retryInMs, message) => this.#become({ type: 'lost', retryInMs, message }),
        failed: (code, message) => this.#become({ type: 'failed', code, message }),
        ended: (reason) => this.#become({ type: 'ended', reason }),
      },
    });
    const kept = this.#resumeStore.camera(options.sceneId);
    if (kept) this.#source.lookFrom(kept);
    this.#listen(onUserMove);
  }

  on<K extends keyof LiveViewportEvents>(name: K, listener: (value: LiveViewportEvents[K]) => void): () => void {
    return this.#events.on(name, listener);
  }

  get state(): LiveState {
    return this.#state;
  }

  get canvas(): HTMLCanvasElement {
    return this.#surface.canvas;
  }

  /** Where the camera is going; null until the scene or `lookFrom` has put it somewhere. */
  get camera(): ExplicitCamera | null {
    return this.#source.set ? this.#source.camera : null;
  }

  get playing(): boolean {
    return this.#player.playing;
  }

  /** The HUD's figures; null before the first picture. */
  figures(): LiveFigures | null {
    return this.#measurements.figures(this.#timers.nowMs());
  }

  /** Opens the session, or tries again at once after a loss or a failure. */
  open(): void {
    this.#connection.open();
    if (this.#frameRequest === 0) this.#frameRequest = requestAnimationFrame(this.#displayFrame);
  }

  /** Ends the session and gives everything back. */
  dispose(): void {
    cancelAnimationFrame(this.#frameRequest);
    this.#keepCamera();
    this.#connection.close(true);
    this.#become({ type: 'closed' });
    this.#listeners.remove();
    this.#source.dispose();
    this.#stage.dispose();
    this.#surface.dispose();
  }

  setLook(look: Look): void {
    this.#look = look;
    this.#viewChanged = true;
  }

  /** @param aspect width ÷ height. */
  setAspect(aspect: number): void {
    this.#aspect = aspect;
    this.#source.aspect = aspect;
    this.#viewChanged = true;
  }

  /** @param glides there, instead of being there at once. */
  lookFrom(camera: ExplicitCamera, glides = false): void {
    this.#source.lookFrom(camera, glides);
  }

  /** Whether the hand moves the camera. */
  set handOn(isHandOn: boolean) {
    this.#isHandOn = isHandOn;
    this.#source.enabled = isHandOn && this.#mayDrive;
  }

  set gestures(gestures: Gestures) {
    this.#source.gestures = gestures;
  }

  /**
   * What is seen at a point of the page, by the depth of the last picture; null where nothing is, or it has none.
   *
   * @param clientX as events of the mouse have it.
   */
  surfaceAt(clientX: number, clientY: number): Surface | null {
    const seen = this.#seen;
    if (!seen) return null;
    const { left, bottom } = this.canvas.getBoundingClientRect();
    const { x, y, width, height } = this.#stage.box;
    return surfaceAt(seen, (clientX - left - x) / width, 1 - (bottom - clientY - y) / height);
  }

  /** Keeps the direction and shows all of the scene. */
  fit(): void {
    this.#takeOverCamera();
    this.#source.fit();
    this.#events.emit('move', undefined);
  }

  /** @param clip null when there is nothing to play. */
  setClip(clip: { readonly frames: number; readonly fps: number } | null): void {
    this.#player.clip = clip;
  }

  play(): void {
    this.#player.play(this.#timers.nowMs());
  }

  pause(): void {
    this.#player.pause();
  }

  seek(frameNumber: number): void {
    this.#player.seek(frameNumber, this.#timers.nowMs());
    this.#viewChanged = true;
  }

  #createFlow(): PictureFlow<DecodedPixels> {
    const decoder = new PictureDecoder();
    return new PictureFlow<DecodedPixels>({
      decode: (picture) => decodePixels(decoder, picture),
      upload: ({ pixels, depth }, header) => {
        const aspect = shownAspect(pixels.width, pixels.height, this.#aspect);
        this.#stage.upload({ pixels, depth, header, aspect });
        this.#seen = depth && header.depth && { depth, range: header.depth, pose: header.pose, aspect };
      },
      paint: () => this.#show(),
      onDisplayFrame: (callback) => {
        this.#pictureDue = callback;
      },
      acknowledge: (picture, decodeMs, uploadMs) => this.#connection.send({ type: 'ack', picture, decodeMs, uploadMs }),
      painted: (picture) => this.#painted(picture),
      broken: (error) => this.#broken(error),
      timers: this.#timers,
    });
  }

  #listen(onUserMove: () => void): void {
    const isHandOn = () => this.#isHandOn && this.#mayDrive;
    const before = { capture: true, passive: true };
    // Before whoever moves the camera hears of it.
    for (const name of ['pointerdown', 'wheel', 'keydown']) {
      this.#listeners.add(this.canvas, name, () => isHandOn() && this.#takeOverCamera(), before);
    }
    this.#listeners.undoes(listenToKeys(this.canvas, this.#source, onUserMove, isHandOn));
    this.#listeners.add(window, 'offline', () => this.#connection.drop('The network is gone.'));
    this.#listeners.add(window, 'online', () => this.#state.phase === 'reconnecting' && this.#connection.open());
    this.#listeners.add(window, 'pagehide', () => this.#keepCamera());
    const motion = matchMedia('(prefers-reduced-motion: reduce)');
    const settle = () => {
      this.#source.reducedMotion = motion.matches;
    };
    settle();
    this.#listeners.add(motion, 'change', settle);
  }

  /** [LV26] The hand begins where the scene's camera stands in the picture. */
  #takeOverCamera(): void {
    if (this.#look.camera !== undefined && this.#drawnPose) this.#source.takeOver(this.#drawnPose);
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
    this.#pose = this.#source.set ? this.#source.advance(deltaSec) : null;
    if (this.#pose && !(before && samePose(before, this.#pose))) this.#events.emit('camera', this.#pose);
    if (this.#connection.ready) this.#sendInputs(this.#pose);
    const paint = this.#pictureDue ?? (() => this.#show());
    this.#pictureDue = null;
    paint();
  };

  /** Whatever has come by now, from where the camera is now. */
  #show(): void {
    // [LV26] A camera of the scene is where the picture says.
    const isHandOn = this.#warps && this.#look.camera === undefined;
    const blends = !this.#source.reducedMotion && !this.#player.playing;
    this.#stage.show(isHandOn ? this.#pose : null, this.#timers.nowMs(), blends);
  }

  #sendInputs(pose: Pose | null): void {
    const nowMs = this.#timers.nowMs();
    const due = this.#player.due(nowMs);
    if (due !== null) this.#viewChanged = true;
    const sent = this.#sendView(nowMs);
    if (due !== null) {
      if (sent) this.#player.asked(this.#input);
      this.#events.emit('frame', due);
    }
    const message = pose && this.#mayDrive && this.#pacer.frame(nowMs, pose, this.#source.held || this.#player.playing);
    if (message) this.#connection.send({ type: 'pose', input: this.#nextInput(nowMs), ...message });
  }

  #view(): LiveView {
    return {
      ...this.#look,
      depth: this.#warps,
      size: this.#surface.pictureSize(this.#aspect),
      frameNumber: this.#player.frameNumber,
    };
  }

  #viewForHello(): LiveView {
    const view = this.#view();
    this.#viewSent = JSON.stringify(view);
    return view;
  }

  /** Sends the view if it is another than the last one. @returns whether it was. */
  #sendView(nowMs: number): boolean {
    if (!this.#viewChanged) return false;
    this.#viewChanged = false;
    const view = this.#view();
    const text = JSON.stringify(view);
    if (text === this.#viewSent) return false;
    this.#viewSent = text;
    this.#connection.send({ type: 'view', input: this.#nextInput(nowMs), view });
    return true;
  }

  #nextInput(nowMs: number): number {
    this.#input += 1;
    this.#measurements.sent(this.#input, nowMs);
    return this.#input;
  }

  #welcome(access: TokenAccess): void {
    this.#mayDrive = access === 'drive';
    this.#source.enabled = this.#isHandOn && this.#mayDrive;
    this.#flow.restart();
    this.#pacer.resend();
    this.#player.restart();
    this.#viewChanged = true;
  }

  #receive(message: ServerMessage): void {
    switch (message.type) {
      case 'state':
        this.#become({ type: 'server', message });
        return;
      case 'scene':
        // [LV17]
        this.#flow.restart();
        this.#source.bounds = message.bounds;
        if (!this.#source.set) this.#source.lookFrom(message.autoCamera);
        this.#events.emit('scene', message);
        return;
      case 'error':
        this.#events.emit('notice', { code: message.code, message: message.message });
        return;
      default:
        return;
    }
  }

  #painted(picture: ShownPicture): void {
    this.#drawnPose = picture.header.pose;
    const measure = this.#measurements.painted(picture, this.#timers.nowMs());
    this.#player.painted(picture.header.input);
    const { dataset } = this.canvas;
    dataset.picture = String(measure.sequence);
    dataset.input = String(measure.input);
    dataset.final = String(measure.final);
    dataset.size = `${measure.widthPx}x${measure.heightPx}`;
    if (this.#state.phase !== 'live' || !this.#state.painted) this.#become({ type: 'painted' });
    this.#events.emit('measure', measure);
    this.canvas.dispatchEvent(new CustomEvent(MEASURE_EVENT, { bubbles: true, detail: measure }));
  }

  /** [LV9] A message that breaks the layout spoils the socket; a picture that does not decode is only one picture. */
  #broken(error: unknown): void {
    if (error instanceof KilnError) this.#connection.drop(error.message);
    else this.#events.emit('notice', { code: 'protocol.violation', message: `A picture does not decode: ${error}` });
  }

  #become(event: LiveStateEvent): void {
    const next = nextLiveState(this.#state, event);
    if (next === this.#state) return;
    this.#state = next;
    this.#surface.show(next);
    this.#events.emit('state', next);
  }
}
