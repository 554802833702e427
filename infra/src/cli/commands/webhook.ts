import {
  allPages,
  KilnError,
  type Webhook,
  type WebhookAttempt,
  type WebhookChanges,
  type WebhookDelivery,
  WebhookEvent,
} from '@kiln/shared';
import { type Command, Option } from 'commander';
import type { ConnectionOptions } from '../client-config.ts';
import { connect, type FarmClient, withConnection } from '../connection.ts';
import { EXIT } from '../exit-codes.ts';
import { wrapHelp } from '../help-text.ts';
import { formatTime, printResult, table } from '../output.ts';
import { wholeNumber } from '../parse-options.ts';

type Options = ConnectionOptions & { readonly json?: boolean };

interface AddOptions extends Options {
  readonly events?: readonly WebhookEvent[];
  readonly description?: string;
}

interface ChangeOptions extends Options {
  readonly to?: string;
  readonly events?: readonly WebhookEvent[];
  readonly description?: string;
  readonly enable?: boolean;
  readonly disable?: boolean;
}

const LISTED = 50;
const LISTED_MAX = 1_000;
/** Between looks at whether a test has been answered. */
const LOOK_MS = 300;
/** A test is sent within a second, and answered within ten more; without a server that leads it waits. */
const TEST_MS = 20_000;

const HELP = `
Every message is a POST with JSON: id, type, createdAt and the job. It is signed after Standard Webhooks: webhook-signature
is v1, and the HMAC-SHA256 of id.timestamp.body in base64, with the secret that \`add\` shows. Answer with 200 to 299 within
ten seconds; otherwise it is sent again, ever more rarely, for a day. The same message may come twice: its id is the same.

Examples:
  $ kiln webhook add https://studio.example/kiln --events job.succeeded,job.failed,job.waiting
  $ kiln webhook test whk_…
  $ kiln webhook log whk_…
  $ kiln webhook replay whk_… dlv_…`;

export function addWebhookCommand(program: Command): void {
  const webhook = program
    .command('webhook')
    .summary('have an address told what becomes of jobs')
    .description('Webhooks: addresses that are told what becomes of your jobs.')
    .addHelpText('after', wrapHelp(HELP));

  withConnection(webhook.command('add'))
    .description('Adds a webhook, and shows its secret this once.')
    .argument('<url>', 'address that takes POST requests, http:// or https://')
    .option('--events <list>', `what it is told of, by comma: ${ALL.join(', ')} (default: all)`, parseEvents)
    .option('--description <text>', 'what it is for')
    .action(async (url: string, options: AddOptions) => {
      const { events = ALL, description } = options;
      const body = { url, events: [...events], ...(description === undefined ? {} : { description }) };
      const created = await connect(options).client.createWebhook({ body });
      printResult(options.json, created, () =>
        [
          `Webhook  ${created.webhook.id}`,
          `Secret   ${created.secret}`,
          'The secret is not shown again. With it the receiver knows that a message is from this farm.',
        ].join('\n'),
      );
    });

  withConnection(webhook.command('list'))
    .description('Lists webhooks.')
    .action(async (options: Options) => {
      const { items } = await connect(options).client.listWebhooks();
      printResult(options.json, items, () => hookTable(items));
    });

  withConnection(webhook.command('change'))
    .description('Changes a webhook.')
    .argument('<id>', 'id of a webhook')
    .option('--to <url>', 'another address')
    .option('--events <list>', 'what it is told of, by comma', parseEvents)
    .option('--description <text>', 'what it is for')
    .option('--enable', 'sends to it again, of what happens from now on')
    .addOption(new Option('--disable', 'sends nothing to it, and gives up what waits').conflicts('enable'))
    .action(async (webhookId: string, options: ChangeOptions) => {
      const body = changesOf(options);
      const changed = await connect(options).client.editWebhook({ params: { webhookId }, body });
      printResult(options.json, changed, () => hookTable([changed]));
    });

  withConnection(webhook.command('remove'))
    .description('Removes a webhook, and what was sent to it.')
    .argument('<id>', 'id of a webhook')
    .action(async (webhookId: string, options: Options) => {
      await connect(options).client.deleteWebhook({ params: { webhookId } });
      printResult(options.json, { removed: webhookId }, () => `${webhookId} is removed.`);
    });

  withConnection(webhook.command('test'))
    .description('Sends a message without a job, and says how it was answered; ends with 1 when it was not taken.')
    .argument('<id>', 'id of a webhook')
    .action(async (webhookId: string, options: Options) => {
      const { client } = connect(options);
      const { id } = await client.testWebhook({ params: { webhookId } });
      const delivery = await answered(client, webhookId, id);
      printResult(options.json, delivery, () => answerOf(delivery));
      if (delivery.state !== 'delivered') process.exitCode = EXIT.failed;
    });

  withConnection(webhook.command('log'))
    .description('Lists what was sent to a webhook in the last 30 days, newest first.')
    .argument('<id>', 'id of a webhook')
    .option('--limit <n>', 'how many', wholeNumber('--limit', 1, LISTED_MAX), LISTED)
    .action(async (webhookId: string, options: Options & { readonly limit: number }) => {
      const query = { limit: options.limit };
      const { items } = await connect(options).client.listDeliveries({ params: { webhookId }, query });
      printResult(options.json, items, () => deliveryTable(items));
    });

  withConnection(webhook.command('replay'))
    .description('Sends a message again, now.')
    .argument('<id>', 'id of a webhook')
    .argument('<delivery>', 'id of a delivery, as kiln webhook log shows it')
    .action(async (webhookId: string, deliveryId: string, options: Options) => {
      const delivery = await connect(options).client.replayDelivery({ params: { webhookId, deliveryId } });
      printResult(
        options.json,
        delivery,
        () => `${delivery.id} is sent again; kiln webhook log ${webhookId} tells how.`,
      );
    });
}

const ALL: readonly WebhookEvent[] = WebhookEvent.enum;

/** @throws KilnError `request.invalid` */
function parseEvents(text: string): WebhookEvent[] {
  return text.split(',').map((part) => {
    const event = ALL.find((known) => known === part.trim());
    if (event !== undefined) return event;
    const message = `--events must be some of ${ALL.join(', ')}, with commas between; “${part.trim()}” is none.`;
    throw new KilnError('request.invalid', message, { field: '--events' });
  });
}

function changesOf({ to, events, description, enable, disable }: ChangeOptions): WebhookChanges {
  const changes = {
    ...(to === undefined ? {} : { url: to }),
    ...(events === undefined ? {} : { events: [...events] }),
    ...(description === undefined ? {} : { description }),
    ...(enable ? { enabled: true } : {}),
    ...(disable ? { enabled: false } : {}),
  };
  if (Object.keys(changes).length > 0) return changes;
  const message = 'nothing to change: give --to, --events, --description, --enable or --disable';
  throw new KilnError('request.invalid', message);
}

/** The delivery after its first attempt; as it waits when there is none for long. */
async function answered(client: FarmClient['client'], webhookId: string, id: string): Promise<WebhookDelivery> {
  for (const startMs = performance.now(); ; ) {
    const pages = allPages((at) => client.listDeliveries({ params: { webhookId }, query: at }));
    for await (const delivery of pages) {
      if (delivery.id !== id) continue;
      if (delivery.attempts.length > 0 || performance.now() - startMs > TEST_MS) return delivery;
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

function answerOf({ attempts }: WebhookDelivery): string {
  const last = attempts.at(-1);
  if (!last) return 'Not sent yet: no server of the farm leads.';
  if (last.error === null) return `Taken: ${outcome(last)} in ${last.durationMs} ms.`;
  return `Not taken: ${last.error}. It is sent again later.`;
}

const hookTable = (hooks: readonly Webhook[]): string =>
  table(
    ['ID', 'STATE', 'EVENTS', 'URL', 'DESCRIPTION'],
    hooks.map((hook) => [hook.id, stateOf(hook), hook.events.join(','), hook.url, hook.description]),
  );

function stateOf({ enabled, disabledReason, failingSince }: Webhook): string {
  if (disabledReason === 'gone') return 'disabled (410)';
  if (disabledReason === 'failing') return `disabled (failing since ${formatTime(failingSince ?? '')})`;
  if (!enabled) return 'disabled';
  return failingSince === null ? 'enabled' : `failing since ${formatTime(failingSince)}`;
}

const deliveryTable = (deliveries: readonly WebhookDelivery[]): string =>
  table(
    ['ID', 'CREATED', 'TYPE', 'JOB', 'STATE', 'TRY', 'ANSWER', 'TOOK', 'NEXT'],
    deliveries.map(({ id, createdAt, type, jobId, state, attempts, nextAt }) => {
      const last = attempts.at(-1);
      return [
        ...[id, formatTime(createdAt), type, jobId ?? '', state, String(last?.number ?? ''), last ? outcome(last) : ''],
        ...[last ? `${last.durationMs} ms` : '', nextAt === null ? '' : formatTime(nextAt)],
      ];
    }),
  );

const outcome = ({ status, error }: WebhookAttempt): string => (status === null ? (error ?? '') : String(status));
