import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WorkerWatch } from '../../src/cli/worker-watch.ts';
import { HEALTH } from './support/scripted-farm.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function watch() {
  const farm = { workersReady: 0, looks: 0, said: [] as boolean[] };
  const client = {
    health: async () => {
      farm.looks += 1;
      return { ...HEALTH, workersReady: farm.workersReady };
    },
  };
  return { farm, watch: new WorkerWatch(client, (isConnected) => farm.said.push(isConnected)) };
}

test('says after three seconds that no worker is connected, and when one is again', async () => {
  const { farm } = watch();
  await vi.advanceTimersByTimeAsync(2_900);
  expect(farm.said).toEqual([]);
  await vi.advanceTimersByTimeAsync(200);
  expect(farm.said).toEqual([false]);
  farm.workersReady = 1;
  await vi.advanceTimersByTimeAsync(6_000);
  expect(farm.said).toEqual([false, true]);
});

test('looks less and less often, and not at all while a worker is heard of', async () => {
  const { farm, watch: workers } = watch();
  for (let second = 0; second < 60; second++) {
    await vi.advanceTimersByTimeAsync(1_000);
    workers.heard();
  }
  expect(farm.looks).toBe(0);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(farm.looks).toBeLessThan(15);
  expect(farm.said).toEqual([false]);
});

test('a worker that is heard of is connected; after the end nothing is said', async () => {
  const { farm, watch: workers } = watch();
  await vi.advanceTimersByTimeAsync(3_000);
  workers.heard();
  expect(farm.said).toEqual([false, true]);
  workers.stop();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(farm.said).toEqual([false, true]);
});
