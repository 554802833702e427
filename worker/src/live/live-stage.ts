/** Where a session draws. */

import type { KilnError } from '@kiln/shared';
import type { LoadResult } from '../page/contract.ts';
import type { CallHooks, PageAnswer } from '../page-host/page-client.ts';
import type { LiveArguments } from '../pool/page-orders.ts';
import type { PickStage } from './pick-desk.ts';
import type { PicturePlan } from './picture-plan.ts';
import type { SumsStage } from './view-hand-over.ts';
import type { RefineStage } from './view-refiner.ts';

export interface LoadHooks {
  readonly onProgress: (fraction: number) => void;
  readonly onLost: (reason: KilnError) => void;
}

/** What of a picture a session knows. */
export type StageDrawOrder = Omit<LiveArguments, 'video'> & {
  readonly video?: Omit<NonNullable<LiveArguments['video']>, 'key'>;
};

/** A scene on a page, as a session uses it. */
export interface LiveStage extends RefineStage, PickStage, SumsStage {
  /** Loads the scene, on a fresh page if the last one was lost, which `onLost` tells. */
  load(hooks: LoadHooks, signal: AbortSignal): Promise<LoadResult>;
  draw(order: StageDrawOrder, hooks: CallHooks): Promise<PageAnswer<'live'>>;
}

/** @param link of a video that the picture is part of. */
export function drawOrder(
  plan: PicturePlan,
  sceneHash: string,
  link: { readonly isKey: boolean } | null,
): StageDrawOrder {
  const { pose, size, format, quality, samples } = plan;
  return {
    ...{ sceneHash, view: plan.wanted.view, pose, size, format, quality, samples },
    isMoving: plan.level === 'moving',
    ...(link && { video: { codecs: plan.video, isKey: link.isKey } }),
  };
}
