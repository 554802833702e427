/** Films of a job, as the API shows them. */
import { API_PREFIX, FILM_FORMATS, type Film, filmFileName, KilnError } from '@kiln/shared';
import type { Kysely } from 'kysely';
import type { Database } from '../store/tables.ts';

export async function readFilms(db: Kysely<Database>, tenantId: string, jobId: string): Promise<Film[]> {
  const rows = await db
    .selectFrom('films as f')
    .innerJoin('tasks as t', 't.id', 'f.task_id')
    .innerJoin('layers as l', 'l.id', 'f.layer_id')
    .selectAll('f')
    .select(['t.state', 'l.name'])
    .where('f.job_id', '=', jobId)
    .where('f.tenant_id', '=', tenantId)
    .orderBy('l.position')
    .orderBy('t.index')
    .execute();
  return rows.map((row): Film => {
    const fileName = filmFileName(row.plan.format);
    return {
      jobId,
      layerId: row.layer_id,
      layer: row.name,
      ...row.plan,
      fileName,
      state: row.state,
      framesTaken: row.frames_taken,
      facts: row.facts,
      sha256: row.sha256,
      sizeBytes: row.size_bytes,
      mediaType: FILM_FORMATS[row.plan.format].mediaType,
      url: row.sha256 === null ? null : `${API_PREFIX}/jobs/${jobId}/films/${row.name}/${fileName}`,
      error: row.error,
      finishedAt: row.finished_at?.toISOString() ?? null,
    };
  });
}

/** @throws KilnError `resource.not_found`, also for another tenant's job. */
export async function findFilm(
  db: Kysely<Database>,
  tenantId: string,
  { jobId, layer, fileName }: { readonly jobId: string; readonly layer: string; readonly fileName: string },
): Promise<{ readonly sha256: string; readonly sizeBytes: number; readonly mediaType: string }> {
  const films = await readFilms(db, tenantId, jobId);
  const film = films.find((one) => one.layer === layer && one.fileName === fileName);
  if (!film || film.sha256 === null || film.sizeBytes === null) {
    throw new KilnError(
      'resource.not_found',
      `there is no finished film ${fileName} in layer ${layer} of job ${jobId}`,
    );
  }
  return { sha256: film.sha256, sizeBytes: film.sizeBytes, mediaType: film.mediaType };
}
