import type { Command } from 'commander';
import type { ConnectionOptions } from '../client-config.ts';
import { connect, withConnection } from '../connection.ts';
import { formatBytes, printResult } from '../output.ts';

interface Options extends ConnectionOptions {
  readonly json?: boolean;
  readonly sweep?: boolean;
}

export function addGcCommand(program: Command): void {
  withConnection(program.command('gc'))
    .summary('show, or sweep, what nobody references')
    .description(
      'Shows stored files that no scene and no job needs, and uploads that nobody finishes. With --sweep, deletes them.',
    )
    .option('--sweep', 'delete what is shown')
    .action(async (options: Options) => {
      const report = await connect(options).client.sweep({ body: { dryRun: !options.sweep } });
      printResult(options.json, report, () =>
        [
          `${report.swept ? 'Deleted' : 'To delete'}: ${report.objects} files, ${formatBytes(report.objectBytes)}; ` +
            `${report.uploads} uploads, ${formatBytes(report.uploadBytes)}; ${report.events} old events`,
          `Unreferenced, but not for long enough: ${report.youngObjects} files`,
          `Stored in all: ${report.storedObjects} files, ${formatBytes(report.storedBytes)}`,
          ...(report.swept ? [] : ['Nothing was deleted. To delete: kiln gc --sweep']),
        ].join('\n'),
      );
    });
}
