import type { AuditReport } from '@kiln/shared';
import type { Command } from 'commander';
import type { ConnectionOptions } from '../client-config.ts';
import { connect, withConnection } from '../connection.ts';
import { EXIT } from '../exit-codes.ts';
import { count, printResult } from '../output.ts';

interface Options extends ConnectionOptions {
  readonly json?: boolean;
  /** `--no-bytes` */
  readonly bytes: boolean;
}

export function addAuditCommand(program: Command): void {
  withConnection(program.command('audit'))
    .summary('check that what is recorded holds together')
    .description(
      'Looks at the database and at every stored file that something refers to, by itself: every task done once, every count right, every byte there, no limit exceeded. Ends with 1 when something does not hold.',
    )
    .option('--no-bytes', 'look only whether files are there, of their sizes; do not read them')
    .action(async (options: Options) => {
      const report = await connect(options).client.audit({ body: { bytes: options.bytes } });
      printResult(options.json, report, () => textOf(report));
      if (!report.ok) process.exitCode = EXIT.failed;
    });
}

function textOf({ ok, checks }: AuditReport): string {
  const lines = checks.flatMap(({ name, about, checked, violations, examples }) => [
    `${violations === 0 ? '✓' : '✗'} ${name.padEnd(18)} ${String(checked).padStart(8)}  ${about}`,
    ...examples.map((example) => `    ${example}`),
    ...(violations > examples.length ? [`    and ${violations - examples.length} more`] : []),
  ]);
  const broken = checks.filter(({ violations }) => violations > 0).length;
  return [...lines, '', ok ? 'Everything holds.' : `${count(broken, 'check')} found violations.`].join('\n');
}
