import { readWorkerConfig, startWorker } from '@kiln/worker';
import { processEnvironment } from '../config.ts';
import { INFRA_LIMITS } from '../limits.ts';
import { reportReady } from '../supervisor/child-messages.ts';
import { onStop } from '../supervisor/stop-signals.ts';

/** Runs a worker in this process until it is told to stop. */
export async function runWorker(): Promise<void> {
  const worker = await startWorker(readWorkerConfig(processEnvironment()).config);
  onStop(() => worker.close(), INFRA_LIMITS.drainMs);
  reportReady(worker.description);
}
