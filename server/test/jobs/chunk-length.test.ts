/** Tasks that are meant to take so many seconds. */
import type { Job } from '@kiln/shared';
import { expect, test } from 'vitest';
import { audit } from '../../src/audit/audit.ts';
import { useTenant } from '../tenant-fixture.ts';

const own = useTenant();
const { addWorker, ended, jobNow, post, tasksOf } = own;
const size = { widthPx: 64, heightPx: 64 };

const holds = async () => {
  const { checks } = await audit(own.farm.services, { bytes: false });
  expect(checks.filter(({ violations }) => violations > 0)).toEqual([]);
};

test('the first tasks have one frame each; the others as many as take the time, and each frame is drawn once', async () => {
  await addWorker({ identity: { slots: 1 }, frameMs: 60, drawMs: () => 2_000 });
  const job = await post<Job>('/jobs', {
    sceneId: own.sceneId,
    layers: [
      { name: 'plate', frames: '1-80', size, chunk: { seconds: 10.5 } },
      { name: 'over', frames: '1-80', size, chunk: { seconds: 10.5 }, needs: [{ layer: 'plate', frames: 'same' }] },
    ],
  });
  expect(job.layers[0]).toMatchObject({ chunk: 1, singleTasks: 0, chunkSec: 10.5, isChunkOpen: true });
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 160 });
  const { layers } = await jobNow(job);
  for (const { id, chunk, singleTasks, isChunkOpen } of layers) {
    expect({ chunk, isChunkOpen }).toEqual({ chunk: 5, isChunkOpen: false });
    const tasks = (await tasksOf(job)).filter(({ layerId }) => layerId === id);
    expect(tasks.flatMap(({ frames }) => frames)).toEqual(Array.from({ length: 80 }, (_, at) => at + 1));
    expect(tasks.slice(0, singleTasks).every(({ frames }) => frames.length === 1)).toBe(true);
    expect(tasks.slice(singleTasks, -1).every(({ frames }) => frames.length === 5)).toBe(true);
    expect(singleTasks).toBeLessThan(80);
  }
  await holds();
}, 120_000);

test('frames that take longer than that are drawn one by one', async () => {
  await addWorker({ drawMs: () => 40_000 });
  const layers = [{ frames: '1-20', size, chunk: { seconds: 30 }, testFrames: '20' }];
  const job = await post<Job>('/jobs', { sceneId: own.sceneId, layers });
  await ended(job);
  const tasks = await tasksOf(job);
  expect(tasks.map(({ frames }) => frames.length)).toEqual(Array.from({ length: 20 }, () => 1));
  expect(tasks[0]?.frames).toEqual([20]);
  await holds();
});
