/** [LV39] What is summed of a resting view goes to the server, range by range, for a job that begins with it. */
import {
  type Backend,
  type HandedRange,
  type HandedSums,
  type HandOver,
  KilnError,
  LIMITS,
  type LiveView,
} from '@kiln/shared';
import { knownError } from '../known-error.ts';
import type { Log } from '../log.ts';
import type { ReceivedFile } from '../page-host/page-site.ts';
import type { SumsOfRange } from '../pool/page-orders.ts';

/** A view, and a frame that may begin with what is summed of it. */
export interface SumsOrder {
  readonly version: number;
  readonly view: LiveView;
  /** Of the frame. */
  readonly samples: number;
}

/** Its files are there as long as they are asked for. */
export interface SummedView {
  readonly sums: readonly SumsOfRange[];
  readonly endedBy?: 'noise' | undefined;
  readonly backend: Backend;
}

export interface SumsStage {
  /** Lends what is summed of a view; null where nothing is, or the view is another by now. */
  withSums<T>(order: SumsOrder, use: (summed: SummedView | null) => Promise<T>): Promise<T>;
}

export interface ViewHandOverParts {
  readonly stage: SumsStage;
  /** Sends sums to the server. */
  readonly send: (file: ReceivedFile, signal: AbortSignal) => Promise<void>;
  readonly say: (message: HandedSums) => void;
  readonly log: Log;
}

/** The answer is there before the server waits no more. */
const ANSWER_MS = LIMITS.liveHandOverMs - 2_000;

export class ViewHandOver {
  readonly #parts: ViewHandOverParts;

  constructor(parts: ViewHandOverParts) {
    this.#parts = parts;
  }

  /**
   * Never rejects: what cannot be handed over is drawn anew.
   *
   * @param seen null where the view is another by now.
   */
  async give({ id }: HandOver, seen: SumsOrder | null, over: AbortSignal): Promise<void> {
    const { stage, say, log } = this.#parts;
    say({ type: 'sums', id, over: false, ranges: [] });
    const ranges: HandedRange[] = [];
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new KilnError('client.unreachable', 'it took too long')), ANSWER_MS);
    const signal = AbortSignal.any([over, late.signal]);
    const end: { backend?: Backend; fault?: string } = {};
    try {
      if (seen) {
        await stage.withSums(seen, async (summed) => {
          if (!summed) return;
          end.backend = summed.backend;
          await this.#send(summed, ranges, signal);
        });
      }
    } catch (error) {
      const { message } = knownError(signal.aborted ? signal.reason : error);
      log.info({ err: error }, 'a view was not handed over as far as it is drawn');
      end.fault = message.slice(0, 500);
    } finally {
      clearTimeout(timer);
    }
    say({ type: 'sums', id, over: true, ranges, ...end });
  }

  /** @param ranges those that the server has. */
  async #send({ sums, endedBy }: SummedView, ranges: HandedRange[], signal: AbortSignal): Promise<void> {
    for (const [place, { samples, noise, file }] of sums.entries()) {
      await this.#parts.send(file, signal);
      const { sha256, sizeBytes } = file;
      const isLast = place === sums.length - 1;
      const end = { ...(isLast && endedBy && { endedBy }), ...(noise !== undefined && { noise }) };
      ranges.push({ samples, sha256, sizeBytes, ...end });
    }
  }
}
