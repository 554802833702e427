import type { Refusal } from '@kiln/shared';
import type { SceneContent } from '../scene/scene-files.ts';
import { startWorker } from '../start-worker.ts';
import type { CheckReply, CheckRequest, SceneFacts } from './scene-facts.ts';

export type Checked = { readonly facts: SceneFacts } | { readonly refusal: Refusal };

/**
 * Checks a scene in a web worker of its own, which ends with the check: an untrusted scene leaves nothing behind.
 *
 * @throws Error when the check itself fails.
 */
export async function checkOnce(scene: SceneContent, onFraction: (fraction: number) => void): Promise<Checked> {
  let fail: (error: Error) => void = () => {};
  const { port, end } = await startWorker('check-worker', (message) => fail(new Error(message)));
  try {
    return await new Promise<Checked>((resolve, reject) => {
      fail = reject;
      port.onmessage = ({ data }: MessageEvent<CheckReply>) => {
        if ('fraction' in data) onFraction(data.fraction);
        else if ('error' in data)
          reject(Object.assign(new Error(`the checks failed: ${data.error}`), { stack: data.stack }));
        else resolve(data);
      };
      port.postMessage({ scene, origin: location.origin } satisfies CheckRequest);
    });
  } finally {
    end();
  }
}
