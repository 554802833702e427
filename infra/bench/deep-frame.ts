import type { Frame, LayerRequest, Pass } from '@kiln/shared';
import { type Bench, median } from './measure.ts';
import { runJob, send, withBenchScene, withFarm } from './on-farm.ts';

/** 4 + 1 + 3 + 3 + 12 channels. */
const PASSES: Pass[] = ['beauty', 'depth', 'normal', 'position', 'crypto-object'];
const RUNS = 3;
const layer = (frame: number): LayerRequest => ({
  frames: String(frame),
  size: { widthPx: 1_920, heightPx: 1_080 },
  format: 'exr',
  bitDepth: 'float',
  passes: PASSES,
});

export const deepFrameBench: Bench = {
  name: 'deep-frame',
  about: 'an OpenEXR of 23 float channels at 1,920×1,080: from its last sample to the stored file',
  run: (report) =>
    withBenchScene((path) =>
      withFarm({ KILN_SLOTS: '1', KILN_WORKERS: '1' }, async (farm) => {
        const scene = await send(farm, path);
        await runJob(farm, scene.id, layer(0));
        const frames: Frame[] = [];
        for (let frame = 1; frame <= RUNS; frame++) {
          const { job } = await runJob(farm, scene.id, layer(frame));
          frames.push(...(await farm.client.listFrames({ params: { jobId: job.id }, query: {} })).items);
        }
        const stages = frames.map(({ stages: { draw, encode, deliver = draw } }) => ({
          encode: encode.durationMs,
          deliver: deliver.durationMs,
          total: deliver.startedAtMs + deliver.durationMs - draw.startedAtMs - draw.durationMs,
        }));
        const sec = (of: (frame: (typeof stages)[number]) => number) => median(stages.map(of)) / 1_000;
        report({ name: 'deep-frame.encode', value: sec(({ encode }) => encode), unit: 's', target: '' });
        report({ name: 'deep-frame.deliver', value: sec(({ deliver }) => deliver), unit: 's', target: '' });
        report({ name: 'deep-frame.total', value: sec(({ total }) => total), unit: 's', target: '≤ 1.5' });
        report({
          name: 'deep-frame.size',
          value: median(frames.map(({ sizeBytes }) => sizeBytes)) / 1e6,
          unit: 'MB',
          target: '',
        });
      }),
    ),
};
