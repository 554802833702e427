import { KilnError } from '@kiln/shared';

/**
 * A page begins behind something that its list has.
 *
 * @param find looks for what the cursor names.
 * @throws KilnError `request.invalid` when there is no such thing.
 */
export async function checkCursor(
  cursor: string | undefined,
  find: (cursor: string) => Promise<unknown>,
): Promise<void> {
  if (cursor === undefined || (await find(cursor)) !== undefined) return;
  throw new KilnError('request.invalid', 'expected as `cursor` the `next` of an earlier page of this list', {
    field: '/query/cursor',
  });
}
