import type { LayerRequest, Size } from '@kiln/shared';
import type { TrialFarm } from '../src/trial/trial-farm.ts';
import { type BarePages, withBarePages } from './bare-page.ts';
import { type Bench, median } from './measure.ts';
import { runJob, send, withBenchScene, withFarm } from './on-farm.ts';
import { cpuSeconds } from './processes.ts';

/** Traced in seconds, on software too. */
const TRIANGLES = 5_000;
/** Frames of some seconds: what a job takes beside, a tenth of a second, is little of them. */
const SIZE: Size = { widthPx: 320, heightPx: 180 };
const DIVIDED_SIZE: Size = { widthPx: 192, heightPx: 108 };
const SAMPLES = 16;
/** Farm and bare page take turns, so that what else the machine does falls on both. */
const ROUNDS = 2;
const WORKERS = 4;
/** Frames before the one that is measured. */
const WARM_UPS = 2;
/** Samples that a range has at least. */
const BLOCK = 16;

const traced = (frame: number, more: Partial<LayerRequest> = {}): LayerRequest => ({
  engine: 'pathtrace',
  size: SIZE,
  samples: SAMPLES,
  frames: String(frame),
  ...more,
});

export const tracingBench: Bench = {
  name: 'tracing',
  about: `samples per second of a path-traced frame of ${SAMPLES} samples, farm ÷ bare page; and CPU seconds of one frame over ${WORKERS} workers ÷ over 1`,
  run: (report) =>
    withBenchScene(async (path) => {
      await withFarm({ KILN_SLOTS: '1', KILN_WORKERS: '1' }, async (farm) => {
        const scene = await send(farm, path);
        await withBarePages(path, 1, async (bare) => {
          const rates = await compare(farm, scene.id, bare);
          report({ name: 'tracing.farm', value: median(rates.map(({ farm }) => farm)), unit: 'samples/s', target: '' });
          report({ name: 'tracing.bare', value: median(rates.map(({ bare }) => bare)), unit: 'samples/s', target: '' });
          const ratio = median(rates.map(({ farm, bare }) => farm / bare));
          report({ name: 'tracing.ratio', value: ratio, unit: 'ratio', target: '≥ 0.95' });
        });
      });
      const one = await frameCpuSeconds(path, 1);
      const several = await frameCpuSeconds(path, WORKERS);
      report({ name: 'tracing.cpu.workers-1', value: one, unit: 's', target: '' });
      report({ name: `tracing.cpu.workers-${WORKERS}`, value: several, unit: 's', target: '' });
      report({ name: 'tracing.cpu.ratio', value: several / one, unit: 'ratio', target: '≤ 1.15' });
    }, TRIANGLES),
};

/** Samples per second of the farm, from submitting to the job's end, and of the bare page beside it. */
async function compare(farm: TrialFarm, sceneId: string, bare: BarePages) {
  // Compiles the tracer, on either side.
  await runJob(farm, sceneId, traced(0, { samples: 1 }));
  await bare.framesPerSec(traced(0, { samples: 1 }), 1);
  const rates: { readonly farm: number; readonly bare: number }[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const before = await bare.framesPerSec(traced(round), 1);
    const { totalMs } = await runJob(farm, sceneId, traced(round));
    const after = await bare.framesPerSec(traced(round), 1);
    rates.push({ farm: (SAMPLES * 1_000) / totalMs, bare: (SAMPLES * (before + after)) / 2 });
  }
  return rates;
}

/** Of everything that the farm runs, for one frame divided into as many ranges of samples as there are workers. */
function frameCpuSeconds(path: string, workers: number): Promise<number> {
  return withFarm({ KILN_SLOTS: '1', KILN_WORKERS: String(workers) }, async (farm) => {
    const { pid } = farm.process;
    if (pid === undefined) throw new Error('the farm has no process');
    const scene = await send(farm, path);
    const divided = { size: DIVIDED_SIZE, ...(workers > 1 && { splitSamples: workers }) };
    // Every worker loads the scene and compiles the tracer, which takes longer than what else it does; the second time who did not the first.
    for (let frame = 0; frame < WARM_UPS; frame++) {
      await runJob(farm, scene.id, traced(frame, { ...divided, samples: workers * BLOCK }));
    }
    const before = cpuSeconds(pid);
    await runJob(farm, scene.id, traced(WARM_UPS, { ...divided, samples: WORKERS * BLOCK }));
    return cpuSeconds(pid) - before;
  });
}
