/** What the workers of a job must have, changed while it runs. */
import { addRequires, KilnError, LIMITS, meets, type Requires } from '@kiln/shared';
import type { Transaction } from 'kysely';
import type { AttemptEnd } from '../dispatch/end-attempts.ts';
import type { Database } from '../store/tables.ts';

/**
 * What each layer asks for itself stays. The caller holds the job's lock, and sees to it that nothing is given out by the old terms.
 *
 * @param requires of the job from now on; null: nothing.
 * @returns ends of deliveries that have not begun, at workers that lack something now.
 * @throws KilnError `request.invalid` for more tags than a worker has, with those of a layer.
 */
export async function setRequires(
  trx: Transaction<Database>,
  jobId: string,
  requires: Requires | null,
): Promise<AttemptEnd[]> {
  const layers = await trx
    .selectFrom('layers')
    .select(['id', 'name', 'own_requires'])
    .where('job_id', '=', jobId)
    .orderBy('position')
    .execute();
  const now = new Map<string, Requires | null>();
  for (const { id, name, own_requires } of layers) {
    const all = addRequires(requires ?? {}, own_requires ?? {});
    if ((all?.tags?.length ?? 0) > LIMITS.workerTags) {
      const message = `layer “${name}” requires at most ${LIMITS.workerTags} tags with those of its job, and a worker has no more`;
      throw new KilnError('request.invalid', message, { field: '/requires/tags' });
    }
    now.set(id, all);
    await trx
      .updateTable('layers')
      .set({ requires: all === null ? null : JSON.stringify(all) })
      .where('id', '=', id)
      .execute();
  }
  const waiting = await trx
    .selectFrom('attempts as a')
    .innerJoin('tasks as t', 't.id', 'a.task_id')
    .innerJoin('workers as w', 'w.id', 'a.worker_id')
    .select(['a.id', 't.layer_id', 'w.identity'])
    .where('t.job_id', '=', jobId)
    .where('t.kind', 'in', ['render', 'assemble'])
    .where('t.state', '=', 'leased')
    .where('a.state', '=', 'assigned')
    .execute();
  return waiting.flatMap(({ id, layer_id, identity }): AttemptEnd[] => {
    const asked = now.get(layer_id ?? '') ?? null;
    if (asked === null || meets(identity, asked)) return [];
    const message = 'the job requires something else of its workers now';
    return [{ attemptId: id, state: 'withdrawn', reason: null, message, retry: 'free' }];
  });
}
