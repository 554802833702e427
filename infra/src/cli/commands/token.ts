import { durationText, LIMITS, type Token, type TokenAccess } from '@kiln/shared';
import { type Command, Option } from 'commander';
import type { ConnectionOptions } from '../client-config.ts';
import { connect, withConnection } from '../connection.ts';
import { wrapHelp } from '../help-text.ts';
import { formatTime, printResult, table } from '../output.ts';
import { wholeNumber } from '../parse-options.ts';

type Options = ConnectionOptions & { readonly json?: boolean };

interface MakeOptions extends Options {
  readonly origin: readonly string[];
  readonly minutes?: number;
  readonly sessions?: number;
  readonly samples?: number;
  readonly drawnMinutes?: number;
  readonly access?: TokenAccess;
  readonly label?: string;
}

const MINUTES = { least: LIMITS.tokenTtlMinSec / 60, most: LIMITS.tokenTtlMaxSec / 60 };

const HELP = `
A page of your own site shows a scene of the farm with a token: it opens the scenes that it names, on the pages that it
names, for a while. Your server asks for one as a visitor comes (POST /api/v1/tokens with your API key, which never goes
into a page) and hands it to <kiln-preview token="…">. A session that is open goes on when its token expires.

Examples:
  $ kiln token make scn_… --origin https://shop.example
  $ kiln token make scn_… scn_… --origin https://shop.example --minutes 10 --sessions 3 --access view
  $ kiln token list
  $ kiln token revoke tok_…`;

export function addTokenCommand(program: Command): void {
  const token = program
    .command('token')
    .summary('let pages of other sites show scenes')
    .description('Tokens: with one, a page of another site opens live views of your scenes.')
    .addHelpText('after', wrapHelp(HELP));

  withConnection(token.command('make'))
    .description('Makes a token, and shows it this once.')
    .argument('<scene...>', 'ids of the scenes that it opens')
    .requiredOption(
      '--origin <origin>',
      'a page that may use it, such as https://shop.example; * for any; again for others',
      (text: string, before: readonly string[] = []) => [...before, text],
    )
    .option(
      '--minutes <n>',
      `how long it opens sessions, ${MINUTES.least} to ${MINUTES.most} (default: 60)`,
      wholeNumber('--minutes', MINUTES.least, MINUTES.most),
    )
    .option(
      '--sessions <n>',
      'how many it has open at once, at most (default: 1)',
      wholeNumber('--sessions', 1, LIMITS.tokenSessions),
    )
    .option(
      '--samples <n>',
      `samples a pixel of its views, at most (default: ${LIMITS.tokenSamples})`,
      wholeNumber('--samples', 1, LIMITS.frameSamples),
    )
    .option(
      '--drawn-minutes <n>',
      'minutes that workers draw for its sessions together, at most (default: any)',
      wholeNumber('--drawn-minutes', 1, LIMITS.tokenDrawnSec / 60),
    )
    .addOption(
      new Option(
        '--access <what>',
        'view shows cameras of the scene only, drive moves the camera (default: drive)',
      ).choices(['view', 'drive']),
    )
    .option('--label <text>', 'what it is for')
    .action(async (sceneIds: string[], options: MakeOptions) => {
      const { origin: origins, minutes, sessions, samples, drawnMinutes, access, label } = options;
      const body = {
        sceneIds,
        origins: [...origins],
        ...(minutes === undefined ? {} : { ttlSec: minutes * 60 }),
        ...(sessions === undefined ? {} : { maxSessions: sessions }),
        ...(samples === undefined ? {} : { maxSamples: samples }),
        ...(drawnMinutes === undefined ? {} : { maxDrawnSec: drawnMinutes * 60 }),
        ...(access === undefined ? {} : { access }),
        ...(label === undefined ? {} : { label }),
      };
      const made = await connect(options).client.createToken({ body });
      printResult(options.json, made, () =>
        [
          `Token    ${made.token}`,
          `Id       ${made.id}`,
          `Expires  ${formatTime(made.expiresAt)}`,
          'The token is not shown again. Revoke it by its id.',
        ].join('\n'),
      );
    });

  withConnection(token.command('list'))
    .description('Lists tokens, and those that expired in the last 7 days.')
    .action(async (options: Options) => {
      const { items } = await connect(options).client.listTokens();
      printResult(options.json, items, () => tokenTable(items, Date.now()));
    });

  withConnection(token.command('revoke'))
    .description('Makes a token good for nothing, and ends the sessions that it has open.')
    .argument('<id>', 'id of a token')
    .action(async (tokenId: string, options: Options) => {
      await connect(options).client.revokeToken({ params: { tokenId } });
      printResult(options.json, { revoked: tokenId }, () => `${tokenId} is revoked.`);
    });
}

const tokenTable = (tokens: readonly Token[], nowMs: number): string =>
  table(
    ['ID', 'STATE', 'ACCESS', 'SESSIONS', 'SAMPLES', 'DRAWN', 'EXPIRES', 'SCENES', 'ORIGINS', 'LABEL'],
    tokens.map((token) => [
      ...[token.id, stateOf(token, nowMs), token.access, `${token.openSessions} of ${token.maxSessions}`],
      ...[String(token.maxSamples), drawnText(token)],
      ...[formatTime(token.expiresAt), token.sceneIds.join(' '), token.origins.join(' '), token.label ?? ''],
    ]),
  );

const drawnText = ({ drawnSec, maxDrawnSec }: Token): string =>
  maxDrawnSec === null ? durationText(drawnSec) : `${durationText(drawnSec)} of ${durationText(maxDrawnSec)}`;

function stateOf({ revokedAt, expiresAt, drawnSec, maxDrawnSec }: Token, nowMs: number): string {
  if (revokedAt !== null) return 'revoked';
  if (maxDrawnSec !== null && drawnSec >= maxDrawnSec) return 'spent';
  return Date.parse(expiresAt) <= nowMs ? 'expired' : 'open';
}
