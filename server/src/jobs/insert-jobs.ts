/** What is written of jobs that come in, many at a time. */
import type { Transaction } from 'kysely';
import type { NewCosts } from '../estimates/estimates.ts';
import type { FilmTask } from '../films/film-tasks.ts';
import type { Database } from '../store/tables.ts';
import type { JobRow, LayerRow } from './present.ts';

/** Rows with the ids that they keep, however often they are written. */
export interface Submission {
  readonly job: JobRow;
  readonly layers: readonly LayerRow[];
  /** Ids of the environments and look-up tables that it uses. */
  readonly assets: readonly string[];
  readonly films: readonly FilmTask[];
  readonly costs: NewCosts | null;
}

/** PostgreSQL takes 65,535 values in a statement. */
const ROWS_PER_INSERT = 1_000;

/** @returns the ids of those that were not there, neither with their id nor with their key. */
export async function insertJobs(
  trx: Transaction<Database>,
  submissions: readonly Submission[],
): Promise<ReadonlySet<string>> {
  const rows = submissions.map(({ job }) => ({
    ...job,
    error: null,
    waits_for: null,
    after_jobs: json(job.after_jobs),
    needed_jobs: json(job.needed_jobs),
    notify: json(job.notify),
    tags: json(job.tags),
    limits: json(job.limits),
  }));
  if (rows.length === 0) return new Set();
  const inserted = await trx
    .insertInto('jobs')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .execute();
  return new Set(inserted.map((row) => row.id));
}

const json = (value: object | null): string | null => (value === null ? null : JSON.stringify(value));

export async function insertLayers(trx: Transaction<Database>, layers: readonly LayerRow[]): Promise<void> {
  for (let from = 0; from < layers.length; from += ROWS_PER_INSERT) {
    const some = layers.slice(from, from + ROWS_PER_INSERT);
    await trx
      .insertInto('layers')
      .values(
        some.map((layer) => ({
          ...layer,
          films: JSON.stringify(layer.films),
          needs: json(layer.needs),
          frame_order: json(layer.frame_order),
          limits: json(layer.limits),
          requires: json(layer.requires),
          own_requires: json(layer.own_requires),
          scene_needs: json(layer.scene_needs),
          test_frames: json(layer.test_frames),
          settings: JSON.stringify(layer.settings),
          division: json(layer.division),
        })),
      )
      .execute();
  }
}

export async function insertCosts(trx: Transaction<Database>, submissions: readonly Submission[]): Promise<void> {
  const rows = submissions.flatMap(({ job, costs }) =>
    costs === null ? [] : [{ ...costs, job_id: job.id, estimate: json(costs.estimate) }],
  );
  if (rows.length > 0) await trx.insertInto('job_costs').values(rows).execute();
}
