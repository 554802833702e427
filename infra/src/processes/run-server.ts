import { createLogger, explainConfig, readServerConfig, startServer } from '@kiln/server';
import { processEnvironment, readTestConfig } from '../config.ts';
import { armFaults } from '../faults/arm-faults.ts';
import { INFRA_LIMITS } from '../limits.ts';
import { reportReady } from '../supervisor/child-messages.ts';
import { onStop } from '../supervisor/stop-signals.ts';

/** Runs a server in this process until it is told to stop. */
export async function runServer(): Promise<void> {
  const env = processEnvironment();
  const test = readTestConfig(env);
  await armFaults(test);
  const config = readServerConfig(env);
  const log = createLogger(config.logLevel);
  log.info({ config: explainConfig(env) }, 'configuration');
  const timing = test.leaseMs === null ? {} : { leaseMs: test.leaseMs };
  const starting = startServer(config, log, { timing });
  // Before it has started, too: what it opened is closed when it has.
  onStop(async () => (await starting).close(), INFRA_LIMITS.drainMs);
  reportReady((await starting).url);
}
