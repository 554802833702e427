/** All finished frames and films of a job as one ZIP, streamed: nothing is compressed twice, and nothing is kept in memory. */
import type { Readable } from 'node:stream';
import { frameFilePath, KilnError, type Pass, passFilesOf } from '@kiln/shared';
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { ZipFile } from 'yazl';
import { readFilms } from '../films/read-films.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { Database } from '../store/tables.ts';
import { storedFiles } from './stored-files.ts';

/** Frames of one query; a job of a million frames must not be one answer of the database. */
const PAGE = 2_000;

export interface ArchiveParts {
  readonly db: Kysely<Database>;
  readonly objects: Pick<ObjectStore, 'get'>;
  readonly log: Logger;
}

export interface Archive {
  readonly fileName: string;
  readonly bytes: Readable;
}

/**
 * Names in it: `0001.png` when the job has one layer, else `layer/0001.png`; `depth/0001.png` where passes have files of
 * their own.
 *
 * @throws KilnError `resource.not_found`; once bytes flow, a failure breaks the stream off, so that no half archive
 *   passes for a whole one.
 */
export async function openArchive(
  { db, objects, log }: ArchiveParts,
  tenantId: string,
  jobId: string,
): Promise<Archive> {
  const job = await db
    .selectFrom('jobs')
    .where('purged_at', 'is', null)
    .select('name')
    .where('id', '=', jobId)
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst();
  if (job === undefined) throw new KilnError('resource.not_found', `there is no job ${jobId}`);
  const layers = await db.selectFrom('layers').select(['id', 'name', 'settings']).where('job_id', '=', jobId).execute();
  const folderOf = (name: string) => (layers.length === 1 ? '' : `${name}/`);
  const hasPassFiles = layers.some(({ settings }) => passFilesOf(settings).length > 0);
  const layerById = new Map(layers.map((layer) => [layer.id, layer]));

  const zip = new ZipFile();
  const bytes = zip.outputStream as Readable;
  // yazl leaves the file that it was reading open when nobody takes the archive any more.
  let reading: Readable | null = null;
  const closed = new Promise<void>((resolve) => {
    bytes.once('close', () => {
      reading?.destroy();
      resolve();
    });
  });
  zip.on('error', (error) => bytes.destroy(error instanceof Error ? error : new Error(String(error))));

  /** @returns when it is the frame's turn to be read. */
  const addFrame = (fileName: string, frame: { sha256: string; size_bytes: number; finished_at: Date }) =>
    new Promise<void>((onTurn) => {
      const options = { compress: false, size: frame.size_bytes, mtime: frame.finished_at, mode: 0o100644 };
      zip.addReadStreamLazy(fileName, options, (done) => {
        onTurn();
        objects.get(frame.sha256).then(
          (stream) => {
            reading = stream;
            if (bytes.destroyed) stream.destroy();
            else done(null, stream);
          },
          (error: unknown) => {
            log.error({ err: error, jobId, sha256: frame.sha256 }, 'a frame of an archive cannot be read');
            bytes.destroy(error instanceof Error ? error : new Error(String(error)));
          },
        );
      });
    });

  /** A page of frames is looked up when the one before has been read, and none once nobody reads. */
  const add = async () => {
    let after = 0;
    while (!bytes.destroyed) {
      const frames = await db
        .selectFrom('frames')
        .select(['layer_id', 'frame_number', 'sequence', 'sha256', 'size_bytes', 'finished_at'])
        .where('job_id', '=', jobId)
        .where('sequence', '>', after)
        .orderBy('sequence')
        .limit(PAGE)
        .execute();
      const othersOf = await storedFiles(db, hasPassFiles ? frames : []);
      const turns = frames.flatMap((frame) => {
        const layer = layerById.get(frame.layer_id);
        if (layer === undefined) return [];
        const [first = null] = passFilesOf(layer.settings);
        const addFile = (pass: Pass | null, file: { sha256: string; size_bytes: number }) => {
          const path = frameFilePath(frame.frame_number, layer.settings.format, pass);
          return addFrame(`${folderOf(layer.name)}${path}`, { ...frame, ...file });
        };
        const others = othersOf(frame).passes.map(({ pass, sha256, sizeBytes }) =>
          addFile(pass, { sha256, size_bytes: sizeBytes }),
        );
        return [addFile(first, frame), ...others];
      });
      if (frames.length < PAGE) {
        await addFilms();
        return zip.end();
      }
      after = frames.at(-1)?.sequence ?? after;
      await Promise.race([closed, turns.at(-1)]);
    }
  };
  const addFilms = async () => {
    for (const { layer, fileName, sha256, sizeBytes, finishedAt } of await readFilms(db, tenantId, jobId)) {
      if (sha256 === null || sizeBytes === null || finishedAt === null) continue;
      void addFrame(`${folderOf(layer)}${fileName}`, {
        sha256,
        size_bytes: sizeBytes,
        finished_at: new Date(finishedAt),
      });
    }
  };
  add().catch((error: unknown) => {
    log.error({ err: error, jobId }, 'an archive broke off');
    bytes.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  return { fileName: `${job.name}.zip`, bytes };
}
