/** Draws the canary with every engine and graphics interface: what there is to choose from for jobs that leave the choice. */
import { type Capability, ENGINE_ABILITIES, KilnError } from '@kiln/shared';
import type { CanaryResult } from '../page/contract.ts';
import type { EngineDrawing } from './probe-result.ts';

/** What of a page's client this needs. */
interface CanaryClient {
  call(call: 'canary', order: Capability): Promise<{ readonly result: CanaryResult }>;
}

/**
 * @param onDrawn hears each at once: what was drawn counts, although a later one may take the page with it.
 * @throws KilnError when the page is lost
 */
export async function drawWithEngines(client: CanaryClient, onDrawn: (drawing: EngineDrawing) => void): Promise<void> {
  for (const { engine, backend } of ENGINE_ABILITIES) {
    try {
      const { result } = await client.call('canary', { engine, backend });
      const { correct, drawMs } = result;
      onDrawn({ engine, backend, correct, drawMs, error: correct ? null : 'the canary has wrong pixels' });
    } catch (error) {
      // Only what the page itself says of an engine is an answer.
      if (!(error instanceof KilnError) || !ANSWERS.has(error.code)) throw error;
      onDrawn({ engine, backend, correct: false, drawMs: null, error: error.message });
    }
  }
}

const ANSWERS: ReadonlySet<string> = new Set(['render.failed', 'job.unsupported', 'job.too_large']);
