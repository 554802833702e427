import { isErrorCode, KilnError, type Refusal } from '@kiln/shared';
import { refuse } from '../import/refuse.ts';
import { startWorker } from '../start-worker.ts';
import type { PanoramaReply, PanoramaTask, PanoramaTasks } from './panorama-messages.ts';

/**
 * Works on a panorama in a web worker of its own, which ends with the work: 8,192 × 4,096 pixels take seconds and half a
 * gigabyte, and a file that is not trusted leaves nothing behind.
 *
 * @param transfer buffers of `asked` that its owner gives away.
 * @throws KilnError `scene.…` as `readPanorama`.
 */
export async function panoramaAside<K extends PanoramaTask>(
  task: K,
  asked: PanoramaTasks[K]['asked'],
  transfer: readonly ArrayBuffer[] = [],
): Promise<PanoramaTasks[K]['answer']> {
  let fail: (error: Error) => void = () => {};
  const { port, end } = await startWorker('panorama-worker', (message) =>
    fail(new KilnError('render.failed', `A panorama could not be read: ${message}`)),
  );
  try {
    return await new Promise((resolve, reject) => {
      fail = reject;
      port.onmessage = ({ data }: MessageEvent<PanoramaReply>) => {
        if ('answer' in data) resolve(data.answer);
        else if ('refusal' in data) reject(refused(data.refusal));
        else reject(Object.assign(new Error(data.error), { stack: data.stack }));
      };
      port.postMessage({ task, ...asked }, [...transfer]);
    });
  } finally {
    end();
  }
}

const refused = ({ code, message, pointer }: Refusal) =>
  refuse(isErrorCode(code) ? code : 'scene.invalid', message, pointer);
