/** The tasks that make films: there from the submission on, given out once there is a frame. */
import { type FilmPlan, type IdKind, KilnError, LIMITS } from '@kiln/shared';
import type { Kysely, Transaction } from 'kysely';
import type { JobRow, LayerRow } from '../jobs/present.ts';
import type { Database } from '../store/tables.ts';

/** One film with the task that makes it. */
export interface FilmTask {
  readonly taskId: string;
  readonly job: JobRow;
  readonly layerId: string;
  /** Among the films of its layer. */
  readonly index: number;
  readonly plan: FilmPlan;
}

export const filmTasks = (
  job: JobRow,
  layers: readonly LayerRow[],
  newId: (kind: IdKind) => string,
): readonly FilmTask[] =>
  layers.flatMap(({ id: layerId, films }) =>
    films.map((plan, index) => ({ taskId: newId('task'), job, layerId, index, plan })),
  );

export async function insertFilms(trx: Transaction<Database>, films: readonly FilmTask[]): Promise<void> {
  if (films.length === 0) return;
  await trx
    .insertInto('tasks')
    .values(
      films.map(({ taskId, job, layerId, index }) => ({
        id: taskId,
        tenant_id: job.tenant_id,
        kind: 'film' as const,
        job_id: job.id,
        layer_id: layerId,
        scene_id: job.scene_id,
        index,
        state: 'waiting' as const,
        not_before: null,
        ended_at: null,
      })),
    )
    .execute();
  await trx
    .insertInto('films')
    .values(
      films.map(({ taskId, job, layerId, plan }) => ({
        task_id: taskId,
        job_id: job.id,
        layer_id: layerId,
        tenant_id: job.tenant_id,
        plan: JSON.stringify(plan),
        audio_sha256: plan.audio?.sha256 ?? null,
        facts: null,
        sha256: null,
        size_bytes: null,
        error: null,
        finished_at: null,
      })),
    )
    .execute();
}

/**
 * Sounds must have been sent by the tenant itself: who knows a hash has no right to the bytes.
 *
 * @throws KilnError `request.invalid` or `upload.over_limit`, with the field's path.
 */
export async function checkSounds(
  db: Kysely<Database>,
  tenantId: string,
  layers: readonly { readonly films: readonly FilmPlan[] }[],
): Promise<void> {
  const sounds = layers.flatMap(({ films }, layer) =>
    films.flatMap(({ audio }, film) =>
      audio ? [{ sha256: audio.sha256, field: `/layers/${layer}/films/${film}/audio/sha256` }] : [],
    ),
  );
  if (sounds.length === 0) return;
  const rows = await db
    .selectFrom('tenant_objects as t')
    .innerJoin('objects as o', 'o.sha256', 't.sha256')
    .select(['t.sha256', 'o.size_bytes'])
    .where('t.tenant_id', '=', tenantId)
    .where(
      't.sha256',
      'in',
      sounds.map(({ sha256 }) => sha256),
    )
    .execute();
  const sizes = new Map(rows.map((row) => [row.sha256, row.size_bytes]));
  for (const { sha256, field } of sounds) {
    const sizeBytes = sizes.get(sha256);
    if (sizeBytes === undefined) {
      throw new KilnError('request.invalid', `no file ${sha256} was uploaded; upload the sound first`, { field });
    }
    if (sizeBytes > LIMITS.soundBytes) {
      throw new KilnError('upload.over_limit', `a sound has at most ${LIMITS.soundBytes} bytes, this ${sizeBytes}`, {
        field,
      });
    }
  }
}
