/**
 * One viewer's session: what it wants, what is drawn next, and how many pictures are on their way. It knows neither the
 * socket nor the browser; both are passed in.
 */
import {
  encodePicture,
  KilnError,
  LIMITS,
  type PictureHeader,
  type RefreshMessage,
  type ServerMessage,
  type SessionStart,
  type ViewerMessage,
} from '@kiln/shared';
import { type Clock, pause } from '../clock.ts';
import { knownError } from '../known-error.ts';
import { WORKER_LIMITS } from '../limits.ts';
import type { Log } from '../log.ts';
import type { LoadResult } from '../page/contract.ts';
import type { CallHooks, PageAnswer } from '../page-host/page-client.ts';
import type { DrawKind } from '../pool/draw-turns.ts';
import type { LiveArguments } from '../pool/scene-page.ts';
import { LiveInput } from './live-input.ts';
import { type PictureLevel, type PicturePlan, planPicture } from './picture-plan.ts';
import { type BegunPicture, PictureWindow } from './picture-window.ts';
import { ScalePacer } from './scale-pacer.ts';
import { sceneMessage } from './scene-message.ts';

export interface LoadHooks {
  readonly onProgress: (fraction: number) => void;
  readonly onLost: (reason: KilnError) => void;
}

/** A scene on a page, as a session uses it. */
export interface LiveStage {
  readonly sceneHash: string;
  /** Loads the scene, on a fresh page if the last one was lost, which `onLost` tells. */
  load(hooks: LoadHooks, signal: AbortSignal): Promise<LoadResult>;
  turn(kind: DrawKind, signal: AbortSignal): Promise<() => void>;
  draw(order: LiveArguments, hooks: CallHooks): Promise<PageAnswer<'live'>>;
}

/** The way to the viewer. */
export interface LivePort {
  message(message: ServerMessage): void;
  picture(bytes: Uint8Array): void;
}

export interface LiveSessionParts {
  readonly stage: LiveStage;
  readonly port: LivePort;
  readonly clock: Clock;
  readonly log: Log;
}

/** Pages that may be lost without a final picture between: a scene that crashes every page that draws it is given up. */
const PAGES_LOST = 3;

export class LiveSession {
  readonly #parts: LiveSessionParts;
  readonly #ended = new AbortController();
  readonly #window = new PictureWindow(LIMITS.liveWindow);
  readonly #pacer = new ScalePacer(WORKER_LIMITS.movingPictureMs);
  #start: SessionStart | null = null;
  #input: LiveInput | null = null;
  #loaded: LoadResult | null = null;
  #begun: { version: number; level: PictureLevel } | null = null;
  #isDrawing = false;
  #isRefining = false;
  /** What is said while the scene loads; another once a page was lost. */
  #loadingText = 'Loading the scene';
  /** Since the last final picture. */
  #pagesLost = 0;
  #wake: () => void = () => {};

  constructor(parts: LiveSessionParts) {
    this.#parts = parts;
  }

  /** The session as the viewer wants it now; again when a viewer has come back on the same socket (LV22). */
  start(start: SessionStart): void {
    this.#start = start;
    this.#input = new LiveInput(start, this.#parts.clock.monotonicMs());
    this.#begun = null;
    this.#window.reset();
    if (this.#loaded) this.#announce(this.#loaded);
    else this.#tellLoading(null);
    this.#wake();
  }

  /** A message that the relay has checked. */
  receive(message: ViewerMessage | RefreshMessage): void {
    if (message.type === 'bye') this.end();
    else if (message.type === 'ack') this.#window.acknowledge(message.picture);
    else if (message.type === 'refresh') this.#drawAgain();
    else if (message.type !== 'camera') this.#input?.take(message, this.#parts.clock.monotonicMs());
    this.#wake();
  }

  /** [LV35] What was begun last, once more. One of one sample is followed by a better one anyway. */
  #drawAgain(): void {
    const begun = this.#begun;
    if (begun?.level === 'final') this.#begun = { ...begun, level: 'still' };
    else if (begun?.level === 'moving') this.#begun = null;
  }

  end(): void {
    this.#ended.abort(new KilnError('live.session_gone', 'the session ended'));
    this.#wake();
  }

  /**
   * Loads the scene and draws until `end`.
   *
   * @throws KilnError when the scene cannot be shown
   */
  async run(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      try {
        const lost = new AbortController();
        await this.#load(lost);
        await this.#drawAll(lost);
      } catch (error) {
        if (signal.aborted) return;
        const isLost =
          error instanceof KilnError && (error.code === 'render.page_lost' || error.code === 'render.timeout');
        if (!isLost || ++this.#pagesLost >= PAGES_LOST) throw error;
        this.#parts.log.warn({ err: error }, 'the page of a live session is gone: loading again');
        this.#loaded = null;
        this.#loadingText = 'The renderer stopped; loading the scene again';
        this.#tellLoading(null);
        await pause(500, signal);
      }
    }
  }

  async #load(lost: AbortController): Promise<void> {
    this.#tellLoading(null);
    const hooks = {
      onProgress: (fraction: number) => this.#tellLoading(fraction),
      onLost: (reason: KilnError) => lost.abort(reason),
    };
    const loaded = await this.#parts.stage.load(hooks, this.#ended.signal);
    this.#loaded = loaded;
    this.#begun = null;
    this.#isDrawing = false;
    this.#isRefining = false;
    if (this.#start) this.#announce(loaded);
  }

  #tellLoading(progress: number | null): void {
    if (!this.#start) return;
    this.#parts.port.message({ type: 'state', state: 'loading-scene', message: this.#loadingText, progress });
  }

  #announce(loaded: LoadResult): void {
    const { port, log } = this.#parts;
    const { message, leftOut } = sceneMessage(loaded);
    if (leftOut > 0) log.warn({ leftOut }, 'the scene has more cameras than a viewer can be told of');
    port.message(message);
    port.message({ type: 'state', state: 'live', message: 'Live', progress: null });
  }

  /** Draws whenever there is something to draw. Ends when the page is lost, or with the session. */
  async #drawAll(lost: AbortController): Promise<void> {
    const signal = AbortSignal.any([this.#ended.signal, lost.signal]);
    while (!signal.aborted) {
      const plan = this.#mayDraw() ? this.#plan() : null;
      if (plan) await this.#drawOne(plan, lost, signal);
      else await this.#sleep(signal);
    }
    lost.signal.throwIfAborted();
  }

  /** A long picture of many samples keeps no newer one waiting. */
  #mayDraw(): boolean {
    if (this.#isDrawing) return false;
    return this.#isRefining ? this.#window.unacknowledged < LIMITS.liveWindow : this.#window.hasRoom;
  }

  #plan(): PicturePlan | null {
    const wanted = this.#input?.wanted;
    if (!wanted || !this.#input) return null;
    const isAtRest = this.#input.restsInMs(this.#parts.clock.monotonicMs()) === 0;
    return planPicture({
      wanted,
      begun: this.#begun,
      isAtRest,
      scale: this.#pacer.scale,
      codecs: this.#start?.codecs ?? [],
    });
  }

  /** Until something changes, or the hand that moved has come to rest. */
  async #sleep(signal: AbortSignal): Promise<void> {
    const restsInMs = this.#input?.restsInMs(this.#parts.clock.monotonicMs()) ?? 0;
    await new Promise<void>((resolve) => {
      const timer = restsInMs > 0 ? setTimeout(resolve, restsInMs) : null;
      const wake = () => {
        if (timer) clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#wake = wake;
      signal.addEventListener('abort', wake, { once: true });
      if (signal.aborted) wake();
    });
  }

  /** Waits for the page's turn, then draws what is wanted by then. Resolves when the next may be begun. */
  async #drawOne(planned: PicturePlan, lost: AbortController, signal: AbortSignal): Promise<void> {
    const kind: DrawKind = planned.samples > 1 ? 'refine' : 'live';
    const changed = new AbortController();
    if (kind === 'refine') this.#wake = () => changed.abort();
    const free = await this.#parts.stage.turn(kind, AbortSignal.any([signal, changed.signal])).catch(() => null);
    if (!free) return;
    const plan = this.#plan();
    if (!plan || plan.samples > 1 !== (kind === 'refine')) {
      free();
      return;
    }
    const beganAtMs = this.#parts.clock.monotonicMs();
    this.#begun = { version: plan.wanted.version, level: plan.level };
    const begun = this.#window.begin(rankOf(plan));
    this.#setBusy(kind, true);
    const { view } = plan.wanted;
    const { pose, size, format, quality, samples } = plan;
    const order = { sceneHash: this.#parts.stage.sceneHash, view, pose, size, format, quality, samples };
    const onDrawn = () => {
      free();
      this.#setBusy(kind, false);
      this.#wake();
    };
    this.#parts.stage
      .draw(order, { onDrawn })
      .then((answer) => this.#deliver(plan, begun, answer, beganAtMs))
      .catch((error: unknown) => this.#fail(error, begun, lost))
      .finally(() => this.#wake());
  }

  #setBusy(kind: DrawKind, isBusy: boolean): void {
    if (kind === 'refine') this.#isRefining = isBusy;
    else this.#isDrawing = isBusy;
  }

  #deliver(plan: PicturePlan, begun: BegunPicture, { result, bytes }: PageAnswer<'live'>, beganAtMs: number): void {
    const { clock, port } = this.#parts;
    if (plan.level === 'final') this.#pagesLost = 0;
    if (plan.level === 'moving') this.#pacer.record(result.drawMs + result.readBackMs + result.encodeMs, plan.scale);
    const sequence = begun.send();
    if (sequence === null || this.#ended.signal.aborted) return;
    const { wanted, size } = plan;
    const encodedAtMs = result.drawEndMs + result.readBackMs + result.encodeMs;
    const header: PictureHeader = {
      sequence,
      input: wanted.input,
      codec: plan.format,
      moving: plan.level === 'moving',
      final: plan.level === 'final',
      lastTile: true,
      samples: plan.samples,
      ...size,
      tile: { x: 0, y: 0, ...size },
      depth: result.depth,
      near: result.near,
      far: result.far,
      pose: result.pose,
      stages: {
        inputWait: (beganAtMs - wanted.since) * 1_000,
        draw: result.drawMs * 1_000,
        readBack: result.readBackMs * 1_000,
        encode: result.encodeMs * 1_000,
        workerQueue: (clock.unixMs() - encodedAtMs) * 1_000,
        relay: 0,
      },
      drawEndMs: result.drawEndMs,
    };
    const colourBytes = bytes.length - (result.depth?.sizeBytes ?? 0);
    const message = encodePicture(header, bytes.subarray(0, colourBytes), bytes.subarray(colourBytes));
    if (message.length <= LIMITS.livePictureBytes) port.picture(message);
    else
      this.#tell(
        new KilnError('protocol.too_large', `a picture of ${size.widthPx} × ${size.heightPx} takes too many bytes`),
      );
  }

  #fail(error: unknown, begun: BegunPicture, lost: AbortController): void {
    begun.drop();
    if (this.#ended.signal.aborted) return;
    const known = knownError(error);
    if (known.code === 'render.page_lost' || known.code === 'render.timeout') {
      lost.abort(known);
      return;
    }
    // This view cannot be drawn; the next one may.
    this.#parts.log.info({ err: known }, 'a live picture failed');
    if (this.#begun) this.#begun = { ...this.#begun, level: 'final' };
    this.#tell(known);
  }

  #tell({ code, message }: KilnError): void {
    this.#parts.port.message({ type: 'error', code, message, fatal: false });
  }
}

/** Newer inputs rank above older ones, better pictures of one input above worse ones. */
const rankOf = ({ wanted, level }: PicturePlan) => wanted.version * 3 + ['moving', 'still', 'final'].indexOf(level);
