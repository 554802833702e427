import { type Bench, percentile } from './measure.ts';
import { clientOf, send, withBenchScene, withFarm } from './on-farm.ts';

const JOBS = 1_000;
/** Scripts that submit at the same time, each the next job as soon as the last was taken. */
const SUBMITTERS = 8;
const LAYER = { size: { widthPx: 64, heightPx: 64 }, frames: '1-10' };
const IDLE_MS = 3_000;

export const eventLoopBench: Bench = {
  name: 'event-loop',
  about: 'how late the server’s event loop is (p99) while 1,000 jobs arrive and frames are rendered',
  run: (report) =>
    withBenchScene((path) =>
      withFarm({}, async (farm) => {
        const scene = await send(farm, path);
        const { client } = clientOf(farm);
        await client.eventLoop();
        await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
        const idle = await client.eventLoop();
        const answerMs: number[] = [];
        let left = JOBS;
        const submit = async () => {
          while (left-- > 0) {
            const startedAt = performance.now();
            await client.createJob({ body: { sceneId: scene.id, layers: [LAYER] } });
            answerMs.push(performance.now() - startedAt);
          }
        };
        const startedAt = performance.now();
        await Promise.all(Array.from({ length: SUBMITTERS }, submit));
        const tookMs = performance.now() - startedAt;
        const busy = await client.eventLoop();
        report({ name: 'event-loop.p99', value: busy.p99Ms, unit: 'ms', target: '< 20' });
        report({ name: 'event-loop.max', value: busy.maxMs, unit: 'ms', target: '' });
        report({ name: 'event-loop.idle-p99', value: idle.p99Ms, unit: 'ms', target: '' });
        report({ name: 'event-loop.answer-p50', value: percentile(answerMs, 50), unit: 'ms', target: '' });
        report({ name: 'event-loop.answer-p99', value: percentile(answerMs, 99), unit: 'ms', target: '' });
        report({ name: 'event-loop.submitted', value: (JOBS * 1_000) / tookMs, unit: 'jobs/s', target: '' });
      }),
    ),
};
