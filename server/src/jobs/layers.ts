/** Layers of a job, as the API shows them. Once their chunks are settled they never change, so they are read once. */
import type { Layer, SceneNeeds } from '@kiln/shared';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../store/tables.ts';
import { layerView } from './present.ts';
import { Remembered } from './remembered.ts';

/** Jobs whose layers are kept: a layer takes about 1 kB. */
const KEPT_JOBS = 1_000;

export class JobLayers {
  readonly #kept = new Remembered<readonly Layer[]>(KEPT_JOBS);

  /** @param db the transaction when called inside one. */
  async of(db: Kysely<Database>, jobIds: readonly string[]): Promise<ReadonlyMap<string, readonly Layer[]>> {
    const found = new Map<string, readonly Layer[]>();
    const unknown: string[] = [];
    for (const id of new Set(jobIds)) {
      const layers = this.#kept.get(id);
      if (layers) found.set(id, layers);
      else unknown.push(id);
    }
    if (unknown.length === 0) return found;
    const rows = await db.selectFrom('layers').selectAll().where('job_id', 'in', unknown).orderBy('position').execute();
    for (const id of unknown) {
      const layers = rows.filter((row) => row.job_id === id).map(layerView);
      // A job that is not committed yet has none for others.
      if (layers.length > 0 && !layers.some(({ isChunkOpen }) => isChunkOpen)) this.#kept.set(id, layers);
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
