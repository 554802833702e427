import type { Command } from 'commander';
import type { ConnectionOptions } from '../client-config.ts';
import { connect, withConnection } from '../connection.ts';
import { count, formatBytes, printResult } from '../output.ts';

interface Options extends ConnectionOptions {
  readonly json?: boolean;
  readonly sweep?: boolean;
}

export function addGcCommand(program: Command): void {
  withConnection(program.command('gc'))
    .summary('show, or sweep, what nobody references')
    .description(
      'Shows stored files that no scene and no job needs, and uploads that nobody finishes. With --sweep, deletes those that have had their time; the farm does so by itself every hour.',
    )
    .option('--sweep', 'delete what is shown')
    .action(async (options: Options) => {
      const report = await connect(options).client.sweep({ body: { dryRun: !options.sweep } });
      printResult(options.json, report, () =>
        [
          `${report.swept ? 'Deleted' : 'To delete'}: ${count(report.objects, 'file')}, ${formatBytes(report.objectBytes)}; ` +
            `${count(report.uploads, 'upload')}, ${formatBytes(report.uploadBytes)}; ${count(report.events, 'old event')}; ` +
            `${count(report.attemptLogs, 'old log')}; ${count(report.jobs, 'old job')}`,
          ...(report.youngObjects === 0
            ? []
            : [
                `Kept for now: ${count(report.youngObjects, 'file')}, ${formatBytes(report.youngBytes)}, that nobody needs any more; ` +
                  'such files go after a day or two',
              ]),
          `Stored in all: ${count(report.storedObjects, 'file')}, ${formatBytes(report.storedBytes)}`,
          ...(report.swept || report.objects + report.uploads + report.events + report.attemptLogs + report.jobs === 0
            ? []
            : ['Nothing was deleted. To delete: kiln gc --sweep']),
        ].join('\n'),
      );
    });
}
