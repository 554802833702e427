import { createLog, readWorkerConfig, startWorker } from '@kiln/worker';
import { processEnvironment, readTestConfig } from '../config.ts';
import { armFaults } from '../faults/arm-faults.ts';
import { INFRA_LIMITS } from '../limits.ts';
import { reportReady } from '../supervisor/child-messages.ts';
import { onStop } from '../supervisor/stop-signals.ts';

/** Runs a worker in this process until it is told to stop. */
export async function runWorker(): Promise<void> {
  const env = processEnvironment();
  await armFaults(readTestConfig(env));
  const { config, lines } = readWorkerConfig(env);
  const log = createLog(config.logLevel);
  log.info({ config: lines }, 'configuration');
  let close = async (): Promise<void> => undefined;
  // Before it has started it holds nothing to give back; a browser ends with this process.
  onStop(() => close(), INFRA_LIMITS.drainMs);
  const worker = await startWorker(config, log);
  close = () => worker.close();
  const { backend, renderer, sandboxed, slots } = worker.identity;
  reportReady(
    `${renderer} by ${backend}, ${slots} ${slots === 1 ? 'slot' : 'slots'}, sandbox ${sandboxed ? 'on' : 'OFF'}`,
  );
}
