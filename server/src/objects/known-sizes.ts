import type { Kysely } from 'kysely';
import type { Database } from '../store/tables.ts';

/** Of these files, those that the tenant has: what others have is not told. */
export async function knownSizes(
  db: Kysely<Database>,
  tenantId: string,
  hashes: readonly string[],
): Promise<{ readonly sha256: string; readonly sizeBytes: number }[]> {
  if (hashes.length === 0) return [];
  return db
    .selectFrom('tenant_objects')
    .innerJoin('objects', 'objects.sha256', 'tenant_objects.sha256')
    .select(['objects.sha256', 'objects.size_bytes as sizeBytes'])
    .where('tenant_id', '=', tenantId)
    .where('tenant_objects.sha256', 'in', hashes)
    .execute();
}
