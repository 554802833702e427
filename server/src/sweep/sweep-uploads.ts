import type { SweepParts, SweepTimes } from './sweep-parts.ts';

/** Uploads that nobody goes on with, and files of uploads that the store does not know. */
export async function sweepUploads(
  { services, uploads: files }: SweepParts,
  times: SweepTimes,
  dryRun: boolean,
): Promise<{ uploads: number; uploadBytes: number }> {
  const { db } = services.store;
  const expired = await db
    .selectFrom('uploads')
    .select(['id', 'finished_at'])
    .where('touched_at', '<', times.uploads)
    .execute();
  // Kept so that whoever did not hear of the end is told; they hold no bytes any more.
  const finished = new Set(expired.flatMap(({ id, finished_at }) => (finished_at === null ? [] : [id])));
  const known = new Set((await db.selectFrom('uploads').select('id').execute()).map(({ id }) => id));
  const strayFiles: string[] = [];
  for (const id of await files.list()) {
    // A file is made before its row: a young one may be about to get it.
    const changedAt = known.has(id) ? null : await files.changedAt(id);
    if (changedAt !== null && changedAt < times.uploads) strayFiles.push(id);
  }
  let uploads = 0;
  let uploadBytes = 0;
  for (const id of [...expired.map((row) => row.id), ...strayFiles]) {
    if (!dryRun) {
      const isStillExpired = await db
        .deleteFrom('uploads')
        .where('id', '=', id)
        .where('touched_at', '<', times.uploads)
        .returning('id')
        .executeTakeFirst();
      if (isStillExpired === undefined && known.has(id)) continue;
    }
    if (finished.has(id)) continue;
    uploads++;
    uploadBytes += (await files.length(id)) ?? 0;
    if (!dryRun) await files.remove(id);
  }
  return { uploads, uploadBytes };
}
