/** The scene that every new tenant finds. */
import { stat } from 'node:fs/promises';
import { LIMITS } from '@kiln/shared';
import { errorCodeOf } from '../objects/disk-errors.ts';
import { recordObject } from '../objects/record-object.ts';
import type { Farm, Services } from '../services.ts';
import { createScene } from './create-scene.ts';
import { lockTenant } from './find-scene.ts';

const NAME = 'Sample scene';
const ENTRY = 'sample-scene.glb';

/** Does nothing where there is no sample; a failure is logged and spoils nothing: the tenant can do without. */
export async function giveSampleScene(
  services: Pick<Services, 'config' | 'objects' | 'clock' | 'newId' | 'log'>,
  farm: Pick<Farm, 'change' | 'onTaskReady'>,
  tenantId: string,
): Promise<void> {
  const { config, objects, clock, log } = services;
  try {
    await stat(config.sampleScenePath);
  } catch (error) {
    if (errorCodeOf(error) !== 'ENOENT') throw error;
    log.info(`no sample scene at ${config.sampleScenePath}`);
    return;
  }
  try {
    const { sha256, sizeBytes } = await objects.putFile(config.sampleScenePath, { maxBytes: LIMITS.fileBytes });
    await farm.change(async (tx) => {
      await lockTenant(tx, tenantId);
      await recordObject(tx, objects, { sha256, sizeBytes });
      await tx
        .insertInto('tenant_objects')
        .values({ tenant_id: tenantId, sha256, created_at: clock.now() })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    });
    await createScene(services, farm, tenantId, {
      name: NAME,
      entry: ENTRY,
      files: [{ path: ENTRY, sha256, sizeBytes }],
    });
  } catch (error) {
    log.warn({ err: error, tenantId }, 'the tenant got no sample scene');
  }
}
