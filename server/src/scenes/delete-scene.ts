import { KilnError } from '@kiln/shared';
import type { Farm, Services } from '../services.ts';
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
    await findScene(tx, tenantId, sceneId);
    const now = services.clock.now();
    // First, because it waits for whoever is submitting a job with this scene: that job is seen below.
    await tx.updateTable('scenes').set({ deleted_at: now }).where('id', '=', sceneId).execute();
    const job = await tx
      .selectFrom('jobs')
      .select('id')
      .where('scene_id', '=', sceneId)
      .where('state', 'in', ['queued', 'running', 'paused'])
      .limit(1)
      .executeTakeFirst();
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
