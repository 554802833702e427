import { KilnError } from '@kiln/shared';
import type { Command } from 'commander';
import type { FaultPart, FaultPoint } from '../../faults/fault-points.ts';
import { wrapHelp } from '../help-text.ts';
import { count, printResult, table } from '../output.ts';

export function addFaultsCommand(program: Command): void {
  program
    .command('faults')
    .summary('list where a process under test can be made to fail')
    .description(
      'Lists the points at which a server or a worker under test can be ended or held: before and after every await of the dispatcher, of what it records, and of a worker’s way with a task. Without a part it tells the stages of a task and the parts.',
    )
    .argument('[part]', 'points of this part only, as server/dispatch/assign, or of all below a folder of that name')
    .option('--json', 'every point, for scripts')
    .addHelpText(
      'after',
      wrapHelp(`
KILN_FAULT=POINT@N:kill ends the process with SIGKILL when it passes POINT for the N-th time; :freeze stops it until
somebody sends SIGCONT; :fail lets what is waited for there fail. It is honoured only with KILN_TEST=1.

Examples:
  $ kiln faults server/dispatch/assign
  $ KILN_TEST=1 KILN_FAULT=worker.drawn@2:kill kiln worker`),
    )
    .action(async (part: string | undefined, { json }: { readonly json?: boolean }) => {
      const { readFaultParts, STAGE_POINTS } = await import('../../faults/fault-points.ts');
      const all = await readFaultParts();
      const parts = part === undefined ? all : partsOf(all, part);
      const points = parts.flatMap((one) => one.points);
      const items = part === undefined ? [...STAGE_POINTS, ...points] : points;
      printResult(json, { items }, () => (part === undefined ? overview(STAGE_POINTS, parts) : list(points)));
    });
}

/** @throws KilnError `request.invalid` when there is none. */
function partsOf(all: readonly FaultPart[], wanted: string): FaultPart[] {
  const path = wanted.replace(/\/$/, '');
  const found = all.filter(({ name }) => name === path || name.startsWith(`${path}/`));
  if (found.length > 0) return found;
  throw new KilnError('request.invalid', `there is no part ${wanted}; \`kiln faults\` lists them.`, { field: 'part' });
}

const list = (points: readonly FaultPoint[]) => points.map(({ name, about }) => `${name}\n    ${about}`).join('\n');

function overview(stages: readonly FaultPoint[], parts: readonly FaultPart[]): string {
  const points = parts.reduce((sum, part) => sum + part.points.length, 0);
  return [
    'Stages of a task at a worker:',
    table(
      ['POINT', 'WHERE'],
      stages.map(({ name, about }) => [name, about]),
    ),
    '',
    `${count(points, 'point')} in ${count(parts.length, 'part')}; kiln faults PART lists those of one:`,
    table(
      ['PART', 'POINTS', 'WHAT IT DOES'],
      parts.map((part) => [part.name, String(part.points.length), part.about]),
    ),
  ].join('\n');
}
