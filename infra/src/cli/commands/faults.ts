import type { Command } from 'commander';
import { wrapHelp } from '../help-text.ts';
import { printResult } from '../output.ts';

export function addFaultsCommand(program: Command): void {
  program
    .command('faults')
    .summary('list where a process under test can be made to fail')
    .description(
      'Lists the points at which a server or a worker under test can be ended or held: before and after every await of the dispatcher, of what it records, and of a worker’s way with a task.',
    )
    .option('--json', 'for scripts')
    .addHelpText(
      'after',
      wrapHelp(`
KILN_FAULT=POINT@N:kill ends the process with SIGKILL when it passes POINT for the N-th time; :freeze stops it until
somebody sends SIGCONT; :fail lets what is waited for there fail. It is honoured only with KILN_TEST=1.

Example:
  $ KILN_TEST=1 KILN_FAULT=worker.drawn@2:kill kiln worker`),
    )
    .action(async ({ json }: { readonly json?: boolean }) => {
      const { readFaultPoints } = await import('../../faults/fault-points.ts');
      const points = await readFaultPoints();
      printResult(json, { items: points }, () => points.map(({ name, about }) => `${name}\n    ${about}`).join('\n'));
    });
}
