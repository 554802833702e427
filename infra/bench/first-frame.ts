import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jsonReporter } from '../src/cli/render/json-reporter.ts';
import { render } from '../src/cli/render/render.ts';
import { UploadMemory } from '../src/cli/scene/upload-memory.ts';
import { startTrialFarm, type TrialFarm } from '../src/trial/trial-farm.ts';
import { type Bench, median } from './measure.ts';
import { clientOf, never, send, withBenchScene } from './on-farm.ts';

const WARM_RUNS = 5;

/** Milliseconds from submitting a one-frame job to its file on this disk. */
async function submitToDisk(farm: TrialFarm, sceneId: string, frame: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'kiln-bench-'));
  let onDiskAt = 0;
  const startedAt = performance.now();
  await render(
    clientOf(farm),
    {
      source: sceneId,
      job: { layers: [{ frames: String(frame), size: { widthPx: 640, heightPx: 360 } }] },
      folder,
      memory: new UploadMemory(join(folder, 'uploads.json')),
    },
    {
      ...jsonReporter(() => undefined),
      frame: () => {
        onDiskAt = performance.now();
      },
    },
    never,
  );
  await rm(folder, { recursive: true, force: true });
  return onDiskAt - startedAt;
}

export const firstFrameBench: Bench = {
  name: 'first-frame',
  about: 'submit to first frame on disk: with a worker just started, and with the scene loaded',
  run: (report) =>
    withBenchScene(async (path) => {
      const first = await startTrialFarm({ env: { KILN_NO_INSTALL: '1' } });
      const scene = await send(first, path);
      await first.stop();
      const farm = await startTrialFarm({ home: first.home, env: { KILN_NO_INSTALL: '1' } });
      try {
        report({ name: 'first-frame.cold', value: await submitToDisk(farm, scene.id, 0), unit: 'ms', target: '' });
        const warm: number[] = [];
        for (let frame = 1; frame <= WARM_RUNS; frame++) warm.push(await submitToDisk(farm, scene.id, frame));
        report({ name: 'first-frame.warm', value: median(warm), unit: 'ms', target: '' });
      } finally {
        await farm.remove();
      }
    }),
};
