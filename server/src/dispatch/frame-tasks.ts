/** The tasks that make divided frames of their parts: rows appear with the first part that is given out. */
import { type IdKind, partsPerFrame, type TaskState } from '@kiln/shared';
import type { Transaction } from 'kysely';
import type { JobRow } from '../jobs/present.ts';
import type { Database } from '../store/tables.ts';
import type { Pick } from './pick.ts';

export interface FrameTasks {
  /** @param frameIndex counts the layer's frames from 0. */
  get(layerId: string, frameIndex: number): { readonly id: string; readonly state: TaskState };
}

interface Cut {
  readonly cut: Extract<Pick, { kind: 'cursor' }>;
  readonly job: JobRow;
}

/** Those of the divided frames that `cuts` are parts of, each with its state. The caller holds the locks of the jobs. */
export async function frameTasks(
  trx: Transaction<Database>,
  cuts: readonly Cut[],
  newId: (kind: IdKind) => string,
): Promise<FrameTasks> {
  const wanted = new Map<string, { id: string; state: TaskState }>();
  const rows = cuts.flatMap(({ cut, job }) => {
    if (cut.division === null) return [];
    const parts = partsPerFrame(cut.division);
    const index = Math.floor(cut.index / parts);
    const key = `${cut.layerId}/${index}`;
    if (wanted.has(key)) return [];
    const id = newId('task');
    wanted.set(key, { id, state: 'blocked' });
    return [
      {
        id,
        tenant_id: cut.tenantId,
        kind: 'assemble' as const,
        job_id: cut.jobId,
        layer_id: cut.layerId,
        scene_id: job.scene_id,
        index,
        state: 'blocked' as const,
        needs: parts,
        adapter_class: cut.adapterClass,
        not_before: null,
        ended_at: null,
      },
    ];
  });
  if (rows.length > 0) {
    await trx
      .insertInto('tasks')
      .values(rows)
      .onConflict((conflict) => conflict.columns(['layer_id', 'kind', 'index']).doNothing())
      .execute();
    const known = await trx
      .selectFrom('tasks')
      .select(['id', 'layer_id', 'index', 'state', 'adapter_class'])
      .where('kind', '=', 'assemble')
      .where('layer_id', 'in', [...new Set(rows.map((row) => row.layer_id))])
      .where('index', 'in', [...new Set(rows.map((row) => row.index))])
      .execute();
    for (const { id, layer_id, index, state, adapter_class } of known) {
      const key = `${layer_id}/${index}`;
      wanted.set(key, { id, state });
      checkClass(key, adapter_class ?? (await settleClass(trx, id, key, cuts)), cuts);
    }
  }
  return {
    get(layerId, frameIndex) {
      const task = wanted.get(`${layerId}/${frameIndex}`);
      if (!task) throw new Error(`frame ${frameIndex} of layer ${layerId} has no task`);
      return task;
    },
  };
}

/** A frame whose first worker gave all of it back is of the class of the next one. */
async function settleClass(
  trx: Transaction<Database>,
  taskId: string,
  key: string,
  cuts: readonly Cut[],
): Promise<string | null> {
  const first = cuts.find(({ cut }) => frameKey(cut) === key);
  if (!first) return null;
  const { adapterClass } = first.cut;
  await trx.updateTable('tasks').set({ adapter_class: adapterClass }).where('id', '=', taskId).execute();
  return adapterClass;
}

const frameKey = ({ layerId, division, index }: Cut['cut']): string | null =>
  division === null ? null : `${layerId}/${Math.floor(index / partsPerFrame(division))}`;

/** Parts of one frame are of one class, whatever was thought of it when they were picked. */
function checkClass(key: string, adapterClass: string | null, cuts: readonly Cut[]): void {
  if (adapterClass === null) return;
  for (const { cut } of cuts) {
    if (frameKey(cut) !== key || cut.adapterClass === adapterClass) continue;
    throw new Error(`frame ${key} is drawn by the adapter class ${adapterClass}, not by ${cut.adapterClass}`);
  }
}
