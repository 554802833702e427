import { KilnError, type RenderSettings } from '@kiln/shared';
import { pause } from '../clock.ts';
import { WORKER_LIMITS } from '../limits.ts';
import type { ScenePage } from '../pool/scene-page.ts';
import type { AttemptContext } from './work-parts.ts';

/** A slot of the worker and the page's turn; the answer gives both back. */
export async function drawingTurn(
  page: ScenePage,
  { engine, samples }: Pick<RenderSettings, 'engine' | 'samples'>,
  { pool }: Pick<AttemptContext, 'pool'>,
  signal: AbortSignal,
): Promise<() => void> {
  const leaveSlot = await pool.slots.take(signal);
  try {
    // A path-traced sample alone may take minutes in software, and gives way in pieces.
    const kind = samples > 1 || engine === 'pathtrace' ? 'long-frame' : 'frame';
    const endTurn = await page.turns.take(kind, signal);
    return () => {
      endTurn();
      leaveSlot();
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
