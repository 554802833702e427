/**
 * A scene of a farm inside somebody's own three.js scene: drawn there, and seen by their camera, with its depth, so that
 * objects of the page stand before and behind those of the farm. `viewer/docs/remote-view.md` describes it.
 */
import { DEFAULT_SAMPLES, type ViewJob, type ViewJobRequest } from '@kiln/shared';
import { Matrix3, type Matrix4, type Mesh, type PerspectiveCamera, Ray, Vector2, Vector3 } from 'three';
import { VIEWER_LIMITS } from '../limits.ts';
import { watchPage } from '../live/hidden-page.ts';
import { liveSize } from '../live/letterbox.ts';
import { Listeners } from '../live/listeners.ts';
import { LiveFeed } from '../live/live-feed.ts';
import type { LiveFigures } from '../live/measurements.ts';
import { createMemoryStore } from '../live/memory-store.ts';
import { renderView } from '../live/render-view.ts';
import { NO_FARM, SCRIPT_ORIGIN } from '../live/script-origin.ts';
import type { LiveState } from '../live/session-state.ts';
import { surfaceAlong } from '../live/surface-along.ts';
import type { Surface } from '../live/surface-at.ts';
import { browserTimers } from '../live/timers.ts';
import { createTypedEvents } from '../live/typed-events.ts';
import { errorOf, type ViewError } from '../live/view-error.ts';
import type { Look, SceneMessage } from '../live/viewport-types.ts';
import type { WarpView } from '../live/warp/picture-warp.ts';
import { cameraView, faultOf } from './camera-pose.ts';
import { createCover } from './cover.ts';
import { RemoteScreen, type ScreenRenderer } from './remote-screen.ts';
import type {
  RemoteLook,
  RemotePick,
  RemoteSurface,
  RemoteViewEvents,
  RemoteViewOptions,
} from './remote-view-types.ts';
import { screenFor } from './screen-for.ts';
import { SharedView } from './shared-view.ts';

export type { RemoteLook, RemotePick, RemoteSurface, RemoteViewEvents, RemoteViewOptions, ViewError };

const FIRST_LOOK: Look = {
  samples: DEFAULT_SAMPLES.raster,
  clip: null,
  fps: 24,
  toneMapping: 'neutral',
  exposureEv: 0,
  background: 'transparent',
};
/** The farm repeats a clip: the player only counts frames. */
const ENDLESS_FRAMES = 1_000_000;

/**
 * Opens a view of a scene.
 *
 * @returns when its shaders are there; pictures come from the first `update` on.
 * @throws Error for a renderer that is neither of WebGL2 nor of WebGPU, for one of WebGPU that is not initialised, and without
 *   the address of a farm.
 */
export async function openRemoteView(options: RemoteViewOptions): Promise<RemoteView> {
  return new RemoteView(options, await screenFor(options.renderer));
}

/** @see openRemoteView */
export class RemoteView extends SharedView {
  /** Goes into the host's scene, where the origin of the remote one is: moved, turned, and scaled alike in all directions. */
  readonly object: Mesh;
  readonly #renderer: RemoteViewOptions['renderer'];
  readonly #screenRenderer: ScreenRenderer;
  readonly #screen: RemoteScreen;
  /** @internal */
  protected readonly feed: LiveFeed;
  readonly #events = createTypedEvents<RemoteViewEvents>();
  readonly #listeners = new Listeners();
  readonly #farm: string;
  #token: string | null;
  #error: ViewError | null = null;
  /** What is the matter with the host's camera. */
  #cameraError: ViewError | null = null;
  /** For good. */
  #graphicsError: ViewError | null = null;
  #camera: PerspectiveCamera | null = null;
  #view: WarpView | null = null;
  #scale = 1;
  /** When the size of the view became another one; null when pictures of it are asked for. */
  #resizedAtMs: number | null = null;
  #isOpen = true;
  #isLoaded = false;
  #isDisposed = false;

  /** @param screen for the options' renderer. @internal */
  constructor(options: RemoteViewOptions, screen: ScreenRenderer) {
    super();
    const { renderer, session } = options;
    this.#renderer = renderer;
    this.#token = options.token ?? null;
    this.#farm = options.farm || SCRIPT_ORIGIN;
    if (!this.#farm) throw new Error(NO_FARM);
    const resumeStore = createMemoryStore();
    this.#screenRenderer = screen;
    this.#screen = new RemoteScreen(screen);
    this.object = createCover(screen, (camera) => camera === this.#camera);
    const look = changed(FIRST_LOOK, options.look ?? {});
    this.feed = new LiveFeed({
      sceneId: options.sceneId,
      look,
      frameNumber: 0,
      depth: true,
      hasOwnCamera: look.camera === undefined,
      url: this.#farm,
      ...(session !== undefined && { join: session }),
      token: () => this.#token,
      timers: browserTimers,
      resumeStore,
      screen: {
        aspect: () => this.#view?.aspect ?? 1,
        pictureSize: () => this.#pictureSize(),
        upload: (picture) => this.#screen.upload(picture),
        paint: () => this.#paint(),
      },
    });
    this.#lookIs(look);
    this.feed.on('state', (state) => this.#stateIs(state));
    this.feed.on('scene', (scene) => this.#events.emit('scene', scene));
    this.feed.on('audience', (audience) => this.#events.emit('audience', audience));
    this.feed.on('measure', (measure) => this.#events.emit('measure', measure));
    this.feed.on('notice', ({ code, message }) => this.#events.emit('error', { code, message, retries: true }));
    const left = (isGone: boolean) => {
      this.feed.close(true);
      if (isGone) resumeStore.keepForReload();
    };
    const [restored, lost] = [() => this.#graphicsRestored(), () => this.#graphicsLost()];
    this.#listeners.undoes(screen.watch({ restored, lost }));
    this.#listeners.undoes(watchPage({ left, seen: () => this.#isOpen && this.open() }));
  }

  /** @returns what takes the listener away. */
  on<K extends keyof RemoteViewEvents>(name: K, listener: (value: RemoteViewEvents[K]) => void): () => void {
    return this.#events.on(name, listener);
  }

  get state(): LiveState {
    return this.feed.state;
  }

  /** Null while nothing is the matter. */
  get error(): ViewError | null {
    return this.#graphicsError ?? this.#error ?? this.#cameraError;
  }

  /** A picture of the scene is there. */
  get loaded(): boolean {
    return this.#isLoaded;
  }

  /** What the remote scene has: cameras, clips, variants, nodes, materials; null before it is loaded. */
  get scene(): SceneMessage | null {
    return this.feed.scene;
  }

  /** What the last pictures cost; null before the first. */
  figures(): LiveFigures | null {
    return this.feed.figures();
  }

  /** A new one opens a view that was refused. */
  set token(token: string | null) {
    this.#token = token;
    if (this.#error?.retries === false) this.open();
  }

  get look(): Look {
    return this.feed.look;
  }

  /** Changes what is named, and keeps the rest; another engine comes with samples of its own, unless they are named. */
  setLook(look: RemoteLook): void {
    this.#lookIs(changed(this.feed.look, look));
  }

  /** Plays the look's clip. */
  play(): void {
    this.feed.play();
  }

  pause(): void {
    this.feed.player.pause();
  }

  /** @param frameNumber of the clip, at the look's frames per second. */
  seek(frameNumber: number): void {
    this.feed.seek(frameNumber);
  }

  /**
   * Sends what is shown to the farm as a job: on pages of the farm's own, by whom their visitor is signed in as.
   *
   * @throws KilnError why it was not taken.
   */
  renderView(request: ViewJobRequest = {}): Promise<ViewJob> {
    return renderView({ sessionId: this.feed.sessionId, drives: this.feed.role.drives }, this.#farm, request);
  }

  /** Opens the session again that was closed or refused. */
  open(): void {
    if (this.#isDisposed || this.#graphicsError) return;
    this.#isOpen = true;
    if (this.#view) this.feed.open();
  }

  /** Gives the session back, and keeps the last picture; `open` goes on. */
  close(): void {
    this.#isOpen = false;
    this.feed.close();
  }

  /**
   * To be called for every frame, before the host's scene is rendered with the same camera: sends where the camera is, and
   * draws what has come by now as it is seen from there. Other cameras do not see the view. A camera that is nowhere (a part of
   * it is not a number) is told by an `error`, and what was seen before stays until it is somewhere.
   *
   * @param size device pixels that the scene is rendered in. @defaultValue all of the renderer's canvas
   * @throws Error for a camera that is none of perspective, or does not look straight ahead; and in a headset.
   */
  update(camera: PerspectiveCamera, size?: { readonly widthPx: number; readonly heightPx: number }): void {
    if (this.#isDisposed || this.#graphicsError) return;
    if (this.#renderer.xr.isPresenting) throw new Error('a remote view is not for headsets: it has one eye');
    const seen = cameraView(camera, this.object);
    const { x, y } = this.#renderer.getDrawingBufferSize(new Vector2());
    const { widthPx, heightPx } = size ?? { widthPx: x, heightPx: y };
    const isSized = Number.isFinite(widthPx) && Number.isFinite(heightPx);
    if (this.#isFaulty(isSized ? faultOf(seen) : `the view is ${widthPx} × ${heightPx} pixels`)) return;
    const { pose, aspect, scale } = seen;
    const before = this.#view;
    this.#camera = camera;
    this.#scale = scale;
    this.#view = { pose, aspect, widthPx: Math.max(1, widthPx), heightPx: Math.max(1, heightPx) };
    if (!before && this.#isOpen) this.feed.open();
    this.#watchSize(before, this.#view);
    this.feed.displayFrame(pose, false);
  }

  /**
   * What is seen at a point of the view, by the depth of the last picture; null where nothing is.
   *
   * @param x from the left edge, −1, to the right one, 1, as `Raycaster.setFromCamera` takes it.
   * @param y from the lower edge to the upper one.
   */
  positionAndNormalFromPoint(x: number, y: number): RemoteSurface | null {
    const camera = this.#camera;
    if (!camera) return null;
    const origin = new Vector3().setFromMatrixPosition(camera.matrixWorld);
    const direction = new Vector3(x, y, 0.5).unproject(camera).sub(origin).normalize();
    return this.surfaceAlong(new Ray(origin, direction));
  }

  /**
   * What a ray meets of the remote scene, as far as the last picture shows it: to stand on it, or not to walk through it.
   *
   * @param ray in the host's world; its direction has length 1.
   */
  surfaceAlong(ray: Ray): RemoteSurface | null {
    const { seen } = this.feed;
    if (!seen) return null;
    const world = this.object.matrixWorld;
    const local = ray.clone().applyMatrix4(world.clone().invert());
    local.direction.normalize();
    const found = surfaceAlong(seen, local);
    return found && placed(found, world);
  }

  /**
   * What is seen at a point of the view as it is asked, after a round trip to the farm; null where nothing of the remote scene
   * stands. Objects of the host are not looked at.
   *
   * @param x from the left edge, −1, to the right one, 1.
   * @param y from the lower edge, −1, to the upper one, 1.
   * @throws KilnError `request.too_many`, `client.unreachable`, or whatever else keeps the farm from saying it.
   */
  async pick(x: number, y: number): Promise<RemotePick | null> {
    const view = this.#view;
    // Not a number is no point either.
    if (!view || !this.#isLoaded || !(Math.abs(x) <= 1 && Math.abs(y) <= 1)) return null;
    const world = this.object.matrixWorld.clone();
    const { pose, aspect } = view;
    const found = await this.feed.pick({ x: (x + 1) / 2, y: (1 - y) / 2 }, { pose, aspect });
    return found && { ...placed(found, world), node: found.node, material: found.material };
  }

  /** Ends the session and gives everything back; takes `object` out of its scene. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#listeners.remove();
    this.feed.dispose();
    this.object.removeFromParent();
    this.object.geometry.dispose();
    this.#screen.dispose();
  }

  /** What comes meanwhile is taken, so that nothing waits for it. */
  #isFaulty(fault: string | null): boolean {
    const isNews = this.#cameraError === null;
    this.#cameraError =
      fault === null ? null : { code: 'request.invalid', message: `Not drawn: ${fault}.`, retries: true };
    if (!this.#cameraError) return false;
    if (isNews) this.#events.emit('error', this.#cameraError);
    if (this.#view) this.feed.displayFrame(null, false);
    return true;
  }

  /** A picture at rest does not come again by itself. */
  #graphicsRestored(): void {
    this.#screen.picturesLost();
    this.feed.picturesLost();
  }

  /** Nothing can be drawn any more. */
  #graphicsLost(): void {
    this.#graphicsError = {
      code: 'client.graphics_lost',
      message: 'The graphics of this page are lost, and its WebGPURenderer with them: make another, and a view for it.',
      retries: false,
    };
    this.close();
    this.#events.emit('error', this.#graphicsError);
  }

  #lookIs(look: Look): void {
    this.feed.look = look;
    this.feed.player.clip = look.clip === null ? null : { frames: ENDLESS_FRAMES, fps: look.fps };
    // What is behind nothing else is opaque, and seen through the glass of the host's scene.
    this.#screenRenderer.material.transparent = look.background === 'transparent';
  }

  #pictureSize() {
    const { widthPx, heightPx, aspect } = this.#view ?? { widthPx: 1, heightPx: 1, aspect: 1 };
    const ratio = this.#renderer.getPixelRatio();
    return liveSize(widthPx / ratio, heightPx / ratio, ratio, aspect);
  }

  #watchSize(before: WarpView | null, now: WarpView): void {
    const nowMs = browserTimers.nowMs();
    const isSame = before?.widthPx === now.widthPx && before.heightPx === now.heightPx && before.aspect === now.aspect;
    if (!isSame) this.#resizedAtMs = nowMs;
    if (this.#resizedAtMs === null || nowMs - this.#resizedAtMs < VIEWER_LIMITS.resizeRestMs) return;
    this.#resizedAtMs = null;
    this.feed.viewChanged();
  }

  #paint(): void {
    if (!this.#view) return;
    const blends = !this.motion.matches && !this.feed.player.playing;
    this.#screen.show(this.#view, this.#scale, browserTimers.nowMs(), blends);
    this.object.visible = this.#screen.hasPicture;
  }

  #stateIs(state: LiveState): void {
    const error = errorOf(state);
    const isNews = error !== null && error.code !== this.#error?.code;
    this.#error = error;
    this.#events.emit('state', state);
    if (isNews) this.#events.emit('error', error);
    if (state.phase !== 'live' || !state.painted || this.#isLoaded) return;
    this.#isLoaded = true;
    this.#events.emit('load', undefined);
  }
}

function changed(before: Look, change: RemoteLook): Look {
  const { engine } = change;
  const isOther = engine !== undefined && engine !== before.engine;
  return { ...before, ...(isOther && { samples: DEFAULT_SAMPLES[engine] }), ...change };
}

const placed = ({ position, normal }: Surface, world: Matrix4): RemoteSurface => ({
  position: new Vector3(...position).applyMatrix4(world),
  normal: new Vector3(...normal).applyNormalMatrix(new Matrix3().getNormalMatrix(world)).normalize(),
});
