import { KilnError } from '@kiln/shared';
import type { Kysely } from 'kysely';
import type { Database } from '../store/tables.ts';

/**
 * @param ids that a job names; absent: all of its tenant's.
 * @returns each once.
 * @throws KilnError `resource.not_found` with the field, also for another tenant's.
 */
export async function findWebhooks(
  db: Kysely<Database>,
  tenantId: string,
  ids: readonly string[] | undefined,
): Promise<string[] | null> {
  if (ids === undefined) return null;
  if (ids.length === 0) return [];
  const rows = await db
    .selectFrom('webhooks')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('id', 'in', ids)
    .execute();
  const known = new Set(rows.map(({ id }) => id));
  ids.forEach((id, index) => {
    if (known.has(id)) return;
    const message = `there is no webhook ${id}; kiln webhook list shows those that there are`;
    throw new KilnError('resource.not_found', message, { field: `/notify/${index}` });
  });
  return [...known];
}
