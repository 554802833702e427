import { createHash } from 'node:crypto';
import { assetKindOf, KilnError, type Scene, type SceneManifest, sceneHashText } from '@kiln/shared';
import type { Transaction } from 'kysely';
import { SERVER_LIMITS } from '../limits.ts';
import { knownSizes } from '../objects/known-sizes.ts';
import type { Farm, Services } from '../services.ts';
import type { Database } from '../store/tables.ts';
import { advanceScene } from './advance.ts';
import { checkScene } from './check-scene.ts';
import { lockTenant } from './find-scene.ts';
import { sceneView } from './scene-view.ts';

export interface CreatedScene {
  readonly scene: Scene;
  /** False when the tenant has this scene already: it is returned in whatever state it is. */
  readonly isNew: boolean;
}

/** Rows of one insert: PostgreSQL takes 65,535 parameters, a file needs four. */
const FILES_PER_INSERT = 5_000;

/**
 * Announces a scene. The same content is the same scene, except that a refused one may be tried anew.
 *
 * @throws KilnError what `checkScene` throws; `request.invalid` for a wrong size of a file that the tenant has;
 *   `scene.over_limit` when the tenant has as many scenes as it may.
 */
export async function createScene(
  services: Pick<Services, 'newId' | 'clock'>,
  farm: Pick<Farm, 'change' | 'onTaskReady'>,
  tenantId: string,
  manifest: SceneManifest,
): Promise<CreatedScene> {
  checkScene(manifest);
  const sceneHash = createHash('sha256').update(sceneHashText(manifest)).digest('hex');
  const created = await farm.change(async (tx, tell) => {
    await lockTenant(tx, tenantId);
    const existing = await tx
      .selectFrom('scenes')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('scene_hash', '=', sceneHash)
      .where('state', '!=', 'refused')
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
    if (existing !== undefined) {
      const isTaskReady = existing.state === 'uploading' && (await advanceScene(tx, tell, services.newId, existing));
      return { scene: await sceneView(tx, await rowOf(tx, existing.id)), isNew: false, isTaskReady };
    }
    await checkSizes(tx, tenantId, manifest);
    await checkSceneCount(tx, tenantId);
    const row = await tx
      .insertInto('scenes')
      .values({
        id: services.newId('scene'),
        tenant_id: tenantId,
        kind: assetKindOf(manifest.entry) ?? 'scene',
        name: manifest.name,
        state: 'uploading',
        scene_hash: sceneHash,
        entry: manifest.entry,
        size_bytes: manifest.files.reduce((sum, file) => sum + file.sizeBytes, 0),
        report: null,
        refusal: null,
        thumbnail_sha256: null,
        thumbnail_media_type: null,
        converted_sha256: null,
        converted_size_bytes: null,
        created_at: services.clock.now(),
        deleted_at: null,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    for (let start = 0; start < manifest.files.length; start += FILES_PER_INSERT) {
      const files = manifest.files.slice(start, start + FILES_PER_INSERT);
      await tx
        .insertInto('scene_files')
        .values(
          files.map((file) => ({ scene_id: row.id, path: file.path, sha256: file.sha256, size_bytes: file.sizeBytes })),
        )
        .execute();
    }
    const isTaskReady = await advanceScene(tx, tell, services.newId, row);
    const scene = await sceneView(tx, await rowOf(tx, row.id));
    if (scene.state === 'uploading') tell({ type: 'scene', tenantId, sceneId: scene.id, data: scene });
    return { scene, isNew: true, isTaskReady };
  });
  if (created.isTaskReady) farm.onTaskReady();
  return created;
}

/** A wrong size is told before anything is sent. */
async function checkSizes(tx: Transaction<Database>, tenantId: string, { files }: SceneManifest): Promise<void> {
  const hashes = [...new Set(files.map(({ sha256 }) => sha256))];
  const sizes = new Map((await knownSizes(tx, tenantId, hashes)).map(({ sha256, sizeBytes }) => [sha256, sizeBytes]));
  for (const [index, { path, sha256, sizeBytes }] of files.entries()) {
    // Two files of one content have one size, whether it is known or not.
    const right = sizes.get(sha256) ?? sizeBytes;
    sizes.set(sha256, right);
    if (right === sizeBytes) continue;
    throw new KilnError(
      'request.invalid',
      `expected ${right} bytes of ${JSON.stringify(path)}, which files with its hash have, got ${sizeBytes}`,
      { field: `/files/${index}/sizeBytes` },
    );
  }
}

async function checkSceneCount(tx: Transaction<Database>, tenantId: string): Promise<void> {
  const { scenes } = await tx
    .selectFrom('scenes')
    .select((eb) => eb.fn.countAll<number>().as('scenes'))
    .where('tenant_id', '=', tenantId)
    .where('deleted_at', 'is', null)
    .executeTakeFirstOrThrow();
  const most = SERVER_LIMITS.scenesPerTenant;
  if (Number(scenes) < most) return;
  throw new KilnError('scene.over_limit', `a tenant has at most ${most} scenes: delete some first`);
}

const rowOf = (tx: Transaction<Database>, id: string) =>
  tx.selectFrom('scenes').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
