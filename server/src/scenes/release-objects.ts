import { sql, type Transaction } from 'kysely';
import type { Database } from '../store/tables.ts';

/**
 * Forgets what the tenant sent for a scene and no other scene of it needs, and the objects that are then nobody's. The
 * caller holds `lockTenant`.
 *
 * @returns hashes of objects whose rows are gone; their bytes go after the commit (`dropBytes`).
 */
export async function releaseSceneObjects(
  tx: Transaction<Database>,
  scene: { readonly id: string; readonly tenant_id: string },
): Promise<string[]> {
  const released = await sql<{ sha256: string }>`
    delete from tenant_objects t
    where t.tenant_id = ${scene.tenant_id}
      and t.sha256 in (select sha256 from scene_files where scene_id = ${scene.id})
      and not exists (
        select from scene_files f join scenes s on s.id = f.scene_id
        where f.sha256 = t.sha256 and s.tenant_id = t.tenant_id and s.id <> ${scene.id}
          and s.state <> 'refused' and s.deleted_at is null)
    returning t.sha256`.execute(tx);
  return deleteUnreferenced(
    tx,
    released.rows.map((row) => row.sha256),
  );
}

/** Deletes those of the objects' rows that nothing refers to. */
export async function deleteUnreferenced(tx: Transaction<Database>, hashes: readonly string[]): Promise<string[]> {
  if (hashes.length === 0) return [];
  // Locked first: a row to which another transaction is just adding a reference waits for it, and is then looked at anew.
  await tx.selectFrom('objects').select('sha256').where('sha256', 'in', hashes).orderBy('sha256').forUpdate().execute();
  const deleted = await tx
    .deleteFrom('objects')
    .where('sha256', 'in', hashes)
    .where(isUnreferenced)
    .returning('sha256')
    .execute();
  return deleted.map((row) => row.sha256);
}

/** No scene that is not deleted is drawn from this row of `objects`. */
const isNoConvertedScene = sql<boolean>`
  not exists (select from scenes s where s.converted_sha256 = objects.sha256 and s.deleted_at is null)`;

/** No film is these bytes, or sounds of them. */
const isNoFilm = sql<boolean>`
  not exists (select from films f where f.sha256 = objects.sha256)
  and not exists (select from films f where f.audio_sha256 = objects.sha256)`;

/**
 * Nothing refers to this row of `objects`: no tenant, no frame or piece of one, no film, no thumbnail, no scene that was
 * converted to it.
 */
export const isUnreferenced = sql<boolean>`
  not exists (select from tenant_objects t where t.sha256 = objects.sha256)
  and not exists (select from frames f where f.sha256 = objects.sha256)
  and not exists (select from frame_files f where f.sha256 = objects.sha256)
  and not exists (select from pieces p where p.sha256 = objects.sha256)
  and ${isNoFilm}
  and not exists (select from scenes s where s.thumbnail_sha256 = objects.sha256)
  and ${isNoConvertedScene}`;

/** A scene of its tenant needs what this row `t` of `tenant_objects` claims. */
export const isClaimUsed = sql<boolean>`
  exists (
    select from scene_files f join scenes s on s.id = f.scene_id
    where f.sha256 = t.sha256 and s.tenant_id = t.tenant_id and s.state <> 'refused' and s.deleted_at is null)`;

/**
 * Nobody needs this row of `objects` any more, although what is left of a deleted scene may refer to it for a while: its
 * tenant's claim, and the thumbnail when no job keeps the scene's row.
 */
export const isUnneeded = sql<boolean>`
  not exists (select from tenant_objects t where t.sha256 = objects.sha256 and ${isClaimUsed})
  and not exists (select from frames f where f.sha256 = objects.sha256)
  and not exists (select from frame_files f where f.sha256 = objects.sha256)
  and not exists (select from pieces p where p.sha256 = objects.sha256)
  and ${isNoFilm}
  and not exists (
    select from scenes s where s.thumbnail_sha256 = objects.sha256
      and (s.deleted_at is null or exists (select from jobs j where j.scene_id = s.id)))
  and ${isNoConvertedScene}`;
