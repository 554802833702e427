/** Web worker: checks scenes that are not trusted, beside the page's own thread, which goes on drawing. */
import { SceneFiles } from '../scene/scene-files.ts';
import { checkScene } from './check-scene.ts';
import { refusalOf } from './refuse.ts';
import type { CheckReply, CheckRequest } from './scene-facts.ts';

addEventListener('message', ({ ports: [port] }: MessageEvent) => {
  if (!port) return;
  const reply = (message: CheckReply) => port.postMessage(message);
  port.onmessage = async ({ data: { scene, origin } }: MessageEvent<CheckRequest>) => {
    try {
      reply({ facts: await checkScene(new SceneFiles(scene, origin), (fraction) => reply({ fraction })) });
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal) return reply({ refusal });
      const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
      reply({ error: message, stack });
    }
  };
});
