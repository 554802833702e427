import { createLogger, explainConfig, readServerConfig, startServer } from '@kiln/server';
import { processEnvironment } from '../config.ts';
import { INFRA_LIMITS } from '../limits.ts';
import { reportReady } from '../supervisor/child-messages.ts';
import { onStop } from '../supervisor/stop-signals.ts';

/** Runs a server in this process until it is told to stop. */
export async function runServer(): Promise<void> {
  const env = processEnvironment();
  const config = readServerConfig(env);
  const log = createLogger(config.logLevel);
  log.info({ config: explainConfig(env) }, 'configuration');
  const starting = startServer(config, log);
  // Before it has started, too: what it opened is closed when it has.
  onStop(async () => (await starting).close(), INFRA_LIMITS.drainMs);
  reportReady((await starting).url);
}
