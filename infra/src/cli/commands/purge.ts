import { createInterface } from 'node:readline/promises';
import { KilnError, type PurgedJob } from '@kiln/shared';
import type { Command } from 'commander';
import type { ConnectionOptions } from '../client-config.ts';
import { connect, withConnection } from '../connection.ts';
import { wrapHelp } from '../help-text.ts';
import { count } from '../output.ts';

interface Options extends ConnectionOptions {
  readonly json?: boolean;
  readonly yes?: boolean;
}

export function addPurgeCommand(program: Command): void {
  withConnection(program.command('purge'))
    .summary('delete jobs with all that they made')
    .description(
      'Deletes jobs that are over, for good: their frames, films and logs. Bytes that nothing else refers to go with them.',
    )
    .argument('<ids...>', 'ids of jobs')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      wrapHelp(`
On a terminal it asks first; in a script it wants --yes. A job under way is cancelled first (kiln job ID --cancel). To hide one
and keep its frames: kiln job ID --archive. KILN_JOB_DAYS of the server purges jobs by their age.

Examples:
  $ kiln purge job_…
  $ kiln jobs --archived --json | jq -r '.[].id' | xargs kiln purge --yes`),
    )
    .action(async (jobIds: readonly string[], options: Options) => {
      const { client } = connect(options);
      if (!options.yes) await ask(jobIds);
      const purged: PurgedJob[] = [];
      for (const jobId of jobIds) {
        const job = await client.purgeJob({ params: { jobId } });
        purged.push(job);
        if (!options.json) console.log(`Purged ${jobId} “${job.name}”: ${count(job.framesDone, 'frame')}`);
      }
      if (options.json) console.log(JSON.stringify(purged));
    });
}

/** @throws KilnError `request.invalid` when the answer is not yes, or nobody is there to give one. */
async function ask(jobIds: readonly string[]): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new KilnError('request.invalid', 'nobody is there to be asked: add --yes to delete without asking');
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`Delete ${count(jobIds.length, 'job')} with all frames? [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new KilnError('request.invalid', 'nothing was deleted');
  } finally {
    terminal.close();
  }
}
