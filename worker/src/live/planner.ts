/** What is to be drawn next, as large and as good as the page, the way to the viewer and what it reads allow. */
import type { SessionStart } from '@kiln/shared';
import type { Clock } from '../clock.ts';
import { WORKER_LIMITS } from '../limits.ts';
import type { LiveOutcome } from '../page/contract.ts';
import type { LinkPacer } from './link-pacer.ts';
import type { LiveInput } from './live-input.ts';
import { type PicturePlan, type PlanFacts, planPicture } from './picture-plan.ts';
import { ScalePacer } from './scale-pacer.ts';
import type { VideoChain } from './video-chain.ts';

export interface PlannerParts {
  readonly clock: Clock;
  readonly link: Pick<LinkPacer, 'scale' | 'quality' | 'isWide'>;
  readonly chain: Pick<VideoChain, 'isOfUse'>;
}

export class Planner {
  readonly #parts: PlannerParts;
  readonly #pacer = new ScalePacer(WORKER_LIMITS.movingPictureMs);

  constructor(parts: PlannerParts) {
    this.#parts = parts;
  }

  /** @returns null when nothing better can be drawn for what is wanted now. */
  next(input: LiveInput | null, start: SessionStart | null, begun: PlanFacts['begun']): PicturePlan | null {
    const isAtRest = input?.restsInMs(this.#parts.clock.monotonicMs()) === 0;
    return this.#plan(input, start, begun, isAtRest);
  }

  /** What it would be if the hand moved. */
  moving(input: LiveInput | null, start: SessionStart | null): PicturePlan | null {
    return this.#plan(input, start, null, false);
  }

  #plan(
    input: LiveInput | null,
    start: SessionStart | null,
    begun: PlanFacts['begun'],
    isAtRest: boolean,
  ): PicturePlan | null {
    const { clock, link, chain } = this.#parts;
    const wanted = input?.wanted;
    if (!wanted) return null;
    const isWarped = wanted.view.depth === true && !input.changesView(clock.monotonicMs());
    this.#pacer.aimMs = isWarped ? WORKER_LIMITS.warpedPictureMs : WORKER_LIMITS.movingPictureMs;
    const scale = Math.min(this.#pacer.scale, link.scale);
    const codecs = start?.codecs ?? [];
    return planPicture({ wanted, begun, isAtRest, scale, link, codecs, readsVideos: chain.isOfUse });
  }

  /** Tells how long a picture took. */
  drawn({ level, scale }: PicturePlan, { drawMs, readBackMs, encodeMs }: LiveOutcome): void {
    if (level === 'moving') this.#pacer.record(drawMs + readBackMs + encodeMs, scale);
  }
}
