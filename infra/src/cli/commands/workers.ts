import type { Command } from 'commander';
import { busyText } from '../busy-slots.ts';
import type { ConnectionOptions } from '../client-config.ts';
import { connect, withConnection } from '../connection.ts';
import { wrapHelp } from '../help-text.ts';
import { formatAge, formatBytes, formatTime, printResult, table } from '../output.ts';

export function addWorkersCommand(program: Command): void {
  withConnection(program.command('workers'))
    .summary('list workers')
    .description(
      'Lists workers: when they were heard of, how many slots are busy, what they draw with and have loaded.',
    )
    .addHelpText('after', wrapHelp('\nBUSY is 2/2 +3 where both slots draw and three more tasks wait there.'))
    .action(async (options: ConnectionOptions & { readonly json?: boolean }) => {
      const { items } = await connect(options).client.listWorkers();
      printResult(options.json, items, () =>
        table(
          ['NAME', 'STATE', 'SEEN', 'PID', 'BUSY', 'SCENES', 'SESSIONS', 'MEMORY', 'SANDBOX', 'BACK END', 'RENDERER'],
          items.map((worker) => [
            worker.name,
            worker.suspendedUntil === null ? worker.state : `suspended until ${formatTime(worker.suspendedUntil)}`,
            formatAge(worker.seenAt, Date.now()),
            // Processes are the operator's business.
            worker.pid === null ? '' : String(worker.pid),
            busyText(worker),
            String(worker.scenes.length),
            String(worker.sessions),
            formatBytes(worker.nodeRssBytes + worker.browserRssBytes),
            worker.sandboxed ? 'on' : 'OFF',
            worker.backend,
            worker.renderer,
          ]),
        ),
      );
    });
}
