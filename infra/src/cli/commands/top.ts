import { setTimeout as sleep } from 'node:timers/promises';
import { KilnError } from '@kiln/shared';
import type { Command } from 'commander';
import type { ConnectionOptions } from '../client-config.ts';
import { connect, type FarmClient, withConnection } from '../connection.ts';
import { wrapHelp } from '../help-text.ts';
import { abortOnInterrupt } from '../interrupt.ts';
import { printResult } from '../output.ts';
import { cutText } from '../text-width.ts';
import { FarmView } from '../top/farm-snapshot.ts';
import { FullScreen } from '../top/full-screen.ts';
import { fitScreen, topLines } from '../top/top-screen.ts';

/** From one answer to the next question. */
const PAUSE_MS = 1_000;

const HELP = `
Slots that are busy, workers with what each draws and when it was heard of, and jobs under way with frames a minute, the time
that is left, and what they wait for. An operator sees all workers, and tenants with the tasks that each holds there and the slot time that it has had
lately; others see what is theirs. On a terminal it is drawn anew every second until Ctrl-C; elsewhere, with --once and with
--json it is printed once. BUSY is 2/2 +3 where both slots draw and three more tasks wait there;
HOLDS counts both.

Examples:
  $ kiln top
  $ kiln top --once
  $ kiln top --json | jq .slots`;

interface TopOptions extends ConnectionOptions {
  readonly once?: boolean;
  readonly json?: boolean;
}

export function addTopCommand(program: Command): void {
  withConnection(
    program
      .command('top')
      .summary('watch the farm: slots, workers, jobs, shares')
      .description('Shows what the farm does, again and again.')
      .option('--once', 'prints it once'),
  )
    .addHelpText('after', wrapHelp(HELP))
    .action(async (options: TopOptions) => {
      const farm = connect(options);
      if (!options.once && !options.json && process.stdout.isTTY) return show(farm, process.stdout);
      const snapshot = await new FarmView(farm.client).look(Date.now());
      printResult(options.json, snapshot, () =>
        topLines(snapshot, Date.now())
          .map((section) => section.join('\n'))
          .join('\n\n'),
      );
    });
}

/** Until Ctrl-C, which is how it ends. */
async function show({ client }: FarmClient, terminal: NodeJS.WriteStream): Promise<void> {
  const view = new FarmView(client);
  const signal = abortOnInterrupt();
  // What is wrong from the beginning is told as by every command.
  let snapshot = await view.look(Date.now());
  let notice: string | null = null;
  const screen = new FullScreen(terminal);
  const draw = () => {
    const { size } = screen;
    const above = notice === null ? [] : [cutText(notice, size.columns)];
    const rows = size.rows - above.length;
    screen.draw([...above, ...fitScreen(topLines(snapshot, Date.now()), { ...size, rows })]);
  };
  const interrupted = new Promise<null>((resolve) => signal.addEventListener('abort', () => resolve(null)));
  terminal.on('resize', draw);
  try {
    while (!signal.aborted) {
      draw();
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
      try {
        const seen = await Promise.race([view.look(Date.now()), interrupted]);
        if (seen === null) break;
        snapshot = seen;
        notice = null;
      } catch (error) {
        if (!(error instanceof KilnError) || !error.retryable) throw error;
        notice = `The farm does not answer (${error.code}); trying again …`;
      }
    }
  } finally {
    terminal.off('resize', draw);
    screen.leave();
  }
}
