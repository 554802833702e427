import { KilnError } from '@kiln/shared';
import { sql, type Transaction } from 'kysely';
import type { Farm, Services } from '../services.ts';
import type { Database } from '../store/tables.ts';
import { findScene, lockTenant } from './find-scene.ts';

/**
 * Forgets a scene. Its row stays, unseen, while jobs refer to it; its bytes are the sweep's from now on.
 *
 * @throws KilnError `resource.not_found`; `resource.conflict` while a job that uses it is not finished.
 */
export async function deleteScene(
  services: Pick<Services, 'clock'>,
  farm: Pick<Farm, 'change'>,
  tenantId: string,
  sceneId: string,
): Promise<void> {
  await farm.change(async (tx) => {
    await lockTenant(tx, tenantId);
    const { kind } = await findScene(tx, tenantId, sceneId);
    const now = services.clock.now();
    // First, because it waits for whoever is submitting a job with this scene: that job is seen below.
    await tx.updateTable('scenes').set({ deleted_at: now }).where('id', '=', sceneId).execute();
    const job = kind === 'scene' ? await jobWithScene(tx, sceneId) : await jobWithAsset(tx, tenantId, sceneId);
    if (job !== undefined) {
      throw new KilnError('resource.conflict', `job ${job.id} still uses the scene: cancel it, or wait for its end`);
    }
    await tx
      .updateTable('tasks')
      .set({ state: 'cancelled', ended_at: now })
      .where('scene_id', '=', sceneId)
      .where('kind', '=', 'import')
      .where('state', '=', 'waiting')
      .execute();
  });
}

const OPEN = ['queued', 'running', 'paused'] as const;

const jobWithScene = (tx: Transaction<Database>, sceneId: string) =>
  tx
    .selectFrom('jobs')
    .select('id')
    .where('scene_id', '=', sceneId)
    .where('state', 'in', OPEN)
    .limit(1)
    .executeTakeFirst();

/** An open job whose settings name the asset's bytes, unless the tenant has them once more under another name. */
const jobWithAsset = (tx: Transaction<Database>, tenantId: string, sceneId: string) =>
  tx
    .selectFrom('layers as l')
    .innerJoin('jobs as j', 'j.id', 'l.job_id')
    .innerJoin('scene_files as f', (join) => join.on('f.scene_id', '=', sceneId))
    .select('j.id')
    .where('j.tenant_id', '=', tenantId)
    .where('j.state', 'in', OPEN)
    .where(sql<boolean>`f.sha256 in (l.settings #>> '{environment,sha256}', l.settings #>> '{lut,sha256}')`)
    .where(
      sql<boolean>`not exists (
        select from scene_files f2 join scenes s on s.id = f2.scene_id
        where f2.sha256 = f.sha256 and s.tenant_id = ${tenantId} and s.id <> ${sceneId} and s.kind <> 'scene'
          and s.state = 'ready' and s.deleted_at is null)`,
    )
    .limit(1)
    .executeTakeFirst();
