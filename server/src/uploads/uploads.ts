/** Resumable uploads: announced with their hash, resumed at any byte, checked as a whole, then stored by content. */
import { KilnError, LIMITS } from '@kiln/shared';
import type { Selectable } from 'kysely';
import { SERVER_LIMITS } from '../limits.ts';
import { errorCodeOf } from '../objects/disk-errors.ts';
import { knownSizes } from '../objects/known-sizes.ts';
import { recordObject } from '../objects/record-object.ts';
import { advanceScenes } from '../scenes/advance.ts';
import { lockTenant } from '../scenes/find-scene.ts';
import type { Farm, Services } from '../services.ts';
import type { UploadTable } from '../store/tables.ts';
import type { UploadFiles } from './upload-files.ts';
import type { UploadMetadata } from './upload-metadata.ts';

export type Upload = Selectable<UploadTable>;

export interface UploadState {
  readonly upload: Upload;
  readonly offset: number;
}

export class Uploads {
  readonly #services: Pick<Services, 'store' | 'objects' | 'clock' | 'newId'>;
  readonly #farm: Pick<Farm, 'change' | 'onTaskReady'>;
  readonly #files: UploadFiles;

  constructor(
    services: Pick<Services, 'store' | 'objects' | 'clock' | 'newId'>,
    farm: Pick<Farm, 'change' | 'onTaskReady'>,
    files: UploadFiles,
  ) {
    this.#services = services;
    this.#farm = farm;
    this.#files = files;
  }

  /** @throws KilnError `upload.over_limit`, `scene.empty_file`, `storage.full`; `request.invalid` for a wrong size. */
  async create(tenantId: string, sizeBytes: number, { sha256, filename }: UploadMetadata): Promise<Upload> {
    if (sizeBytes === 0) {
      throw new KilnError('scene.empty_file', `${JSON.stringify(filename)} has no bytes: there is nothing to upload`);
    }
    if (sizeBytes > LIMITS.fileBytes) {
      throw new KilnError(
        'upload.over_limit',
        `a file has at most ${LIMITS.fileBytes} bytes, ${JSON.stringify(filename)} has ${sizeBytes}`,
        { field: '/headers/upload-length' },
      );
    }
    const [known] = await knownSizes(this.#services.store.db, tenantId, [sha256]);
    if (known !== undefined && known.sizeBytes !== sizeBytes) {
      throw new KilnError(
        'request.invalid',
        `the file with the hash ${sha256} has ${known.sizeBytes} bytes, not ${sizeBytes}: hash or length is wrong`,
        { field: '/headers/upload-length' },
      );
    }
    await this.#files.checkRoom(sizeBytes + this.#copyBytes(sizeBytes));
    await this.#checkOpenUploads(tenantId, sizeBytes);
    const now = this.#services.clock.now();
    const id = this.#services.newId('upload');
    await this.#files.create(id);
    return this.#services.store.db
      .insertInto('uploads')
      .values({
        id,
        tenant_id: tenantId,
        sha256,
        size_bytes: sizeBytes,
        created_at: now,
        touched_at: now,
        finished_at: null,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
  }

  /** Beside an upload's own file its stored copy may be on the same disk. */
  #copyBytes(sizeBytes: number): number {
    return this.#services.objects.isOnDisk ? sizeBytes : 0;
  }

  async #checkOpenUploads(tenantId: string, sizeBytes: number): Promise<void> {
    const open = await this.#services.store.db
      .selectFrom('uploads')
      .select((eb) => [eb.fn.countAll<number>().as('count'), eb.fn.sum<string | null>('size_bytes').as('bytes')])
      .where('tenant_id', '=', tenantId)
      .where('finished_at', 'is', null)
      .executeTakeFirstOrThrow();
    const { openUploads, openUploadBytes } = SERVER_LIMITS;
    if (Number(open.count) >= openUploads || Number(open.bytes ?? 0) + sizeBytes > openUploadBytes) {
      throw new KilnError(
        'upload.over_limit',
        `at most ${openUploads} uploads of ${openUploadBytes} bytes together may be under way: finish or end some first`,
      );
    }
  }

  /** @throws KilnError `resource.not_found`, also for another tenant's. */
  async find(tenantId: string, id: string): Promise<Upload> {
    const row = await this.#services.store.db
      .selectFrom('uploads')
      .selectAll()
      .where('id', '=', id)
      .where('tenant_id', '=', tenantId)
      .executeTakeFirst();
    if (row === undefined) throw new KilnError('resource.not_found', `there is no upload ${id}`);
    return row;
  }

  /**
   * How far the upload has come. One whose bytes are all here but which was not finished (the server died in between) is
   * finished first. The caller has the upload's turn.
   *
   * @throws KilnError `resource.not_found` when its bytes are gone; what `finish` throws.
   */
  async state(upload: Upload): Promise<UploadState> {
    if (upload.finished_at !== null) return { upload, offset: upload.size_bytes };
    const offset = await this.#files.length(upload.id);
    if (offset === null) throw new KilnError('resource.not_found', 'the bytes of this upload are gone: start it again');
    if (offset >= upload.size_bytes) await this.#finish(upload);
    return { upload, offset };
  }

  /**
   * Appends bytes, and finishes the upload with the last of them. The caller has the upload's turn.
   *
   * @throws KilnError `resource.conflict` when `offset` is not where the upload is; `upload.over_limit`; `storage.full`;
   *   `upload.hash_mismatch`.
   */
  async append(upload: Upload, offset: number, bytes: AsyncIterable<Uint8Array>): Promise<number> {
    const state = await this.state(upload);
    if (state.offset !== offset) {
      throw new KilnError('resource.conflict', `the upload is at byte ${state.offset}, not at ${offset}`);
    }
    if (upload.finished_at !== null || offset === upload.size_bytes) return offset;
    const maxBytes = upload.size_bytes - offset;
    await this.#files.checkRoom(maxBytes + this.#copyBytes(upload.size_bytes));
    try {
      const length = await this.#files.append(upload.id, bytes, { offset, maxBytes });
      if (length === upload.size_bytes) await this.#finish(upload);
      return length;
    } finally {
      await this.#services.store.db
        .updateTable('uploads')
        .set({ touched_at: this.#services.clock.now() })
        .where('id', '=', upload.id)
        .execute();
    }
  }

  /** Safe to do again, and on two servers at once: until the end is recorded, the upload's own file stays. */
  async #finish(upload: Upload): Promise<void> {
    const { objects, newId, clock } = this.#services;
    const { id, tenant_id: tenantId, sha256 } = upload;
    const path = this.#files.pathOf(id);
    const object = await objects
      .putFile(path, { expectSha256: sha256, maxBytes: upload.size_bytes })
      .catch(async (error: unknown) => {
        if (errorCodeOf(error) === 'ENOENT') {
          throw new KilnError('resource.conflict', 'another server has finished or ended this upload meanwhile');
        }
        // When it was the store's fault the bytes stay: the next request finishes the upload.
        if (error instanceof KilnError && !isOfStore(error)) await this.remove(upload);
        throw error;
      });
    const isTaskReady = await this.#farm.change(async (tx, tell) => {
      await lockTenant(tx, tenantId);
      await recordObject(tx, objects, object);
      const now = clock.now();
      await tx
        .insertInto('tenant_objects')
        .values({ tenant_id: tenantId, sha256, created_at: now })
        // What was sent again is as good as new to the sweep.
        .onConflict((conflict) => conflict.columns(['tenant_id', 'sha256']).doUpdateSet({ created_at: now }))
        .execute();
      await tx.updateTable('uploads').set({ finished_at: now }).where('id', '=', id).execute();
      return advanceScenes(tx, tell, newId, { tenantId, sha256 });
    });
    await this.#files.remove(id);
    if (isTaskReady) this.#farm.onTaskReady();
  }

  /** Ends an upload and forgets its bytes; what was stored by content stays. */
  async remove(upload: Pick<Upload, 'id'>): Promise<void> {
    await this.#files.remove(upload.id);
    await this.#services.store.db.deleteFrom('uploads').where('id', '=', upload.id).execute();
  }
}

const isOfStore = ({ code }: KilnError) => code === 'storage.full' || code === 'storage.unavailable';
