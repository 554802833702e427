/**
 * One viewer's session: what it wants, what is drawn next, and how many pictures are on their way. It knows neither the
 * socket nor the browser; both are passed in.
 */
import {
  type CodecsMessage,
  encodePicture,
  type HandOver,
  KilnError,
  type SessionStart,
  type ViewerMessage,
} from '@kiln/shared';
import { pause } from '../clock.ts';
import { knownError } from '../known-error.ts';
import type { LoadResult } from '../page/contract.ts';
import type { PageAnswer } from '../page-host/page-client.ts';
import { DrawnTime } from './drawn-time.ts';
import { LinkPacer } from './link-pacer.ts';
import { LiveInput, type Wanted } from './live-input.ts';
import type { LiveSessionParts } from './live-session-parts.ts';
import { drawOrder } from './live-stage.ts';
import { isLoss } from './page-loss.ts';
import { PickDesk } from './pick-desk.ts';
import { wholeHeader } from './picture-header.ts';
import {
  isRefined,
  kindOf,
  leastRankOf,
  losesAlpha,
  type PictureLevel,
  type PicturePlan,
  rankOf,
} from './picture-plan.ts';
import { type BegunPicture, PictureWindow } from './picture-window.ts';
import { Planner } from './planner.ts';
import { Rehearsal } from './rehearsal.ts';
import { SessionCounts } from './session-counts.ts';
import type { RelayMessage } from './session-socket.ts';
import { SessionVoice } from './session-voice.ts';
import { standingPicture } from './standing-view.ts';
import { type ChainLink, VideoChain } from './video-chain.ts';
import { ViewHandOver } from './view-hand-over.ts';
import { type SentPicture, ViewRefiner } from './view-refiner.ts';
import { woken } from './woken.ts';

/** Pages that may be lost without a final picture between: a scene that crashes every page that draws it is given up. */
const PAGES_LOST = 3;

export class LiveSession {
  readonly counts = new SessionCounts();
  readonly #parts: LiveSessionParts;
  readonly #ended = new AbortController();
  readonly #link = new LinkPacer();
  readonly #window = new PictureWindow(
    this.counts,
    () => this.#link.windowAt(this.#parts.clock.monotonicMs()),
    (sequence, isMoving) => this.#link.sent(sequence, isMoving, this.#parts.clock.monotonicMs()),
  );
  readonly #chain = new VideoChain();
  readonly #planner: Planner;
  readonly #refiner: ViewRefiner;
  readonly #voice: SessionVoice;
  readonly #drawn: DrawnTime;
  readonly #picks: PickDesk;
  readonly #rehearsal: Rehearsal;
  readonly #handing: ViewHandOver;
  #sent: SentPicture | null = null;
  #start: SessionStart | null = null;
  #input: LiveInput | null = null;
  #loaded: LoadResult | null = null;
  #begun: { version: number; level: PictureLevel } | null = null;
  #isBusy = { live: false, refine: false };
  /** Since the last final picture. */
  #pagesLost = 0;
  #wake: () => void = () => {};

  constructor(parts: LiveSessionParts) {
    this.#parts = parts;
    const { stage, clock, log, port } = parts;
    this.#voice = new SessionVoice(port, log);
    this.#drawn = new DrawnTime(clock, (drawnMs) => {
      if (this.#start?.countsDrawn) port.message({ type: 'drawn', drawnMs });
    });
    this.#handing = new ViewHandOver({ stage, log, send: parts.sendSums, say: (message) => port.message(message) });
    this.#planner = new Planner({ clock, link: this.#link, chain: this.#chain });
    this.#rehearsal = new Rehearsal(stage, log, this.#drawn);
    this.#picks = new PickDesk(stage, (answer) => port.message(answer), this.#ended.signal);
    this.#refiner = new ViewRefiner({
      stage,
      clock,
      window: this.#window,
      send: (message) => this.#voice.picture(message),
      isWayWide: () => this.#link.isWide,
    });
  }

  /** The session as the viewer wants it now; again when a viewer has come back on the same socket (LV22). */
  start(start: SessionStart): void {
    const input = new LiveInput(start, this.#parts.clock.monotonicMs());
    const before = { input: this.#input, start: this.#start };
    const standing = this.#loaded && standingPicture(this.#sent, before, { input, start });
    this.#start = start;
    this.#input = input;
    this.#window.reset();
    this.#chain.reset();
    this.#link.reset();
    this.#picks.forget();
    if (this.#loaded) this.#voice.announce(this.#loaded);
    else this.#voice.loading(null);
    if (standing) this.#goOn(input, standing);
    else {
      this.#begun = this.#sent = null;
      this.#refiner.stop();
    }
    this.#wake();
  }

  /** [LV22] With all samples of what was sent. */
  #goOn(input: LiveInput, standing: SentPicture): void {
    input.goesOn(standing.version);
    this.#refiner.restart();
    if (!input.wanted) return;
    this.#picks.drawing(input.wanted);
    void this.#catchUp(input.wanted, standing);
  }

  /** A message that the relay has checked. */
  receive(message: RelayMessage): void {
    if (message.type === 'bye') this.end();
    else if (message.type === 'ack') this.#acknowledge(message);
    else if (message.type === 'hand-over') this.#handOver(message);
    else if (message.type === 'refresh') this.#drawAgain();
    else if (message.type === 'codecs') this.#readBy(message);
    else if (message.type === 'pick') this.#picks.ask(message, this.#loaded !== null);
    else if (message.type !== 'camera') this.#take(message);
    this.#wake();
  }

  #take(message: Extract<RelayMessage, { type: 'pose' | 'view' }>): void {
    const [input, sent] = [this.#input, this.#sent];
    const isResting = input?.wanted?.view.tiles && sent?.version === input.version && !sent.header.moving;
    if (isResting && input.repeats(message)) {
      this.#refiner.answers(message.input);
      // Nothing better comes that could answer it.
      if (this.#begun?.level === 'final') this.#goOn(input, sent);
    } else if (input?.take(message, this.#parts.clock.monotonicMs())) {
      this.counts.took();
      if (message.type === 'view') this.#voice.shows(message.view);
      this.#refiner.stop();
    }
  }

  /** [LV39] What is drawn goes on. */
  #handOver(message: HandOver): void {
    const wanted = this.#input?.wanted;
    const isShown = wanted?.input === message.input && !losesAlpha(wanted.view, this.#start?.codecs ?? []);
    const order = isShown ? { version: wanted.version, view: wanted.view, samples: message.samples } : null;
    void this.#handing.give(message, order, this.#ended.signal);
  }

  /** [LV6] */
  #acknowledge({ picture, decodeMs, uploadMs, broken }: Extract<ViewerMessage, { type: 'ack' }>): void {
    if (broken) this.#chain.wasBroken(picture);
    else if (uploadMs > 0) this.#chain.painted(picture);
    if (!this.#window.acknowledge(picture)) return;
    this.#link.acknowledged(picture, decodeMs + uploadMs, this.#parts.clock.monotonicMs());
    this.#refiner.acknowledged();
  }

  /** [LV35, LV41] A resting picture that got better, as it stands; anything else once more. */
  #drawAgain(): void {
    this.#chain.cut();
    const wanted = this.#input?.wanted;
    const sent = this.#sent;
    const isStanding = wanted?.view.tiles && sent?.version === wanted.version && !sent.header.moving;
    if (isStanding) void this.#catchUp(wanted, sent);
    else this.#drawAnew();
  }

  /** Never rejects. */
  async #catchUp(wanted: Wanted, sent: SentPicture): Promise<void> {
    const caughtUp = await this.#refiner.catchUp(wanted, sent, this.#start?.codecs ?? []).catch((error: unknown) => {
      this.#parts.log.info({ err: error }, 'a resting picture is not known any more');
      return 'anew' as const;
    });
    if (this.#input?.version !== wanted.version || this.#sent?.version !== wanted.version) return;
    if (caughtUp === 'anew') this.#drawAnew();
    // Its last tiles are sent once more.
    else if (caughtUp === 'going' && this.#begun?.level === 'final') this.#begun = { ...this.#begun, level: 'still' };
    this.#wake();
  }

  /** [LV41] What is drawn goes on, unless it is see-through for some of them only. */
  #readBy({ codecs }: CodecsMessage): void {
    if (!this.#start) return;
    const before = this.#start.codecs;
    this.#start = { ...this.#start, codecs };
    this.#chain.cut();
    const view = this.#input?.wanted?.view;
    if (view && losesAlpha(view, before) !== losesAlpha(view, codecs)) this.#drawAnew();
  }

  /** What was begun last, once more. One of one sample is followed by a better one anyway. */
  #drawAnew(): void {
    const begun = this.#begun;
    const wanted = this.#input?.wanted;
    this.#refiner.stop();
    if (wanted) this.#window.again(leastRankOf(wanted.version));
    if (wanted?.view.tiles) this.#begun = null;
    else if (begun?.level === 'final') this.#begun = { ...begun, level: 'still' };
    else if (begun?.level === 'moving') this.#begun = null;
  }

  end(): void {
    this.#drawn.say();
    this.#ended.abort(new KilnError('live.session_gone', 'the session ended'));
    this.#refiner.stop();
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
        if (!(error instanceof KilnError && isLoss(error)) || ++this.#pagesLost >= PAGES_LOST) throw error;
        this.#parts.log.warn({ err: error }, 'the page of a live session is gone: loading again');
        this.#loaded = null;
        this.#voice.loadingText = 'The renderer stopped; loading the scene again';
        if (this.#start) this.#voice.loading(null);
        await pause(500, signal);
      }
    }
  }

  async #load(lost: AbortController): Promise<void> {
    const tellLoading = (progress: number | null) => this.#start && this.#voice.loading(progress);
    tellLoading(null);
    const hooks = { onProgress: tellLoading, onLost: (reason: KilnError) => lost.abort(reason) };
    const loaded = await this.#parts.stage.load(hooks, this.#ended.signal);
    this.#loaded = loaded;
    this.#begun = this.#sent = null;
    this.#window.renew();
    this.#isBusy = { live: false, refine: false };
    this.#rehearsal.restart();
    this.#refiner.stop();
    if (this.#start) this.#voice.announce(loaded);
  }

  /** Draws whenever there is something to draw. Ends when the page is lost, or with the session. */
  async #drawAll(lost: AbortController): Promise<void> {
    const signal = AbortSignal.any([this.#ended.signal, lost.signal]);
    while (!signal.aborted) {
      const plan = this.#next();
      if (this.#firstOfMovement()) await this.#rehearse(signal);
      else if (plan) await this.#drawOne(plan, lost, signal);
      else await this.#sleep(signal);
    }
    lost.signal.throwIfAborted();
  }

  /** What may be begun now. */
  #next(): PicturePlan | null {
    const plan = this.#isBusy.live ? null : this.#planner.next(this.#input, this.#start, this.#begun);
    if (!plan) return null;
    if (isRefined(plan)) return !this.#isBusy.refine && this.#refiner.isDue ? plan : null;
    // A long picture of many samples keeps no newer one waiting.
    const hasRoom = this.#isBusy.refine ? !this.#window.isFull : this.#window.hasRoom;
    return hasRoom ? plan : null;
  }

  /** Whatever comes meanwhile goes before. */
  #rehearse(signal: AbortSignal): Promise<void> {
    const changed = new AbortController();
    this.#wake = () => changed.abort();
    return this.#rehearsal.draw(() => this.#firstOfMovement(), AbortSignal.any([signal, changed.signal]));
  }

  /** [LV28] Once this view is on its way, and before it gets better. */
  #firstOfMovement(): PicturePlan | null {
    const isDrawn = this.#begun?.version === this.#input?.version && this.#begun?.level !== 'moving';
    if (!isDrawn || this.#isBusy.live || this.#isBusy.refine || this.#window.isMaking) return null;
    return this.#rehearsal.due(this.#planner.moving(this.#input, this.#start));
  }

  /** Until something changes, or the hand that moved has come to rest. */
  #sleep(signal: AbortSignal): Promise<void> {
    const restsInMs = this.#input?.restsInMs(this.#parts.clock.monotonicMs()) ?? 0;
    return woken(restsInMs, signal, (wake) => {
      this.#wake = wake;
    });
  }

  /** Waits for the page's turn, then draws what is wanted by then. Resolves when the next may be begun. */
  async #drawOne(planned: PicturePlan, lost: AbortController, signal: AbortSignal): Promise<void> {
    const kind = kindOf(planned);
    const changed = new AbortController();
    if (kind === 'refine') this.#wake = () => changed.abort();
    const letGo = await this.#parts.stage.turn(kind, AbortSignal.any([signal, changed.signal])).catch(() => null);
    if (!letGo) return;
    const plan = this.#planner.next(this.#input, this.#start, this.#begun);
    if (!plan || kindOf(plan) !== kind) {
      letGo();
      return;
    }
    const free = this.#drawn.until(letGo);
    if (isRefined(plan)) {
      void this.#refine(plan, free, lost);
      return;
    }
    const beganAtMs = this.#parts.clock.monotonicMs();
    this.#begun = { version: plan.wanted.version, level: plan.level };
    const isMoving = plan.level === 'moving';
    this.#rehearsal.begun(plan);
    this.#picks.drawing(plan.wanted);
    this.counts.began();
    const begun = this.#window.begin(rankOf(plan), isMoving);
    this.#isBusy[kind] = true;
    const link = plan.video.length > 0 ? this.#chain.begin() : null;
    if (!link) this.#chain.cut();
    const order = drawOrder(plan, this.#parts.stage.sceneHash, link);
    const onDrawn = () => {
      free();
      this.#isBusy[kind] = false;
      this.#wake();
    };
    this.#parts.stage
      .draw(order, { onDrawn })
      .then((answer) => this.#deliver(plan, begun, link, answer, beganAtMs))
      .catch((error: unknown) => {
        begun.drop();
        this.#chain.cut();
        this.#failed(error, plan, lost);
      })
      .finally(() => this.#wake());
  }

  /** Never rejects. */
  async #refine(plan: PicturePlan, free: () => void, lost: AbortController): Promise<void> {
    this.#isBusy.refine = true;
    try {
      const isOver = await this.#refiner.draw(plan, this.#sent, this.#start?.codecs ?? [], free);
      if (isOver) {
        this.#pagesLost = 0;
        this.#begun = { version: plan.wanted.version, level: 'final' };
      }
    } catch (error) {
      this.#failed(error, plan, lost);
    } finally {
      free();
      this.#isBusy.refine = false;
      this.#wake();
    }
  }

  #deliver(
    plan: PicturePlan,
    begun: BegunPicture,
    link: ChainLink | null,
    { result, bytes }: PageAnswer<'live'>,
    beganAtMs: number,
  ): void {
    const { video } = result;
    if (plan.level === 'final') this.#pagesLost = 0;
    this.#planner.drawn(plan, result);
    const isReadable = !link || !video || this.#chain.isReadable(link, video.isKey);
    if (!isReadable) begun.drop();
    const sequence = isReadable ? begun.send() : null;
    if (sequence === null || !video) this.#chain.cut();
    if (sequence === null || this.#ended.signal.aborted) return;
    if (link && video) this.#chain.sent(link, video.isKey, sequence);
    const header = wholeHeader(plan, sequence, result, beganAtMs, this.#parts.clock.unixMs());
    const colourBytes = bytes.length - (result.depth?.sizeBytes ?? 0);
    const [colour, depth] = [bytes.subarray(0, colourBytes), bytes.subarray(colourBytes)];
    this.#sent = { version: plan.wanted.version, header, colour, depth };
    this.#voice.picture(encodePicture(header, colour, depth));
  }

  #failed(error: unknown, { wanted }: PicturePlan, lost: AbortController): void {
    if (this.#ended.signal.aborted) return;
    const known = knownError(error);
    if (isLoss(known)) {
      lost.abort(known);
      return;
    }
    // This view cannot be drawn; the next one may.
    this.#parts.log.info({ err: known }, 'a live picture failed');
    if (this.#begun?.version === wanted.version) this.#begun = { ...this.#begun, level: 'final' };
    this.#voice.failed(known, wanted.view);
  }
}
