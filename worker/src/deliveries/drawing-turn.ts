import type { Assignment, RenderSettings } from '@kiln/shared';
import { PageTaken } from '../browser/page-taken.ts';
import { pause } from '../clock.ts';
import { WORKER_LIMITS } from '../limits.ts';
import type { ScenePage } from '../pool/scene-page.ts';
import type { AttemptContext } from './work-parts.ts';

export interface DrawingTurn {
  /** Gives both back. @returns whether something more urgent of the tenant took the slot; more calls answer the same. */
  end(): boolean;
  isOver(): boolean;
  /** Aborts when something more urgent of the tenant waits for the slot. */
  readonly wanted: AbortSignal;
}

/** Of servers that say none: what a job has that says none. */
const PRIORITY = 50;

/**
 * A slot of the worker and the page's turn.
 *
 * @throws the signal's reason when it aborts before.
 */
export async function drawingTurn(
  { tenantId, priority = PRIORITY }: Pick<Assignment, 'tenantId' | 'priority'>,
  page: ScenePage,
  { engine, samples }: Pick<RenderSettings, 'engine' | 'samples'>,
  { pool }: Pick<AttemptContext, 'pool'>,
  signal: AbortSignal,
): Promise<DrawingTurn> {
  const slot = await pool.slots.take(signal, { group: tenantId, priority });
  try {
    // A path-traced sample alone may take minutes in software, and gives way in pieces.
    const kind = samples > 1 || engine === 'pathtrace' ? 'long-frame' : 'frame';
    const endTurn = await page.turns.take(kind, signal);
    let isOver = false;
    return {
      end: () => {
        isOver = true;
        endTurn();
        return slot.giveBack();
      },
      isOver: () => isOver,
      wanted: slot.wanted,
    };
  } catch (error) {
    slot.giveBack();
    throw error;
  }
}

interface Abandonable {
  readonly page: ScenePage;
  readonly lease: AttemptContext['lease'];
  /** Whether its slot is free again. */
  readonly isDrawn: () => boolean;
}

/** When the attempt is stopped in the middle of a picture that does not end by itself, the page is replaced to free the GPU. */
export async function abandonUnwanted(picture: Promise<unknown>, { page, lease, isDrawn }: Abandonable): Promise<void> {
  const settled = picture.then(
    () => true,
    () => true,
  );
  const stopped = new Promise<false>((resolve) => {
    lease.signal.addEventListener('abort', () => resolve(false), { once: true });
  });
  if (await Promise.race([settled, stopped])) return;
  const over = new AbortController();
  void settled.then(() => over.abort());
  await pause(WORKER_LIMITS.abandonedDrawingMs, over.signal);
  if (isDrawn()) await pause(WORKER_LIMITS.abandonedFrameMs - WORKER_LIMITS.abandonedDrawingMs, over.signal);
  if (over.signal.aborted) return;
  await page.close(new PageTaken('a frame in it is no longer wanted and did not end'));
}
