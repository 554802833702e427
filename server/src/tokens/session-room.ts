/** [LV29, LV43] Whether a token may open one more session. */
import { KilnError } from '@kiln/shared';
import type { Transaction } from 'kysely';
import type { Database } from '../store/tables.ts';
import { type Admission, tokenSpent } from './view-tokens.ts';

/**
 * Sessions of a token are opened one after the other.
 *
 * @throws KilnError `request.too_many`, `identity.missing`, `identity.token_spent`
 */
export async function requireRoom(
  trx: Transaction<Database>,
  { tokenId, maxSessions }: Pick<Admission, 'tokenId' | 'maxSessions'>,
): Promise<void> {
  const token = await trx
    .selectFrom('view_tokens')
    .select(['revoked_at', 'drawn_sec', 'max_drawn_sec'])
    .where('id', '=', tokenId)
    .forUpdate()
    .executeTakeFirst();
  if (token?.revoked_at !== null) throw new KilnError('identity.missing', '[LV29] the token was revoked');
  if (token.max_drawn_sec !== null && token.drawn_sec >= token.max_drawn_sec) throw tokenSpent();
  const { n } = await trx
    .selectFrom('sessions')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('token_id', '=', tokenId)
    .where('state', '!=', 'ended')
    .executeTakeFirstOrThrow();
  if (Number(n) < maxSessions) return;
  throw new KilnError('request.too_many', `[LV29] the token has ${n} of ${maxSessions} sessions open`);
}
