import { KilnError } from '@kiln/shared';
import type { Kysely, Transaction } from 'kysely';
import type { Database } from '../store/tables.ts';
import type { SceneRow } from './scene-view.ts';

/**
 * @throws KilnError `resource.not_found` also for another tenant's scene and for one that was deleted: they cannot be
 *   told apart.
 */
export async function findScene(db: Kysely<Database>, tenantId: string, sceneId: string): Promise<SceneRow> {
  const row = await db
    .selectFrom('scenes')
    .selectAll()
    .where('id', '=', sceneId)
    .where('tenant_id', '=', tenantId)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  if (row === undefined) throw new KilnError('resource.not_found', `there is no scene ${sceneId}`);
  return row;
}

/**
 * What a tenant has and what its scenes still need are decided one after the other: an upload that ends and a scene that
 * is announced at the same moment would otherwise each miss the other.
 */
export async function lockTenant(tx: Transaction<Database>, tenantId: string): Promise<void> {
  await tx.selectFrom('tenants').select('id').where('id', '=', tenantId).forNoKeyUpdate().execute();
}
