/** Why a job that could go on does not. */
import type { JobWait, Layer, WorkerIdentity } from '@kiln/shared';
import type { Kysely } from 'kysely';
import { readBudgetWaits } from '../estimates/budget-waits.ts';
import type { Database } from '../store/tables.ts';
import { draws } from './able-workers.ts';
import { readBoundWaits } from './bound-waits.ts';
import { readJobNeedWaits } from './job-need-waits.ts';
import { stopWait } from './job-row.ts';
import { readLackingWaits } from './lacking-waits.ts';
import { readLayerWaits } from './layer-needs.ts';
import { readPredecessorWaits } from './predecessors.ts';
import type { JobRow } from './present.ts';
import { readQueuedWaits } from './queued-waits.ts';
import { readSlotWork } from './slot-work.ts';
import { readTestWaits } from './test-gate.ts';
import { readTurnWaits } from './turn-waits.ts';

/**
 * Workers that take work; a job that has ended waits for none.
 *
 * @param shareHalfLifeMs after which half of what a tenant has had is forgotten.
 */
export async function readJobWaits(
  db: Kysely<Database>,
  jobs: readonly JobRow[],
  layers: ReadonlyMap<string, readonly Layer[]>,
  shareHalfLifeMs: number,
): Promise<ReadonlyMap<string, JobWait>> {
  const stopped = jobs.flatMap((job) =>
    job.state === 'paused' && job.stopped ? [[job.id, stopWait(job)] as const] : [],
  );
  const held = await readBudgetWaits(db, jobs);
  const after = await readPredecessorWaits(db, jobs);
  const open = jobs.filter(({ id, state }) => (state === 'queued' || state === 'running') && !after.has(id));
  if (open.length === 0) return new Map([...stopped, ...held, ...after]);
  const rows = await db
    .selectFrom('workers')
    .select(['id', 'identity', 'canary_due'])
    .where('state', '=', 'ready')
    .execute();
  const ready = rows.filter(({ canary_due }) => !canary_due);
  if (ready.length === 0 && rows.length > 0)
    return new Map([...stopped, ...held, ...after, ...open.map(waitForCanary)]);
  const workers = ready.map(({ identity }) => identity);
  const stuckFrames = await readStuckFrames(db, open, workers);
  const lacking = await readLackingWaits(db, open, layers, workers);
  const waits = new Map(
    open.flatMap((job): (readonly [string, JobWait])[] => {
      const wait =
        waitOf(job, layers.get(job.id) ?? [], workers, stuckFrames.get(job.id) ?? null) ?? lacking.get(job.id);
      return wait ? [[job.id, wait]] : [];
    }),
  );
  const drawable = open.filter(({ id }) => !waits.has(id));
  const inner = new Map([
    ...(await readLayerWaits(db, drawable, layers)),
    ...(await readJobNeedWaits(db, drawable)),
    ...(await readTestWaits(
      db,
      drawable.filter(({ id }) => layers.get(id)?.some(({ testFrames }) => testFrames !== null)),
    )),
  ]);
  const begun = drawable.filter(({ id }) => !inner.has(id));
  const work = begun.length === 0 ? [] : await readSlotWork(db);
  const queued = await readQueuedWaits(db, begun, work);
  const free = begun.filter(({ id }) => !queued.has(id));
  const bounds = await readBoundWaits(db, free, layers, workers);
  const turns = await readTurnWaits(
    db,
    free.filter(({ id }) => !bounds.has(id)),
    layers,
    ready,
    { work, shareHalfLifeMs },
  );
  return new Map([...stopped, ...held, ...after, ...waits, ...inner, ...queued, ...bounds, ...turns]);
}

const waitForCanary = ({ id }: JobRow): readonly [string, JobWait] => {
  const message = 'No worker that is here draws its canary right; `kiln workers` says when they are tried again.';
  return [id, { reason: 'workers', message }];
};

/** @param stuckClass of a frame that is begun, when no worker of it is here. */
function waitOf(
  job: JobRow,
  layers: readonly Layer[],
  workers: readonly WorkerIdentity[],
  stuckClass: string | null,
): JobWait | null {
  if (workers.length === 0) return { reason: 'workers', message: 'No worker is connected.' };
  const wanted = stuckClass ?? (job.class_policy === 'strict' ? job.adapter_class : null);
  const ofClass = wanted === null ? workers : workers.filter(({ adapterClass }) => adapterClass === wanted);
  if (wanted !== null && ofClass.length === 0) {
    const what = stuckClass === null ? 'its frames so far' : 'parts of a frame of it';
    const others = workers.length === 1 ? 'the one here has' : `the ${workers.length} here have`;
    const instead =
      job.class_policy === 'strict' ? ', or cancel the job and submit it with the class policy “prefer”' : '';
    const message = `Waits for a worker of the adapter class ${wanted}, which has drawn ${what}; ${others} another GPU, driver or browser. Start one of that class${instead}.`;
    return { reason: 'adapter-class', message };
  }
  const undrawn = layers.find(({ settings }) => !ofClass.some((worker) => draws(worker, settings)));
  if (!undrawn) return null;
  const { engine, backend } = undrawn.settings;
  const by = backend === 'auto' ? '' : ` by ${backend}`;
  return { reason: 'engine', message: `No worker that is here draws layer “${undrawn.name}”: ${engine}${by}.` };
}

/** Classes of frames whose parts wait for workers that are not here, by job. */
async function readStuckFrames(
  db: Kysely<Database>,
  jobs: readonly JobRow[],
  workers: readonly WorkerIdentity[],
): Promise<ReadonlyMap<string, string>> {
  const preferring = jobs.filter(({ class_policy }) => class_policy === 'prefer').map(({ id }) => id);
  if (preferring.length === 0 || workers.length === 0) return new Map();
  const rows = await db
    .selectFrom('tasks')
    .select(['job_id', 'adapter_class'])
    .where('job_id', 'in', preferring)
    .where('kind', '=', 'assemble')
    .where('state', 'in', ['blocked', 'waiting'])
    .where('adapter_class', 'not in', [...new Set(workers.map(({ adapterClass }) => adapterClass))])
    .groupBy(['job_id', 'adapter_class'])
    .execute();
  return new Map(
    rows.flatMap(({ job_id, adapter_class }): (readonly [string, string])[] =>
      job_id === null || adapter_class === null ? [] : [[job_id, adapter_class]],
    ),
  );
}
