import { afterEach } from 'vitest';
import { FakeWorker, type FakeWorkerOptions } from './fake-worker.ts';

/**
 * Workers of a test, which leave and stop after it.
 *
 * @param url of the farm, asked when a worker is added.
 * @returns adds a worker, and resolves when it has registered.
 */
export function useWorkers(url: () => string): (options?: FakeWorkerOptions) => Promise<FakeWorker> {
  const workers: FakeWorker[] = [];
  afterEach(async () => {
    for (const worker of workers.splice(0)) {
      if (!worker.dead) await worker.goodbye().catch(() => {});
      await worker.stop();
    }
  });
  return async (options = {}) => {
    const worker = await new FakeWorker(url(), options).start();
    workers.push(worker);
    return worker;
  };
}
