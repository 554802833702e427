/** Scenes as the API shows them. */
import { API_PREFIX, BYTE_ROUTES, type Scene, type SceneFile } from '@kiln/shared';
import type { Kysely, Selectable } from 'kysely';
import type { Database, SceneTable } from '../store/tables.ts';

export type SceneRow = Selectable<SceneTable>;

/** @returns the rows' views in their order, with three queries however many rows there are. */
export async function sceneViews(db: Kysely<Database>, rows: readonly SceneRow[]): Promise<Scene[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
  const files = await db
    .selectFrom('scene_files')
    .select(['scene_id', 'path', 'sha256', 'size_bytes'])
    .where('scene_id', 'in', ids)
    .orderBy('path')
    .execute();
  const missing = await missingOf(
    db,
    rows.flatMap((row) => (row.state === 'uploading' ? [row.id] : [])),
  );
  const filesOf = new Map<string, SceneFile[]>(ids.map((id) => [id, []]));
  for (const file of files) {
    filesOf.get(file.scene_id)?.push({ path: file.path, sha256: file.sha256, sizeBytes: file.size_bytes });
  }
  return rows.map((row) => view(row, filesOf.get(row.id) ?? [], missing.get(row.id) ?? []));
}

/** View of one row. */
export async function sceneView(db: Kysely<Database>, row: SceneRow): Promise<Scene> {
  const [only] = await sceneViews(db, [row]);
  if (only === undefined) throw new Error('one row has one view');
  return only;
}

/** Hashes that the scene's own tenant has not sent yet, by scene. What others have sent is never told. */
async function missingOf(db: Kysely<Database>, sceneIds: readonly string[]): Promise<Map<string, string[]>> {
  const missing = new Map<string, string[]>(sceneIds.map((id) => [id, []]));
  if (sceneIds.length === 0) return missing;
  const rows = await db
    .selectFrom('scene_files')
    .innerJoin('scenes', 'scenes.id', 'scene_files.scene_id')
    .leftJoin('tenant_objects', (join) =>
      join
        .onRef('tenant_objects.tenant_id', '=', 'scenes.tenant_id')
        .onRef('tenant_objects.sha256', '=', 'scene_files.sha256'),
    )
    .select(['scene_files.scene_id', 'scene_files.sha256'])
    .distinct()
    .where('scene_files.scene_id', 'in', sceneIds)
    .where('tenant_objects.sha256', 'is', null)
    .orderBy('scene_files.sha256')
    .execute();
  for (const row of rows) missing.get(row.scene_id)?.push(row.sha256);
  return missing;
}

function view(row: SceneRow, files: SceneFile[], missing: string[]): Scene {
  const thumbnail = `${API_PREFIX}${BYTE_ROUTES.thumbnail.path.replace(':sceneId', row.id)}`;
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    state: row.state,
    sceneHash: row.scene_hash,
    entry: row.entry,
    sizeBytes: row.size_bytes,
    files,
    missing,
    report: row.report,
    refusal: row.refusal,
    thumbnailUrl: row.thumbnail_sha256 === null ? null : thumbnail,
    createdAt: row.created_at.toISOString(),
  };
}
