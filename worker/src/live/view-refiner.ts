/** [LV30] A resting view gets better: drawn slice by slice, sent tile by tile, given up when the view is another. */
import { KilnError, type PictureCodec, type PictureHeader } from '@kiln/shared';
import type { Clock } from '../clock.ts';
import { knownError } from '../known-error.ts';
import { WORKER_LIMITS } from '../limits.ts';
import type { CallHooks, PageAnswer } from '../page-host/page-client.ts';
import type { RefineArguments } from '../pool/page-orders.ts';
import { isLoss } from './page-loss.ts';
import { exactFormat, isFirstOf, type PicturePlan, rankOf } from './picture-plan.ts';
import type { PictureWindow } from './picture-window.ts';
import { stagesOf } from './stage-times.ts';
import { TileOutbox } from './tile-outbox.ts';

/** What of a better picture a session knows. */
export type StageRefineOrder = Omit<RefineArguments, 'key' | 'backend'>;

/** Where it is drawn. */
export interface RefineStage {
  readonly sceneHash: string;
  /** Draws more of a resting view; `hooks.signal` ends it between samples. */
  refine(order: StageRefineOrder, hooks: CallHooks): Promise<PageAnswer<'refine'>>;
  /** Lets go of what was drawn of a resting view. */
  forget(): void;
}

/** The last whole picture that was sent; better ones build on it. */
export interface SentPicture {
  readonly version: number;
  readonly header: PictureHeader;
}

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

  /** The view is another by now, or the session over. */
  stop(): void {
    this.#tiles.clear();
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

  get #mayShow(): boolean {
    return this.#tiles.isEmpty && this.#parts.window.hasRoom;
  }

  #put(plan: PicturePlan, { header }: SentPicture, { result, bytes }: PageAnswer<'refine'>): void {
    if (!result.tiles) return;
    const picture = {
      ...header,
      input: plan.wanted.input,
      depth: null,
      final: result.isOver,
      samples: result.samples,
      stages: stagesOf(result, 0, this.#parts.clock.unixMs()),
      drawEndMs: result.drawEndMs,
    };
    this.#tiles.put(picture, result.tiles, bytes, rankOf(plan));
  }
}
