/** A scene whose bytes are all here goes on to its import. */
import type { Refusal } from '@kiln/shared';
import type { Transaction } from 'kysely';
import type { Tell } from '../events/changes.ts';
import type { Services } from '../services.ts';
import type { Database } from '../store/tables.ts';
import { type SceneRow, sceneView } from './scene-view.ts';

/**
 * Moves those of the tenant's uploading scenes on that need nothing more. The caller holds `lockTenant`.
 *
 * @param sha256 of the bytes that just came: only scenes with them are looked at.
 * @returns whether an import task waits now.
 */
export async function advanceScenes(
  tx: Transaction<Database>,
  tell: Tell,
  newId: Services['newId'],
  { tenantId, sha256 }: { readonly tenantId: string; readonly sha256: string },
): Promise<boolean> {
  const waiting = await tx
    .selectFrom('scenes')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('state', '=', 'uploading')
    .where('deleted_at', 'is', null)
    .where('id', 'in', (eb) => eb.selectFrom('scene_files').select('scene_id').where('sha256', '=', sha256))
    .orderBy('id')
    .execute();
  let isTaskReady = false;
  for (const row of waiting) {
    if (await advanceScene(tx, tell, newId, row)) isTaskReady = true;
  }
  return isTaskReady;
}

/** Tells of the scene only when its state changes. @returns whether an import task waits now. */
export async function advanceScene(
  tx: Transaction<Database>,
  tell: Tell,
  newId: Services['newId'],
  row: SceneRow,
): Promise<boolean> {
  // One file that holds the scene up, if any; one whose announced size is wrong before one that is missing.
  const fault = await tx
    .selectFrom('scene_files')
    .leftJoin('tenant_objects', (join) =>
      join.on('tenant_objects.tenant_id', '=', row.tenant_id).onRef('tenant_objects.sha256', '=', 'scene_files.sha256'),
    )
    .leftJoin('objects', 'objects.sha256', 'tenant_objects.sha256')
    .select(['scene_files.path', 'scene_files.size_bytes as announced', 'objects.size_bytes as stored'])
    .where('scene_id', '=', row.id)
    .where((eb) =>
      eb.or([eb('objects.size_bytes', 'is', null), eb('objects.size_bytes', '!=', eb.ref('scene_files.size_bytes'))]),
    )
    .orderBy('objects.size_bytes', (order) => order.asc().nullsLast())
    .limit(1)
    .executeTakeFirst();
  if (fault !== undefined && fault.stored === null) return false;
  if (fault !== undefined) {
    const refusal: Refusal = {
      code: 'scene.invalid',
      message: `${JSON.stringify(fault.path)} was announced with ${fault.announced} bytes and has ${fault.stored}`,
      pointer: fault.path,
    };
    await set(tx, tell, row, { state: 'refused', refusal: JSON.stringify(refusal) });
    return false;
  }
  await set(tx, tell, row, { state: 'importing' });
  await tx
    .insertInto('tasks')
    .values({
      id: newId('task'),
      tenant_id: row.tenant_id,
      kind: 'import',
      job_id: null,
      layer_id: null,
      scene_id: row.id,
      index: 0,
      state: 'waiting',
      not_before: null,
      ended_at: null,
    })
    .execute();
  return true;
}

async function set(
  tx: Transaction<Database>,
  tell: Tell,
  row: SceneRow,
  values: { state: 'importing' } | { state: 'refused'; refusal: string },
): Promise<void> {
  const changed = await tx
    .updateTable('scenes')
    .set(values)
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirstOrThrow();
  tell({ type: 'scene', tenantId: row.tenant_id, sceneId: row.id, data: await sceneView(tx, changed) });
}
