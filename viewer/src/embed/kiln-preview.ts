/**
 * `<kiln-preview>`: the live view of a scene of a farm, on any page. Names are those of `<model-viewer>` where the idea is
 * the same. One script defines it; `viewer/docs/embed.md` describes it.
 */
import type { ExplicitCamera, ViewJob, ViewJobRequest } from '@kiln/shared';
import { VIEW_LABEL } from '../live/live-surface.ts';
import { LiveViewport } from '../live/live-viewport.ts';
import { createMemoryStore } from '../live/memory-store.ts';
import { NoWebGl } from '../live/no-webgl.ts';
import { renderView } from '../live/render-view.ts';
import { NO_FARM } from '../live/script-origin.ts';
import type { LiveState } from '../live/session-state.ts';
import { errorOf, type ViewError } from '../live/view-error.ts';
import { MEASURE_EVENT } from '../live/viewport-types.ts';
import { ATTRIBUTES, FPS, firstCameraOf, lookOf } from './attributes.ts';
import { KeptPicture } from './kept-picture.ts';
import { noteOf } from './note.ts';
import { showPoster } from './poster.ts';
import { Presence } from './presence.ts';
import type { KilnPreviewEvents, ToBlobOptions } from './preview-types.ts';
import { progressOf, showProgress } from './progress.ts';
import { SharedElement } from './shared-element.ts';
import { Stats } from './stats.ts';
import { fillRoot, giveStyle, type PreviewParts } from './template.ts';

const GRAPHICS_LOST = 'This browser has taken the graphics of the view away: it waits for them.';
/** Clips are played round and round by the farm: the player only counts frames. */
const ENDLESS = { frames: 1_000_000, fps: FPS };

export class KilnPreviewElement extends SharedElement {
  static readonly observedAttributes: readonly string[] = [
    ...[...ATTRIBUTES.session, ...ATTRIBUTES.camera, ...ATTRIBUTES.hand, ...ATTRIBUTES.look],
    ...ATTRIBUTES.other,
  ];

  readonly #parts: PreviewParts;
  readonly #stats: Stats;
  readonly #kept: KeptPicture;
  readonly #presence = new Presence(this, {
    resized: () => this.#viewport?.setAspect(this.#aspect()),
    seen: () => this.#open(),
    unseen: () => this.#close(true, true),
    left: (isGone) => this.#left(isGone),
  });
  #viewport: LiveViewport | null = null;
  #firstCamera: ExplicitCamera | null = null;
  /** Somebody or something asked for the view, where `reveal` says that it waits for that. */
  #isWanted = false;
  #isLoaded = false;
  /** The browser has taken the graphics away, and has not given them back. */
  #isBlank = false;
  /** `load` is told once of each scene. */
  #hasTold = false;
  /** Where the camera was when the view was given back, and the session, where others are in it. */
  readonly #store = createMemoryStore();
  #progress = 0;
  #error: ViewError | null = null;
  #source: KilnPreviewEvents['camera-change']['source'] = 'none';

  constructor() {
    super();
    this.#parts = fillRoot(this.attachShadow({ mode: 'open', delegatesFocus: true }));
    this.#kept = new KeptPicture(this.#parts.stage);
    this.#stats = new Stats(this.#parts.stats, () => this.#viewport?.figures() ?? null);
    this.#parts.button.addEventListener('click', () => this.#clicked());
  }

  connectedCallback(): void {
    this.takeOwnProperties();
    this.#presence.connected();
    this.#showPoster();
    this.#showStats();
  }

  disconnectedCallback(): void {
    this.#presence.disconnected();
    this.#stats.shown = false;
  }

  adoptedCallback(): void {
    if (this.shadowRoot) giveStyle(this.shadowRoot);
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after && !ATTRIBUTES.repeated.includes(name)) return;
    if (name === 'poster' || name === 'alt' || name === 'reveal') this.#showPoster();
    if (name === 'alt') this.#nameView();
    if (name === 'reveal') this.#open();
    if (ATTRIBUTES.session.includes(name)) this.#sessionChanged(name);
    else if (ATTRIBUTES.camera.includes(name)) this.#cameraChanged();
    else if (ATTRIBUTES.hand.includes(name)) this.#giveHand();
    else if (ATTRIBUTES.look.includes(name)) this.#viewport?.setLook(lookOf(this.#read));
    if (name === 'animation-name') this.#takeClip();
    if (name === 'autoplay' && after !== null) this.play();
    if (name === 'stats') this.#showStats();
  }

  /** A picture of the scene is on the screen. */
  get loaded(): boolean {
    return this.#isLoaded;
  }

  /** @internal */
  protected get asked(): LiveViewport | null {
    return this.#viewport;
  }

  /** Null while nothing is the matter. */
  get error(): ViewError | null {
    return this.#error;
  }

  /** Whether the clip stands still. */
  get paused(): boolean {
    return !this.#viewport?.playing;
  }

  /** Shows all of the scene. */
  fit(): void {
    this.#viewport?.fit();
    // The page has moved it, not the hand.
    this.#source = 'none';
  }

  /** Plays the clip of `animationName`, round and round; as soon as there is a view. */
  play(): void {
    this.#plays = true;
    this.#viewport?.play();
  }

  pause(): void {
    this.#plays = false;
    this.#viewport?.pause();
  }

  /** Of the clip, in seconds from its beginning; goes on beyond its end while it is played again. */
  get currentTime(): number {
    return this.#frame / FPS;
  }

  set currentTime(sec: number | null | undefined) {
    this.#frame = (sec ?? 0) * FPS;
    this.#viewport?.seek(this.#frame);
  }

  /** Of the clip; 24 are a second. */
  #frame = 0;
  /** Whether the clip is to be played, by the next view, too. */
  #plays = false;

  /** Opens the view where `reveal` says that it waits. */
  dismissPoster(): void {
    this.#isWanted = true;
    this.#showPoster();
    this.#open();
  }

  /** The poster again, over a view that goes on. */
  showPoster(): void {
    this.#parts.poster.classList.remove('gone');
  }

  /** What had the focus is gone. */
  #clicked(): void {
    const hadFocus = this.shadowRoot?.activeElement === this.#parts.button;
    this.dismissPoster();
    if (hadFocus) this.#viewport?.canvas.focus({ preventScroll: true });
  }

  /**
   * Sends what is shown to the farm as a job, which begins with the samples that the view has: on pages of the farm's own,
   * by whom their visitor is signed in as.
   *
   * @throws KilnError why it was not taken.
   */
  async renderView(request: ViewJobRequest = {}): Promise<ViewJob> {
    return renderView(this.#viewport ?? { sessionId: null, drives: false }, this.farm, request);
  }

  /**
   * What is on the screen; at rest, the picture as it was sent.
   *
   * @throws Error when there is none.
   */
  async toBlob({ mimeType = 'image/png', qualityArgument }: ToBlobOptions = {}): Promise<Blob> {
    if (!this.#viewport || !this.#isLoaded) throw new Error('no picture is there yet: wait for `load`');
    return this.#viewport.toBlob(mimeType, qualityArgument);
  }

  readonly #read = (name: string): string | null => this.getAttribute(name);

  #aspect = () => Math.max(1, this.clientWidth) / Math.max(1, this.clientHeight);

  #sessionChanged(name: string): void {
    const isOther = name === 'src' || name === 'farm';
    if (isOther) {
      this.#hasTold = false;
      this.#firstCamera = null;
      this.#plays ||= this.hasAttribute('autoplay');
    }
    if (isOther || name === 'session' || this.#error?.retries === false) this.#close();
    this.#open();
  }

  /** Once it is in sight, and wanted. */
  #open(): void {
    const { src } = this;
    const waits = (this.getAttribute('reveal') ?? 'auto') !== 'auto' && !this.#isWanted;
    if (this.#viewport || !src || !this.#presence.isSeen || waits) return;
    if (!this.farm) {
      this.#stateIs({ phase: 'failed', code: 'client.unreachable', message: NO_FARM });
      return;
    }
    try {
      this.#viewport = this.#createViewport(src);
    } catch (error) {
      if (!(error instanceof NoWebGl)) throw error;
      this.#stateIs({ phase: 'failed', code: 'client.no_webgl', message: error.message });
      return;
    }
    this.#fail(null);
    this.#nameView();
    this.#giveHand();
    this.#takeClip();
    this.#viewport.open();
  }

  #createViewport(sceneId: string): LiveViewport {
    const { session } = this;
    // The page was loaded again: the camera stays where the others see it.
    const isBack = !this.#hasTold && this.#store.ticket(sceneId) !== null;
    const viewport = new LiveViewport(this.#parts.stage, {
      sceneId,
      look: lookOf(this.#read),
      aspect: this.#aspect(),
      showsPage: true,
      frameNumber: this.#frame,
      url: this.farm,
      ...(session !== null && { join: session }),
      token: () => this.token,
      resumeStore: this.#store,
    });
    viewport.canvas.setAttribute('part', 'canvas');
    viewport.on('state', (state) => this.#stateIs(state));
    viewport.on('scene', ({ autoCamera }) => {
      const isFirst = this.#firstCamera === null;
      this.#firstCamera = autoCamera;
      if (isFirst && !isBack) this.#lookFromAttributes(false);
    });
    viewport.on('move', () => {
      this.#source = 'user-interaction';
    });
    viewport.on('camera', () => this.#emit('camera-change', { source: this.#source }));
    viewport.on('audience', (audience) => this.#emit('audience-change', audience));
    viewport.on('frame', (frame) => {
      this.#frame = frame;
    });
    viewport.on('notice', ({ code, message }) => this.#emit('error', { code, message, retries: true }));
    this.#isBlank = false;
    viewport.on('graphics', (areThere) => this.#graphicsAre(areThere));
    viewport.canvas.addEventListener(MEASURE_EVENT, (event) => {
      if (event instanceof CustomEvent) this.#emit('measure', event.detail);
    });
    return viewport;
  }

  #left(isGone: boolean): void {
    if (this.#viewport) this.#close(true);
    if (isGone) this.#store.keepForReload();
  }

  /** Without a clip nothing plays; with the next one it goes on. */
  #takeClip(): void {
    this.#viewport?.setClip(this.hasAttribute('animation-name') ? ENDLESS : null);
    if (this.#plays) this.#viewport?.play();
  }

  /** @param comesBack to a session that others are in. @param keepsPicture until there is another one. */
  #close(comesBack = false, keepsPicture = false): void {
    const viewport = this.#viewport;
    if (!keepsPicture) this.#kept.drop();
    else if (viewport && this.#isLoaded) this.#kept.keep(viewport.canvas);
    this.#viewport = null;
    this.#isLoaded = false;
    viewport?.dispose(comesBack);
    this.#showPoster();
  }

  #nameView(): void {
    this.#viewport?.canvas.setAttribute('aria-label', this.getAttribute('alt') || VIEW_LABEL);
  }

  #giveHand(): void {
    if (!this.#viewport) return;
    this.#viewport.handOn = this.hasAttribute('camera-controls');
    this.#viewport.gestures = {
      zooms: !this.hasAttribute('disable-zoom'),
      pans: !this.hasAttribute('disable-pan'),
      scrolls: this.getAttribute('touch-action') !== 'none',
    };
  }

  /** Without a view it is the next one that begins there. */
  #cameraChanged(): void {
    if (this.#viewport) this.#lookFromAttributes(true);
    else this.#firstCamera = null;
  }

  #lookFromAttributes(glides: boolean): void {
    if (!this.#firstCamera || !this.#viewport) return;
    this.#source = 'none';
    this.#viewport.lookFrom(firstCameraOf(this.#read, this.#firstCamera), glides);
  }

  #stateIs(state: LiveState): void {
    const { note } = this.#parts;
    note.textContent = noteOf(state, this.session !== null);
    if (state.phase === 'failed') {
      this.#isLoaded = false;
      this.#kept.drop();
      this.#showPoster();
    }
    const error = errorOf(state);
    if (error) {
      this.#fail(error);
      return;
    }
    if (state.phase === 'live' && state.painted && !this.#isBlank) {
      this.#fail(null);
      this.#progressIs(1);
      this.#loaded();
      return;
    }
    const progress = progressOf(state);
    if (progress !== null && !this.#isLoaded) this.#progressIs(progress);
  }

  #loaded(): void {
    if (this.#isLoaded) return;
    this.#isLoaded = true;
    this.#kept.drop();
    this.#showPoster();
    if (this.#hasTold) return;
    this.#hasTold = true;
    this.#emit('load', { url: this.src ?? '' });
    this.#emit('poster-dismissed', undefined);
  }

  /** The view fetches its picture again when it has them back. */
  #graphicsAre(areThere: boolean): void {
    this.#isBlank = !areThere;
    if (areThere) return;
    this.#isLoaded = false;
    this.#showPoster();
    this.#parts.note.textContent = GRAPHICS_LOST;
    this.#fail({ code: 'client.graphics_lost', message: GRAPHICS_LOST, retries: true });
  }

  #progressIs(progress: number): void {
    if (progress === this.#progress) return;
    this.#progress = progress;
    showProgress(this.#parts.bar, progress);
    this.#emit('progress', { totalProgress: progress });
  }

  #fail(error: ViewError | null): void {
    const isNews = error !== null && error.code !== this.#error?.code;
    this.#error = error;
    if (error && !error.retries) this.#parts.bar.classList.add('gone');
    if (isNews) this.#emit('error', error);
  }

  #showStats(): void {
    this.#stats.shown = this.isConnected && this.hasAttribute('stats');
  }

  #showPoster(): void {
    showPoster(this.#parts, {
      url: this.getAttribute('poster'),
      alt: this.getAttribute('alt') ?? '',
      isButton: this.getAttribute('reveal') === 'interaction' && !this.#isWanted,
      isGone: (this.#isLoaded && this.#viewport !== null) || this.#kept.isThere,
    });
  }

  #emit<K extends keyof KilnPreviewEvents>(name: K, detail: KilnPreviewEvents[K]): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'kiln-preview': KilnPreviewElement;
  }
}

if (globalThis.customElements && !customElements.get('kiln-preview'))
  customElements.define('kiln-preview', KilnPreviewElement);
