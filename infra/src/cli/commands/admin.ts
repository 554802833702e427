import { KilnError, LIMITS, type Tenant } from '@kiln/shared';
import type { Command } from 'commander';
import type { ConnectionOptions } from '../client-config.ts';
import { connect, withConnection } from '../connection.ts';
import { formatDuration, formatTime, printResult, table } from '../output.ts';
import { number, orWord, wholeNumber } from '../parse-options.ts';
import { addLimitAdmin } from './limits.ts';

type Options = ConnectionOptions & { readonly json?: boolean };

interface ChangeOptions extends Options {
  /** Null: the farm's default. */
  readonly maxTasks?: number | null;
  readonly weight?: number;
  readonly minSlots?: number;
  /** Null: as many as there are. */
  readonly maxSlots?: number | null;
}

export function addAdminCommand(program: Command): void {
  const admin = program
    .command('admin')
    .summary('manage tenants and limits')
    .description('For the operator of a farm.');
  addLimitAdmin(admin);
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
    .option(
      '--max-tasks <n>',
      `tasks of its jobs that may be unfinished at once, 1 to ${LIMITS.openTasksMax}, or default (${LIMITS.openTasksPerTenant})`,
      orWord('default', wholeNumber('--max-tasks', 1, LIMITS.openTasksMax)),
    )
    .option(
      '--weight <n>',
      'how much of the slots it gets beside others with work: 2 is twice as much as 1; 0.01 to 1000',
      number('--weight'),
    )
    .option(
      '--min-slots <n>',
      'slots that it gets before others get more, whatever it has had',
      wholeNumber('--min-slots', 0, LIMITS.tenantSlots),
    )
    .option(
      '--max-slots <n>',
      'frames of it that are under way at once, at most, or none for no limit',
      orWord('none', wholeNumber('--max-slots', 1, LIMITS.tenantSlots)),
    )
    .action(async (name: string, options: ChangeOptions) => {
      const { maxTasks, weight, minSlots, maxSlots } = options;
      const body = {
        ...(maxTasks === undefined ? {} : { maxOpenTasks: maxTasks }),
        ...(weight === undefined ? {} : { weight }),
        ...(minSlots === undefined ? {} : { minSlots }),
        ...(maxSlots === undefined ? {} : { maxSlots }),
      };
      if (Object.keys(body).length === 0) {
        const message = 'nothing to change: give --max-tasks, --weight, --min-slots or --max-slots';
        throw new KilnError('request.invalid', message);
      }
      const { client } = connect(options);
      const { items } = await client.listTenants();
      const found = items.find((one) => one.name === name) ?? items.find((one) => one.id === name);
      if (!found)
        throw new KilnError(
          'resource.not_found',
          `There is no tenant “${name}”; list them with: kiln admin tenant list.`,
        );
      const changed = await client.changeTenant({ params: { tenantId: found.id }, body });
      printResult(options.json, changed, () => tenantTable([changed]));
    });

  withConnection(tenant.command('list'))
    .description('Lists tenants.')
    .action(async (options: Options) => {
      const { items } = await connect(options).client.listTenants();
      printResult(options.json, items, () => tenantTable(items));
    });
}

const tenantTable = (tenants: readonly Tenant[]): string =>
  table(
    ['ID', 'CREATED', 'WEIGHT', 'SLOTS', 'MIN', 'MAX', 'LATELY', 'MAX TASKS', 'NAME'],
    tenants.map(({ id, createdAt, weight, heldSlots, minSlots, maxSlots, usedSlotSec, maxOpenTasks, name }) => [
      id,
      formatTime(createdAt),
      String(weight),
      String(heldSlots),
      String(minSlots),
      maxSlots === null ? 'none' : String(maxSlots),
      formatDuration(usedSlotSec * 1_000),
      String(maxOpenTasks),
      name,
    ]),
  );
