import type { Command } from 'commander';
import type { ConnectionOptions } from '../client-config.ts';
import { connect, withConnection } from '../connection.ts';
import { formatTime, printResult, table } from '../output.ts';

type Options = ConnectionOptions & { readonly json?: boolean };

export function addAdminCommand(program: Command): void {
  const admin = program.command('admin').summary('manage tenants').description('For the operator of a farm.');
  const tenant = admin.command('tenant').description('Tenants: each sees its own scenes and jobs only.');

  withConnection(tenant.command('create'))
    .description('Makes a tenant and its first API key, which is shown this once.')
    .argument('<name>', 'name of the tenant')
    .action(async (name: string, options: Options) => {
      const created = await connect(options).client.createTenant({ body: { name } });
      printResult(options.json, created, () =>
        [
          `Tenant   ${created.tenant.name} (${created.tenant.id})`,
          `API key  ${created.apiKey}`,
          'The key is not shown again.',
        ].join('\n'),
      );
    });

  withConnection(tenant.command('list'))
    .description('Lists tenants.')
    .action(async (options: Options) => {
      const { items } = await connect(options).client.listTenants();
      printResult(options.json, items, () =>
        table(
          ['ID', 'CREATED', 'NAME'],
          items.map(({ id, createdAt, name }) => [id, formatTime(createdAt), name]),
        ),
      );
    });
}
