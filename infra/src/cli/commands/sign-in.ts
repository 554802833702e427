import type { Command } from 'commander';
import type { ConnectionOptions } from '../client-config.ts';
import { connect, withConnection } from '../connection.ts';
import { formatTime, printResult } from '../output.ts';

export function addSignInCommand(program: Command): void {
  withConnection(program.command('signin'))
    .summary('print an address that signs a browser in')
    .description('Prints an address that signs a browser in, once.')
    .action(async (options: ConnectionOptions & { readonly json?: boolean }) => {
      const code = await connect(options).client.createSignInCode();
      printResult(options.json, code, () => `${code.url}\nWorks once, until ${formatTime(code.expiresAt)}.`);
    });
}
