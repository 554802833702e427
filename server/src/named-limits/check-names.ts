import { type JobRequest, KilnError } from '@kiln/shared';
import type { Kysely } from 'kysely';
import type { Database } from '../store/tables.ts';

/** @throws KilnError `request.invalid` with the field of the first limit that nobody has set for the tenant. */
export async function checkLimitNames(
  db: Kysely<Database>,
  tenantId: string,
  {
    limits = [],
    layers = [],
  }: Pick<JobRequest, 'limits'> & { readonly layers?: readonly Pick<JobRequest, 'limits'>[] },
): Promise<void> {
  const asked = [
    ...limits.map((name, at) => ({ name, field: `/limits/${at}` })),
    ...layers.flatMap(({ limits: own = [] }, layer) =>
      own.map((name, at) => ({ name, field: `/layers/${layer}/limits/${at}` })),
    ),
  ];
  if (asked.length === 0) return;
  const rows = await db
    .selectFrom('limits')
    .select('name')
    .where((eb) => eb.or([eb('tenant_id', 'is', null), eb('tenant_id', '=', tenantId)]))
    .execute();
  const known = [...new Set(rows.map(({ name }) => name))].sort();
  const missing = asked.find(({ name }) => !known.includes(name));
  if (!missing) return;
  const those = known.length === 0 ? 'the operator has set none' : `there are ${known.join(', ')}`;
  throw new KilnError('request.invalid', `there is no limit “${missing.name}”: ${those}`, { field: missing.field });
}
