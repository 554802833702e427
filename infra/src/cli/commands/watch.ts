import type { Command } from 'commander';
import type { ConnectionOptions } from '../client-config.ts';
import { connect, withConnection } from '../connection.ts';
import { wrapHelp } from '../help-text.ts';
import { abortOnInterrupt } from '../interrupt.ts';
import { tellEnd } from '../render/job-end.ts';
import { StatusLine } from '../status-line.ts';
import { watchJob } from '../watch/watch-job.ts';
import { watchJson } from '../watch/watch-json.ts';
import { watchReporter } from '../watch/watch-reporter.ts';

const HELP = `
Shows how far the job is, how fast it goes, frames that fail, pauses, films, and what it waits for, as it happens. Ctrl-C ends
the watching and leaves the job alone. Nothing is fetched: kiln download does that.

Examples:
  $ kiln watch job_…
  $ kiln watch job_… --json | jq -c 'select(.event == "error")'
  $ kiln watch job_… && kiln download job_… --out frames/

Exit codes: 0 the job succeeded, 1 it failed or was cancelled, 2 usage or bad input, 3 farm unreachable,
4 key missing or wrong, 130 interrupted.
With --json each line is one event: job (when its state or a count has changed), progress, frame, film, waiting, paused, error,
done.`;

export function addWatchCommand(program: Command): void {
  withConnection(program.command('watch'))
    .summary('follow a job until it ends')
    .description('Follows a job until it ends, without fetching anything.')
    .argument('<id>', 'id of a job')
    .addHelpText('after', wrapHelp(HELP))
    .action(async (jobId: string, options: ConnectionOptions & { readonly json?: boolean }) => {
      const { json = false } = options;
      const signal = abortOnInterrupt();
      // What it shows is what it is for.
      const status = new StatusLine(json ? process.stderr : process.stdout);
      try {
        const observer = json ? watchJson(console.log) : watchReporter(status);
        const job = await watchJob(connect(options), jobId, observer, signal);
        status.clear();
        const { createdAt, startedAt, endedAt } = job;
        const tookMs = Date.parse(endedAt ?? createdAt) - Date.parse(startedAt ?? createdAt);
        process.exitCode = tellEnd(job, null, Math.max(0, tookMs), json);
      } finally {
        status.clear();
      }
    });
}
