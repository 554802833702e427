import { createLog, readWorkerConfig, startWorker } from '@kiln/worker';
import { processEnvironment } from '../config.ts';
import { INFRA_LIMITS } from '../limits.ts';
import { reportReady } from '../supervisor/child-messages.ts';
import { onStop } from '../supervisor/stop-signals.ts';

/** Runs a worker in this process until it is told to stop. */
export async function runWorker(): Promise<void> {
  const { config, lines } = readWorkerConfig(processEnvironment());
  const log = createLog(config.logLevel);
  log.info({ config: lines }, 'configuration');
  const worker = await startWorker(config, log);
  onStop(() => worker.close(), INFRA_LIMITS.drainMs);
  const { backend, renderer, sandboxed, slots } = worker.identity;
  reportReady(
    `${renderer} by ${backend}, ${slots} ${slots === 1 ? 'slot' : 'slots'}, sandbox ${sandboxed ? 'on' : 'OFF'}`,
  );
}
