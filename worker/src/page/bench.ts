import type { BenchOutcome, PageCall } from './contract.ts';
import { frameOrder } from './encode/frame-order.ts';
import { drawPicture } from './engine/draw-picture.ts';
import type { PageServices } from './page-services.ts';
import { frameShot, holdAssets } from './shots.ts';

/**
 * The bare loop that the farm is measured against: draw a frame, await its encoded bytes, draw the next, as the author
 * of a plain page would write it. Same engine, same encoder, hash and statistics included; no transport, no overlap of
 * encoding and drawing. Nothing else is drawn meanwhile.
 */
export async function benchFrames(
  services: PageServices,
  { sceneHash, settings, firstFrame, count }: Extract<PageCall, { call: 'bench' }>,
): Promise<BenchOutcome> {
  const { room, queue, encoder, scenes } = services;
  const { scene, release } = scenes.use(sceneHash);
  const held = await holdAssets(services, settings, scene);
  try {
    return await queue.run('bench', async () => {
      const startedAt = performance.now();
      for (let frame = firstFrame; frame < firstFrame + count; frame += 1) {
        const shot = frameShot(scene, settings, frame, held.assets);
        const drawn = await drawPicture(room, shot, async () => {});
        await encoder.encode(frameOrder(drawn, shot, { sceneHash, settings, frameNumber: frame }));
      }
      return { frames: count, totalMs: performance.now() - startedAt };
    });
  } finally {
    held.release();
    release();
  }
}
