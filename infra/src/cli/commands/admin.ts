import { KilnError, LIMITS } from '@kiln/shared';
import type { Command } from 'commander';
import type { ConnectionOptions } from '../client-config.ts';
import { connect, withConnection } from '../connection.ts';
import { formatTime, printResult, table } from '../output.ts';
import { wholeNumber } from '../parse-options.ts';

type Options = ConnectionOptions & { readonly json?: boolean };

const parseMaxTasks = (text: string): number | 'default' =>
  text === 'default' ? text : wholeNumber('--max-tasks', 1, LIMITS.openTasksMax)(text);

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

  withConnection(tenant.command('change'))
    .description('Changes what a tenant may have.')
    .argument('<name>', 'name or id of the tenant')
    .requiredOption(
      '--max-tasks <n>',
      `tasks of its jobs that may be unfinished at once, 1 to ${LIMITS.openTasksMax}, or default (${LIMITS.openTasksPerTenant})`,
      parseMaxTasks,
    )
    .action(async (name: string, options: Options & { readonly maxTasks: number | 'default' }) => {
      const { client } = connect(options);
      const { items } = await client.listTenants();
      const found = items.find((one) => one.name === name) ?? items.find((one) => one.id === name);
      if (!found)
        throw new KilnError(
          'resource.not_found',
          `There is no tenant “${name}”; list them with: kiln admin tenant list.`,
        );
      const maxOpenTasks = options.maxTasks === 'default' ? null : options.maxTasks;
      const changed = await client.changeTenant({ params: { tenantId: found.id }, body: { maxOpenTasks } });
      printResult(
        options.json,
        changed,
        () => `Tenant ${changed.name}: at most ${changed.maxOpenTasks} unfinished tasks.`,
      );
    });

  withConnection(tenant.command('list'))
    .description('Lists tenants.')
    .action(async (options: Options) => {
      const { items } = await connect(options).client.listTenants();
      printResult(options.json, items, () =>
        table(
          ['ID', 'CREATED', 'MAX TASKS', 'NAME'],
          items.map(({ id, createdAt, maxOpenTasks, name }) => [id, formatTime(createdAt), String(maxOpenTasks), name]),
        ),
      );
    });
}
