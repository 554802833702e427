import { type Assignment, KilnError, type RenderSettings } from '@kiln/shared';
import { pause } from '../clock.ts';
import { WORKER_LIMITS } from '../limits.ts';
import type { ScenePage } from '../pool/scene-page.ts';
import type { AttemptContext } from './work-parts.ts';

/** Of servers that say none: what a job has that says none. */
const PRIORITY = 50;

/**
 * A slot of the worker and the page's turn.
 *
 * @returns gives both back, and answers whether something more urgent of the tenant took the slot; more calls answer the same.
 */
export async function drawingTurn(
  { tenantId, priority = PRIORITY }: Pick<Assignment, 'tenantId' | 'priority'>,
  page: ScenePage,
  { engine, samples }: Pick<RenderSettings, 'engine' | 'samples'>,
  { pool }: Pick<AttemptContext, 'pool'>,
  signal: AbortSignal,
): Promise<() => boolean> {
  const leaveSlot = await pool.slots.take(signal, { group: tenantId, priority });
  try {
    // A path-traced sample alone may take minutes in software, and gives way in pieces.
    const kind = samples > 1 || engine === 'pathtrace' ? 'long-frame' : 'frame';
    const endTurn = await page.turns.take(kind, signal);
    return () => {
      endTurn();
      return leaveSlot();
    };
  } catch (error) {
    leaveSlot();
    throw error;
  }
}

/** When the attempt is stopped in the middle of a long picture, the page is replaced to free the GPU. */
export async function abandonUnwanted(
  picture: Promise<unknown>,
  page: ScenePage,
  lease: AttemptContext['lease'],
): Promise<void> {
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
  await pause(WORKER_LIMITS.abandonedFrameMs, over.signal);
  if (over.signal.aborted) return;
  await page.close(new KilnError('render.timeout', 'a frame that nobody wants any more was ended'));
}
