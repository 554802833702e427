/** [LV30] A resting view gets better: drawn slice by slice, sent tile by tile, given up when the view is another. */
import {
  encodePicture,
  KilnError,
  LIMITS,
  type LiveView,
  PICTURE_HEADER_BYTES,
  type PictureCodec,
  type PictureHeader,
} from '@kiln/shared';
import type { Clock } from '../clock.ts';
import { knownError } from '../known-error.ts';
import { WORKER_LIMITS } from '../limits.ts';
import type { CallHooks, PageAnswer } from '../page-host/page-client.ts';
import type { RefineArguments, StandingArguments } from '../pool/page-orders.ts';
import type { Wanted } from './live-input.ts';
import { isLoss } from './page-loss.ts';
import { exactFormat, isFirstOf, leastRankOf, type PicturePlan, rankOf, standingFormats } from './picture-plan.ts';
import type { PictureWindow } from './picture-window.ts';
import { stagesOf } from './stage-times.ts';
import { TileOutbox } from './tile-outbox.ts';

/** What of a better picture a session knows. */
export type StageRefineOrder = Omit<RefineArguments, 'key' | 'backend'>;

export type StageStandingOrder = Omit<StandingArguments, 'key'>;

/** Where it is drawn. */
export interface RefineStage {
  readonly sceneHash: string;
  /** Draws more of a resting view; `hooks.signal` ends it between samples. */
  refine(order: StageRefineOrder, hooks: CallHooks): Promise<PageAnswer<'refine'>>;
  /** What `refine` has answered so far, as one picture; null where nothing is known of it. */
  standing(order: StageStandingOrder): Promise<PageAnswer<'standing'> | null>;
  /** Lets go of what was drawn of a resting view. */
  forget(): void;
}

/** The last whole picture that was sent; better ones build on it. */
export interface SentPicture {
  readonly version: number;
  readonly header: PictureHeader;
  readonly colour: Uint8Array;
  readonly depth: Uint8Array;
}

/** [LV41] `over`: nothing better comes; `anew`: the view has to be drawn anew for those that lack it. */
export type CaughtUp = 'going' | 'over' | 'anew';

export interface RefinerParts {
  readonly stage: RefineStage;
  readonly window: PictureWindow;
  readonly clock: Clock;
  readonly send: (message: Uint8Array) => void;
  /** Whether the way to the viewer has room for all that is drawn. */
  readonly isWayWide: () => boolean;
}

interface RefinedView {
  readonly version: number;
  /** All samples are drawn; the last picture may not be shown yet. */
  isDrawn: boolean;
  /** Aborts when the view is another. */
  readonly over: AbortController;
}

export class ViewRefiner {
  readonly #parts: RefinerParts;
  readonly #tiles: TileOutbox;
  #view: RefinedView | null = null;
  /** The viewer has nothing of it: tiles would build on nothing. */
  #lacksWhole = false;
  /** [LV5] The newest input that wants this view; 0: that of its plan. */
  #input = 0;
  /** Better pictures that the page has answered. */
  #steps = 0;

  constructor(parts: RefinerParts) {
    this.#parts = parts;
    this.#tiles = new TileOutbox(parts.window, parts.send, () =>
      parts.isWayWide() ? WORKER_LIMITS.tileBatchBytes : WORKER_LIMITS.narrowBatchBytes,
    );
  }

  /** Whether drawing on leads anywhere now. Not before the picture is sent that better ones build on. */
  get isDue(): boolean {
    return !this.#parts.window.isMaking && (this.#mayShow || !this.#view?.isDrawn);
  }

  /** The viewer has acknowledged something. */
  acknowledged(): void {
    this.#tiles.pump();
  }

  /** The viewer begins anew, and what is drawn goes on: `catchUp` gives it what there is. */
  restart(): void {
    this.#tiles.clear();
    this.#lacksWhole = true;
  }

  /** A newer input wants what is drawn. */
  answers(input: number): void {
    this.#input = input;
  }

  /** The view is another by now, or the session over. */
  stop(): void {
    this.#tiles.clear();
    this.#lacksWhole = false;
    this.#input = 0;
    const view = this.#view;
    if (!view) return;
    this.#view = null;
    view.over.abort(new KilnError('attempt.stale', 'the view is another by now'));
    this.#parts.stage.forget();
  }

  /**
   * Draws for a slice, in its turn, and sends what got better.
   *
   * @param sent what the viewer has.
   * @returns whether nothing better comes.
   * @throws KilnError where it cannot be drawn, or the page is lost; what was stopped meanwhile does not fail otherwise.
   */
  async draw(
    plan: PicturePlan,
    sent: SentPicture | null,
    codecs: readonly PictureCodec[],
    onDrawn: () => void,
  ): Promise<boolean> {
    const { stage } = this.#parts;
    const { version, view: looked } = plan.wanted;
    const view = this.#view ?? { version, isDrawn: false, over: new AbortController() };
    this.#view = view;
    const base = sent?.version === version ? sent : null;
    const order: StageRefineOrder = {
      version,
      sceneHash: stage.sceneHash,
      view: looked,
      pose: plan.pose,
      format: plan.format,
      quality: plan.quality,
      exactFormat: exactFormat(codecs, plan.format),
      sliceMs: WORKER_LIMITS.refineSliceMs,
      mayShow: this.#mayShow && base !== null,
      isFirstShown: isFirstOf(looked),
    };
    try {
      const answer = await stage.refine(order, { onDrawn, signal: view.over.signal });
      if (this.#view !== view) return false;
      view.isDrawn = answer.result.isDrawn;
      if (!base) return view.isDrawn;
      this.#put(plan, base, answer);
      return answer.result.isOver;
    } catch (error) {
      if (this.#view !== view && !isLoss(knownError(error))) return false;
      throw error;
    }
  }

  /**
   * [LV41] Sends the resting picture as it stands, as one: the last whole one with all that got better since, which depth
   * it has. Drawing goes on.
   */
  async catchUp(wanted: Wanted, sent: SentPicture, codecs: readonly PictureCodec[]): Promise<CaughtUp> {
    const view = this.#view;
    for (;;) {
      const before = this.#steps;
      const standing = view && (await this.#standing(view.version, wanted.view, sent, codecs));
      // Something else is drawn by now: that comes whole.
      if (this.#view !== view) return 'going';
      if (view && !standing) return 'anew';
      // What got better meanwhile was sent, and may not be in it.
      if (this.#steps !== before) continue;
      if (standing && standing.result.samples > 0) {
        const { codec, samples, isOver } = standing.result;
        this.#sendStanding(wanted, { ...sent.header, codec, samples, final: isOver }, standing.bytes, sent.depth);
        return isOver ? 'over' : 'going';
      }
      if (!codecs.includes(sent.header.codec)) return 'anew';
      this.#sendStanding(wanted, sent.header, sent.colour, sent.depth);
      return 'going';
    }
  }

  async #standing(version: number, view: LiveView, { depth }: SentPicture, codecs: readonly PictureCodec[]) {
    const maxBytes = LIMITS.livePictureBytes - PICTURE_HEADER_BYTES - depth.length;
    const answer = await this.#parts.stage.standing({ version, view, ...standingFormats(view, codecs), maxBytes });
    return answer?.result ? { result: answer.result, bytes: answer.bytes } : null;
  }

  /** Where others have it, it has the number of what they have: they are not sent it, and miss none. */
  #sendStanding({ version, input }: Wanted, header: PictureHeader, colour: Uint8Array, depth: Uint8Array): void {
    const { window, send } = this.#parts;
    if (!this.#lacksWhole) {
      send(encodePicture({ ...header, sequence: window.newest, catchUp: true }, colour, depth));
      return;
    }
    this.#lacksWhole = false;
    const rank = leastRankOf(version);
    window.again(rank);
    const sequence = window.begin(rank, false).send();
    if (sequence !== null) send(encodePicture({ ...header, sequence, input }, colour, depth));
  }

  get #mayShow(): boolean {
    return this.#tiles.isEmpty && !this.#lacksWhole && this.#parts.window.hasRoom;
  }

  #put(plan: PicturePlan, { header }: SentPicture, { result, bytes }: PageAnswer<'refine'>): void {
    if (!result.tiles) return;
    this.#steps += 1;
    if (this.#lacksWhole) return;
    const picture = {
      ...header,
      input: Math.max(plan.wanted.input, this.#input),
      depth: null,
      final: result.isOver,
      samples: result.samples,
      stages: stagesOf(result, 0, this.#parts.clock.unixMs()),
      drawEndMs: result.drawEndMs,
    };
    this.#tiles.put(picture, result.tiles, bytes, rankOf(plan));
  }
}
