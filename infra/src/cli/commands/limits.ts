import { KilnError, LIMITS, type Limit } from '@kiln/shared';
import type { Command } from 'commander';
import { slotsOf } from '../bound-options.ts';
import type { ConnectionOptions } from '../client-config.ts';
import { connect, type FarmClient, withConnection } from '../connection.ts';
import { printResult, table } from '../output.ts';
import { orWord, wholeNumber } from '../parse-options.ts';

type Options = ConnectionOptions & { readonly json?: boolean };

interface SetOptions extends Options {
  readonly maxPerHost?: number;
  readonly tenant?: string;
}

export function addLimitsCommand(program: Command): void {
  withConnection(program.command('limits'))
    .summary('list limits that jobs may name')
    .description('Lists limits that jobs may name, as of licences, and how much of each is in use.')
    .action(async (options: Options) => {
      const { items } = await connect(options).client.listLimits();
      printResult(options.json, items, () => limitTable(items));
    });
}

/** For the operator. */
export function addLimitAdmin(admin: Command): void {
  const limit = admin.command('limit').description('Limits that jobs may name: licences, and what else is scarce.');

  withConnection(limit.command('set'))
    .description('Sets a limit: of the tasks whose jobs name it no more are under way at once.')
    .argument('<name>', 'letters, digits, . _ and -')
    .argument(
      '<n>',
      'tasks under way at once, 0 for none, or any for as many as it comes',
      orWord('any', wholeNumber('N', 0, LIMITS.tenantSlots)),
    )
    .option('--max-per-host <n>', 'the same on one machine', slotsOf('--max-per-host'))
    .option('--tenant <name>', 'for this tenant alone, whose jobs then do not count for the farm’s limit of that name')
    .action(async (name: string, max: number | null, { maxPerHost, tenant, ...options }: SetOptions) => {
      const { client } = connect(options);
      const body = {
        max,
        ...(maxPerHost === undefined ? {} : { maxPerHost }),
        ...(tenant === undefined ? {} : { tenantId: await tenantId(client, tenant) }),
      };
      const set = await client.setLimit({ params: { name }, body });
      printResult(options.json, set, () => limitTable([set]));
    });

  withConnection(limit.command('remove'))
    .description('Forgets a limit: jobs that name it go on as if they did not.')
    .argument('<name>', 'name of the limit')
    .option('--tenant <name>', 'that of this tenant')
    .action(async (name: string, { tenant, ...options }: SetOptions) => {
      const { client } = connect(options);
      const query = tenant === undefined ? {} : { tenantId: await tenantId(client, tenant) };
      const removed = await client.removeLimit({ params: { name }, query });
      printResult(options.json, removed, () => `Limit ${name} is gone.`);
    });

  withConnection(limit.command('list'))
    .description('Lists limits of the farm and of its tenants.')
    .action(async (options: Options) => {
      const { items } = await connect(options).client.listAllLimits();
      printResult(options.json, items, () => limitTable(items));
    });
}

async function tenantId(client: FarmClient['client'], name: string): Promise<string> {
  const { items } = await client.listTenants();
  const found = items.find((one) => one.name === name) ?? items.find((one) => one.id === name);
  if (found) return found.id;
  throw new KilnError('resource.not_found', `There is no tenant “${name}”; list them with: kiln admin tenant list.`);
}

const limitTable = (limits: readonly Limit[]): string =>
  table(
    ['LIMIT', 'IN USE', 'MAX', 'PER HOST', 'OF'],
    limits.map(({ name, inUse, max, maxPerHost, tenantId }) => [
      name,
      String(inUse),
      max === null ? 'any' : String(max),
      maxPerHost === null ? 'any' : String(maxPerHost),
      tenantId ?? 'the farm',
    ]),
  );
