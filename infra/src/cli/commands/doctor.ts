import { ENGINE_ABILITIES, ENGINE_FEATURES } from '@kiln/shared';
import type { Command } from 'commander';
import { readDoctorConfig } from '../../config.ts';
import type { Finding } from '../../doctor/examine.ts';
import { EXIT } from '../exit-codes.ts';
import { printResult } from '../output.ts';

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .summary('check what this machine has, and how fast it draws')
    .description(
      'Checks Node, browser, Redis, database, object store, GPU, sandbox and disk; draws a canary with every back end. Exits 1 if it cannot render.',
    )
    .option('--json', 'print JSON')
    .action(async ({ json }: { readonly json?: boolean }) => {
      const { enginesOf, examine } = await import('../../doctor/examine.ts');
      const examination = await examine(readDoctorConfig());
      const engines = { abilities: ENGINE_ABILITIES, features: ENGINE_FEATURES, here: enginesOf(examination.probe) };
      printResult(json, { ...examination, engines }, () =>
        [
          ...examination.findings.map(line),
          '',
          examination.canRender ? 'This machine can render.' : 'This machine cannot render yet: see above.',
        ].join('\n'),
      );
      process.exitCode = examination.canRender ? EXIT.ok : EXIT.failed;
    });
}

const MARK = { ok: '✓', note: '·', bad: '✗' } as const;

const line = ({ name, state, detail, advice }: Finding) =>
  `${MARK[state]} ${name.padEnd(9)} ${detail}${advice === undefined ? '' : `\n  ${''.padEnd(9)} → ${advice.trim().replaceAll('\n', `\n${''.padEnd(14)}`)}`}`;
