/**
 * Layers of a job, as the API shows them. Once their chunks are settled nothing of them changes but what they require, with the
 * version of their job's terms: they are read once for each.
 */
import type { Layer, SceneNeeds } from '@kiln/shared';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../store/tables.ts';
import { type JobRow, layerView } from './present.ts';
import { Remembered } from './remembered.ts';

/** Jobs whose layers are kept: a layer takes about 1 kB. */
const KEPT_JOBS = 1_000;

interface Kept {
  readonly layers: readonly Layer[];
  /** Of the job's terms. */
  readonly version: number;
}

export class JobLayers {
  readonly #kept = new Remembered<Kept>(KEPT_JOBS);

  /**
   * As they are, or were before their requirements were changed.
   *
   * @param db the transaction when called inside one.
   */
  async of(db: Kysely<Database>, jobIds: readonly string[]): Promise<ReadonlyMap<string, readonly Layer[]>> {
    return this.#find(db, jobIds, () => true);
  }

  /** As they are, with these rows of their jobs. @param db as of `of`. */
  async current(
    db: Kysely<Database>,
    jobs: readonly Pick<JobRow, 'id' | 'terms_version'>[],
  ): Promise<ReadonlyMap<string, readonly Layer[]>> {
    const versions = new Map(jobs.map(({ id, terms_version }) => [id, terms_version]));
    return this.#find(db, [...versions.keys()], (id, { version }) => version === versions.get(id));
  }

  async #find(
    db: Kysely<Database>,
    jobIds: readonly string[],
    isCurrent: (id: string, kept: Kept) => boolean,
  ): Promise<ReadonlyMap<string, readonly Layer[]>> {
    const found = new Map<string, readonly Layer[]>();
    const unknown: string[] = [];
    for (const id of new Set(jobIds)) {
      const kept = this.#kept.get(id);
      if (kept && isCurrent(id, kept)) found.set(id, kept.layers);
      else unknown.push(id);
    }
    if (unknown.length === 0) return found;
    const rows = await db
      .selectFrom('layers as l')
      .innerJoin('jobs as j', 'j.id', 'l.job_id')
      .selectAll('l')
      .select('j.terms_version')
      .where('l.job_id', 'in', unknown)
      .orderBy('l.position')
      .execute();
    for (const id of unknown) {
      const its = rows.filter((row) => row.job_id === id);
      const layers = its.map(layerView);
      const version = its[0]?.terms_version ?? 0;
      // Terms that are not committed yet may never be. A job that is not has no layers for others.
      const isSure = !db.isTransaction || version === 0;
      if (isSure && layers.length > 0 && !layers.some(({ isChunkOpen }) => isChunkOpen))
        this.#kept.set(id, { layers, version });
      found.set(id, layers);
    }
    return found;
  }
}

/** Layers with frames that nobody was given yet, and what their scene takes. */
export async function readUnfinishedLayers(
  db: Kysely<Database>,
  jobIds: readonly string[],
): Promise<ReadonlyMap<string, SceneNeeds | null>> {
  const { rows } = await sql<{ id: string; scene_needs: SceneNeeds | null }>`
    select l.id, l.scene_needs from layers l
    where l.job_id in (select jsonb_array_elements_text(${JSON.stringify(jobIds)}::jsonb))
      and (l.released < l.task_count
        or exists (select from tasks t where t.layer_id = l.id and t.state = 'waiting' and t.kind <> 'film'))`.execute(
    db,
  );
  return new Map(rows.map(({ id, scene_needs }) => [id, scene_needs]));
}
