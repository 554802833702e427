/** `npm run simulate`. */
import { KilnError } from '@kiln/shared';
import { EXIT } from '../cli/exit-codes.ts';
import { type Command, HELP, readCommand } from './options.ts';
import { show } from './show.ts';
import { simulate } from './simulate.ts';

process.exitCode = run(process.argv.slice(2));

function run(args: readonly string[]): number {
  let command: Command;
  try {
    command = readCommand(args);
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    process.stderr.write(`error ${error.message}\n`);
    return EXIT.usage;
  }
  if (command.kind === 'help') {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  const { scenario, seed, workers, tasks, json } = command;
  const tellsProgress = process.stderr.isTTY && !json;
  if (!json) process.stdout.write(`${scenario.name}: ${scenario.about}. Waits are median / p95 / longest.\n`);
  const figures = simulate(command, (policy) => {
    if (tellsProgress) process.stderr.write(`simulating ${policy} …\n`);
  });
  process.stdout.write(
    json
      ? `${JSON.stringify({ scenario: scenario.name, seed, workers, tasks, policies: figures })}\n`
      : `${figures.map((one) => `\n${show(one)}\n`).join('')}`,
  );
  return figures.some(({ violationCount }) => violationCount > 0) ? EXIT.failed : EXIT.ok;
}
