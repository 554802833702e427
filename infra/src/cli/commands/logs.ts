import { LIMITS } from '@kiln/shared';
import type { Command } from 'commander';
import type { ConnectionOptions } from '../client-config.ts';
import { connect, withConnection } from '../connection.ts';
import { wrapHelp } from '../help-text.ts';
import { attemptLogs, logText } from '../logs/attempt-logs.ts';
import { printResult } from '../output.ts';
import { wholeNumber } from '../parse-options.ts';

const HELP = `
Of each attempt: its worker, how it ended and why, how long each stage took, and the last lines of the page's console and of
Chromium's log, which are kept of attempts that failed.

Examples:
  $ kiln logs job_… --failed
  $ kiln logs job_… --frame 12
  $ kiln logs job_… --failed --json | jq -r '.[] | [.workerName, .reason] | @tsv' | sort | uniq -c`;

interface LogsOptions extends ConnectionOptions {
  readonly frame?: number;
  readonly failed?: boolean;
  readonly json?: boolean;
}

export function addLogsCommand(program: Command): void {
  withConnection(
    program
      .command('logs')
      .summary('show what happened in each attempt of a job')
      .description('Shows what happened in each attempt of a job, the newest last.')
      .argument('<id>', 'id of a job')
      .option('--frame <n>', 'of this frame only', wholeNumber('--frame', -LIMITS.frameNumber, LIMITS.frameNumber))
      .option('--failed', 'only attempts that failed, or whose worker was lost'),
  )
    .addHelpText('after', wrapHelp(HELP))
    .action(async (jobId: string, { frame, failed = false, ...options }: LogsOptions) => {
      const { client } = connect(options);
      const job = await client.getJob({ params: { jobId } });
      const attempts = await attemptLogs(client, job, { failed, ...(frame === undefined ? {} : { frame }) });
      printResult(options.json, attempts, () =>
        attempts.length === 0 ? 'No such attempts.' : logText(attempts, job.layers.length > 1),
      );
    });
}
