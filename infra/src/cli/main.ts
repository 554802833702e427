import { KilnError } from '@kiln/shared';
import { Command, CommanderError } from 'commander';
import { addAdminCommand } from './commands/admin.ts';
import { addAuditCommand } from './commands/audit.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addDownloadCommand } from './commands/download.ts';
import { addEstimateCommand } from './commands/estimate.ts';
import { addFaultsCommand } from './commands/faults.ts';
import { addGcCommand } from './commands/gc.ts';
import { addHelpCommand } from './commands/help.ts';
import { addJobCommands } from './commands/jobs.ts';
import { addLimitsCommand } from './commands/limits.ts';
import { addLiveCommand } from './commands/live.ts';
import { addLogsCommand } from './commands/logs.ts';
import { addProcessCommands } from './commands/processes.ts';
import { addPurgeCommand } from './commands/purge.ts';
import { addRenderCommand } from './commands/render.ts';
import { addSceneCommand } from './commands/scene.ts';
import { addSignInCommand } from './commands/sign-in.ts';
import { addSubmitCommand } from './commands/submit.ts';
import { addTokenCommand } from './commands/token.ts';
import { addTopCommand } from './commands/top.ts';
import { addWatchCommand } from './commands/watch.ts';
import { addWebhookCommand } from './commands/webhook.ts';
import { addWorkersCommand } from './commands/workers.ts';
import { EXIT, errorLine, exitCodeOf } from './exit-codes.ts';
import { HELP_COLUMNS, wrapHelp } from './help-text.ts';
import { inOptions } from './in-options.ts';
import { InterruptedError } from './interrupt.ts';
import { version } from './version.ts';

const HELP = `
The farm is found by itself: in .kiln of this folder or one above it, of KILN_HOME, or of this checkout. Elsewhere set
KILN_URL and KILN_API_KEY.

Examples:
  $ npm start                                   start a farm on this machine
  $ kiln render helmet.glb --frames 0-3 --size 640x360 --out out/
  $ kiln jobs
  $ kiln doctor

Exit codes: 0 ok, 1 failed, 2 usage or bad input, 3 farm unreachable, 4 key missing, wrong or not allowed to do this,
130 interrupted.`;

export function buildProgram(json: boolean): Command {
  const program = new Command('kiln')
    .description('Kiln: a render farm for three.js scenes.')
    .version(version)
    .showHelpAfterError('(add --help for how it is used)')
    .addHelpText('after', wrapHelp(HELP));
  program.commandsGroup('Work:');
  addRenderCommand(program);
  addSubmitCommand(program);
  addEstimateCommand(program);
  addSceneCommand(program);
  addJobCommands(program);
  addWatchCommand(program);
  addDownloadCommand(program);
  addLogsCommand(program);
  addPurgeCommand(program);
  addWebhookCommand(program);
  addLiveCommand(program);
  addTokenCommand(program);
  program.commandsGroup('Farm:');
  addTopCommand(program);
  addWorkersCommand(program);
  addLimitsCommand(program);
  addSignInCommand(program);
  addGcCommand(program);
  addAuditCommand(program);
  addAdminCommand(program);
  program.commandsGroup('This machine:');
  addDoctorCommand(program);
  addProcessCommands(program);
  addFaultsCommand(program);
  program.commandsGroup('Help:');
  addHelpCommand(program);
  settle(program, json);
  return program;
}

/** What holds for every command: commander ends the process itself unless told not to. */
function settle(command: Command, json: boolean): void {
  command.exitOverride();
  // With --json what is wrong is said once, on standard output.
  if (json) command.configureOutput({ writeErr: () => undefined });
  command.configureHelp({ helpWidth: Math.min(HELP_COLUMNS, process.stdout.columns ?? HELP_COLUMNS) });
  for (const child of command.commands) settle(child, json);
}

/** Runs one command line. @returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const json = args.includes('--json');
  // Whoever reads what is printed may have had enough, as head has: that is the end, and no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(EXIT.ok);
  });
  try {
    await buildProgram(json).parseAsync([...args], { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : EXIT.ok;
  } catch (error) {
    return report(inOptions(error), json);
  }
}

/** Says what went wrong, with `--json` as one event of standard output. @returns the exit code. */
function report(error: unknown, json: boolean): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.ok;
    // For people it has been said.
    if (json) printError('request.invalid', error.message.replace(/^error: /, ''), EXIT.usage);
    return EXIT.usage;
  }
  if (error instanceof InterruptedError) {
    if (json) printError('interrupted', 'interrupted', EXIT.interrupted);
    else console.error('interrupted');
    return EXIT.interrupted;
  }
  const exitCode = exitCodeOf(error);
  const { message } = error instanceof Error ? error : new Error(String(error));
  if (!json) console.error(errorLine(error));
  else if (error instanceof KilnError) printError(error.code, message, exitCode, error);
  else printError('server.internal', message, exitCode);
  return exitCode;
}

function printError(code: string, message: string, exitCode: number, at: Partial<KilnError> = {}): void {
  const { field, position } = at;
  console.log(JSON.stringify({ event: 'error', code, message, field, position, exitCode }));
}
