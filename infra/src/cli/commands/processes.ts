/** The long-running processes of a farm. `npm start` runs them as its children; a larger farm runs each where it likes. */

import type { Command } from 'commander';
import { wrapHelp } from '../help-text.ts';

export function addProcessCommands(program: Command): void {
  program
    .command('server')
    .summary('run one more server of a farm')
    .description('Runs a server on a PostgreSQL and a Redis that it shares with others.')
    .addHelpText(
      'after',
      wrapHelp(`
It is told what to do by its environment: KILN_DATABASE_URL and KILN_REDIS_URL, KILN_HOST, KILN_PORT, KILN_ADVERTISE_URL (how
workers and browsers reach the farm), KILN_SERVER_URL (how workers and the other servers reach this very one, where that is
another), and KILN_S3_BUCKET with its kin, where objects are. Without a bucket all servers share KILN_HOME; with one each has
its own, and KILN_WORKER_TOKEN is set alike for all.

Example:
  $ KILN_DATABASE_URL=postgres://kiln@db/kiln KILN_REDIS_URL=redis://queue:6379 KILN_PORT=7701 kiln server`),
    )
    .action(async () => (await import('../../processes/run-server.ts')).runServer());

  program
    .command('worker')
    .summary('run a worker')
    .description(
      'Runs a worker that renders for the farm at KILN_URL. It opens every connection itself; no port of it is open.',
    )
    .addHelpText(
      'after',
      wrapHelp(`
Environment: KILN_URL, KILN_WORKER_TOKEN (in the farm’s credentials.json), KILN_SLOTS (tasks drawn at once), KILN_CHECKPOINT_SEC
(drawing that its loss may cost), KILN_WORKER_TAGS and KILN_WORKER_GPU_MEMORY (what jobs may require of it), KILN_HOME (its
caches), KILN_BROWSER.

Examples:
  $ KILN_URL=http://10.0.0.5:7700 KILN_WORKER_TOKEN=… kiln worker
  $ KILN_WORKER_TAGS=fast,rack=3 KILN_WORKER_GPU_MEMORY=24G KILN_URL=… KILN_WORKER_TOKEN=… kiln worker`),
    )
    .action(async () => (await import('../../processes/run-worker.ts')).runWorker());
}
