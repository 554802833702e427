/** How many slots could draw a layer now. */
import type { Kysely } from 'kysely';
import { isAble } from '../jobs/able-workers.ts';
import type { Database } from '../store/tables.ts';
import type { LayerToMeasure } from './layer-to-measure.ts';

/** Of workers that are given work, and no more than the tenant may have. */
export async function readAbleSlots(
  db: Kysely<Database>,
  tenantId: string,
): Promise<(layer: Pick<LayerToMeasure, 'engine' | 'backend' | 'requires'>) => number> {
  const rows = await db
    .selectFrom('workers')
    .select('identity')
    .where('state', '=', 'ready')
    .where('canary_due', '=', false)
    .execute();
  const tenant = await db.selectFrom('tenants').select('max_slots').where('id', '=', tenantId).executeTakeFirst();
  const most = tenant?.max_slots ?? Number.POSITIVE_INFINITY;
  return ({ engine, backend, requires = null }) =>
    Math.min(
      most,
      rows.reduce((sum, { identity }) => {
        const can = isAble(identity, { settings: { engine, backend }, requires });
        return can ? sum + identity.slots : sum;
      }, 0),
    );
}
