/**
 * What an import found, applied in three steps: bytes first, then the transaction that also ends the task, then what may
 * only happen once that is committed.
 */
import { createHash } from 'node:crypto';
import type { ImportReport, ImportResult, Refusal } from '@kiln/shared';
import { KilnError } from '@kiln/shared';
import type { Transaction } from 'kysely';
import type { Tell } from '../events/changes.ts';
import { dropBytes } from '../objects/drop-bytes.ts';
import type { ObjectStore, StoredObject } from '../objects/object-store.ts';
import { recordObject } from '../objects/record-object.ts';
import type { Services } from '../services.ts';
import type { Database } from '../store/tables.ts';
import { lockTenant } from './find-scene.ts';
import { releaseSceneObjects } from './release-objects.ts';
import { sceneView } from './scene-view.ts';

/** A thumbnail is 512 pixels wide at most; base 64 makes 1,000,000 characters of 750,000 bytes. */
const THUMBNAIL_BYTES = 750_000;
const THUMBNAIL_TYPES = ['image/webp', 'image/png', 'image/jpeg'];

export type PreparedImport =
  | {
      readonly outcome: 'ready';
      readonly report: ImportReport;
      readonly thumbnail: StoredObject;
      readonly thumbnailMediaType: string;
      /** The GLB that the scene was converted to, if it was. */
      readonly converted: StoredObject | null;
    }
  | { readonly outcome: 'refused'; readonly report: ImportReport | null; readonly refusal: Refusal };

/**
 * Stores the thumbnail and looks whether the GLB is there that came before; call it before the transaction.
 *
 * @throws KilnError `request.invalid`, `storage.full`; `storage.unavailable` when the GLB was swept: it must come again.
 */
export async function prepareImport(
  services: Pick<Services, 'objects'>,
  result: ImportResult,
): Promise<PreparedImport> {
  if (result.outcome === 'refused') return result;
  if (!THUMBNAIL_TYPES.includes(result.thumbnailMediaType)) {
    throw new KilnError('request.invalid', `expected a thumbnail as ${THUMBNAIL_TYPES.join(' or ')}`, {
      field: '/thumbnailMediaType',
    });
  }
  const bytes = Buffer.from(result.thumbnailBase64, 'base64');
  const thumbnail = await services.objects.put(
    (async function* () {
      yield bytes;
    })(),
    { maxBytes: THUMBNAIL_BYTES, expectSha256: createHash('sha256').update(bytes).digest('hex') },
  );
  const { report, thumbnailMediaType, converted = null } = result;
  if (converted !== null) await checkConverted(services.objects, converted);
  return { outcome: 'ready', report, thumbnail, thumbnailMediaType, converted };
}

async function checkConverted(objects: Pick<ObjectStore, 'size'>, { sha256, sizeBytes }: StoredObject): Promise<void> {
  const stored = await objects.size(sha256);
  if (stored === sizeBytes) return;
  if (stored === null) throw new KilnError('storage.unavailable', 'the converted scene is not stored: send it again');
  throw new KilnError('request.invalid', `expected the converted scene's ${stored} bytes, got ${sizeBytes}`, {
    field: '/converted/sizeBytes',
  });
}

/** A scene whose import crashed or ran out of time as often as it may. */
export const failedImport = (refusal: Refusal): PreparedImport => ({ outcome: 'refused', report: null, refusal });

/** Hashes whose bytes nobody refers to any more. */
export interface AppliedImport {
  readonly unreferenced: readonly string[];
}

/**
 * In the transaction that ends the import task. A scene that is not importing (deleted meanwhile, or told before) stays
 * as it is.
 */
export async function applyImport(
  tx: Transaction<Database>,
  tell: Tell,
  objects: Pick<ObjectStore, 'has'>,
  sceneId: string,
  prepared: PreparedImport,
): Promise<AppliedImport> {
  const scene = await tx.selectFrom('scenes').selectAll().where('id', '=', sceneId).executeTakeFirst();
  if (scene === undefined || scene.state !== 'importing') return { unreferenced: [] };
  await lockTenant(tx, scene.tenant_id);
  if (prepared.outcome === 'ready') {
    await recordObject(tx, objects, prepared.thumbnail);
    if (prepared.converted) await recordObject(tx, objects, prepared.converted);
  }

  const row = await tx
    .updateTable('scenes')
    .set(
      prepared.outcome === 'ready'
        ? {
            state: 'ready',
            report: JSON.stringify(prepared.report),
            thumbnail_sha256: prepared.thumbnail.sha256,
            thumbnail_media_type: prepared.thumbnailMediaType,
            converted_sha256: prepared.converted?.sha256 ?? null,
            converted_size_bytes: prepared.converted?.sizeBytes ?? null,
          }
        : {
            state: 'refused',
            report: prepared.report === null ? null : JSON.stringify(prepared.report),
            refusal: JSON.stringify(prepared.refusal),
          },
    )
    .where('id', '=', sceneId)
    .where('state', '=', 'importing')
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) return { unreferenced: [] };
  if (row.deleted_at === null) {
    tell({ type: 'scene', tenantId: row.tenant_id, sceneId, data: await sceneView(tx, row) });
  }
  return { unreferenced: row.state === 'refused' ? await releaseSceneObjects(tx, row) : [] };
}

/** After the commit: nothing of a refused scene is left but its record. What fails here is left to the sweep. */
export async function settleImport(
  services: Pick<Services, 'store' | 'objects' | 'log'>,
  { unreferenced }: AppliedImport,
): Promise<void> {
  for (const sha256 of unreferenced) {
    try {
      await dropBytes(services.store.db, services.objects, sha256);
    } catch (error) {
      services.log.warn({ err: error, sha256 }, 'bytes that nobody refers to are left to the sweep');
    }
  }
}
