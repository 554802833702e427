import type { Worker } from '@kiln/shared';
import type { Command } from 'commander';
import { busyText } from '../busy-slots.ts';
import type { ConnectionOptions } from '../client-config.ts';
import { connect, withConnection } from '../connection.ts';
import { wrapHelp } from '../help-text.ts';
import { formatAge, formatBytes, formatTime, printResult, table } from '../output.ts';
import { factsText } from '../worker-facts-text.ts';

function stateText({ state, suspendedUntil, suspendedFor }: Worker): string {
  if (suspendedUntil === null) return state;
  const until = formatTime(suspendedUntil);
  return suspendedFor === 'canary' ? `draws wrong, tried again ${until}` : `suspended until ${until}`;
}

export function addWorkersCommand(program: Command): void {
  withConnection(program.command('workers'))
    .summary('list workers')
    .description(
      'Lists workers: when they were heard of, how many slots are busy, what they draw with and have loaded.',
    )
    .addHelpText(
      'after',
      wrapHelp(
        '\nBUSY is 2/2 +3 where both slots draw and three more tasks wait there. CLASS: workers of one draw the same, byte for byte. HAS: cores, memory, memory of the GPU where its worker’s KILN_WORKER_GPU_MEMORY says it, and edge of the largest texture. Jobs ask for any of it with --require, as for TAGS, which are the worker’s KILN_WORKER_TAGS.',
      ),
    )
    .action(async (options: ConnectionOptions & { readonly json?: boolean }) => {
      const { items } = await connect(options).client.listWorkers();
      printResult(options.json, items, () =>
        table(
          [
            'NAME',
            'STATE',
            'SEEN',
            'PID',
            'BUSY',
            'SCENES',
            'SESSIONS',
            'MEMORY',
            'SANDBOX',
            'BACK END',
            'CLASS',
            'HAS',
            'TAGS',
            'RENDERER',
          ],
          items.map((worker) => [
            worker.name,
            stateText(worker),
            formatAge(worker.seenAt, Date.now()),
            // Processes are the operator's business.
            worker.pid === null ? '' : String(worker.pid),
            busyText(worker),
            String(worker.scenes.length),
            String(worker.sessions),
            formatBytes(worker.nodeRssBytes + worker.browserRssBytes),
            worker.sandboxed ? 'on' : 'OFF',
            worker.backend,
            worker.adapterClass,
            factsText(worker),
            (worker.tags ?? []).join(','),
            worker.renderer,
          ]),
        ),
      );
    });
}
