/** How many slots could draw a layer now. */
import type { Kysely } from 'kysely';
import { covers } from '../jobs/compile.ts';
import type { Database } from '../store/tables.ts';
import type { LayerToMeasure } from './layer-to-measure.ts';

/** Of ready workers, and no more than the tenant may have. */
export async function readAbleSlots(
  db: Kysely<Database>,
  tenantId: string,
): Promise<(layer: Pick<LayerToMeasure, 'engine' | 'backend'>) => number> {
  const rows = await db.selectFrom('workers').select('identity').where('state', '=', 'ready').execute();
  const tenant = await db.selectFrom('tenants').select('max_slots').where('id', '=', tenantId).executeTakeFirst();
  const most = tenant?.max_slots ?? Number.POSITIVE_INFINITY;
  return ({ engine, backend }) =>
    Math.min(
      most,
      rows.reduce((sum, { identity: { slots, capabilities } }) => {
        const can = capabilities.some((ability) => ability.engine === engine && covers(ability.backend, backend));
        return can ? sum + slots : sum;
      }, 0),
    );
}
