/** [LV39] A frame that begins with the samples of a live view: its sums are stored as an attempt would have stored them. */
import {
  type Division,
  endsWithinBlock,
  type HandedRange,
  type HandedSums,
  KilnError,
  mayEndEarly,
  type RenderSettings,
  SAMPLES_PER_BLOCK,
} from '@kiln/shared';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { ObjectStore } from '../objects/object-store.ts';
import { recordObject } from '../objects/record-object.ts';
import type { Database } from '../store/tables.ts';
import type { Submission } from './insert-jobs.ts';
import type { SubmitParts } from './submit-parts.ts';

/** What a frame begins with. */
export interface Beginning {
  readonly sessionId: string;
  /** Whoever drew it: the rest is drawn by workers of the same class. */
  readonly workerId: string;
  readonly ranges: readonly HandedRange[];
  readonly backend: HandedSums['backend'];
}

/** The frame is one part, whose sums are stored on the way. */
const ONE_PART: Division = { tiles: { columns: 1, rows: 1 }, sampleRanges: 1 };

const samplesOf = (ranges: readonly HandedRange[]): number =>
  ranges.reduce((sum, { samples }) => sum + samples.count, 0);

/** Whether an attempt at the frame could have stored these: one after the other from the first sample on, block by block. */
export function areStorable(ranges: readonly HandedRange[], settings: RenderSettings): boolean {
  let next = 0;
  for (const [place, { samples, endedBy }] of ranges.entries()) {
    const isLast = place === ranges.length - 1;
    const end = samples.first + samples.count;
    if (samples.first !== next || samples.count < 1 || end > settings.samples) return false;
    if (endedBy && !(isLast && mayEndEarly(settings))) return false;
    const isOpen = endsWithinBlock(samples) && end < settings.samples && !endedBy;
    if (isOpen && !(isLast && samples.count < SAMPLES_PER_BLOCK)) return false;
    next = end;
  }
  return next > 0;
}

/** The job as it comes in with its frame begun. @param adapterClass of whoever drew that. */
export function begun(submission: Submission, { ranges }: Beginning, adapterClass: string): Submission {
  const { job, layers } = submission;
  return {
    ...submission,
    job: { ...job, reused_samples: samplesOf(ranges), adapter_class: adapterClass },
    layers: layers.map((layer) => ({ ...layer, division: ONE_PART, task_count: 1, released: 1 })),
  };
}

/** Why a beginning is not taken: the job may come in without. */
export class UnusableBeginning extends Error {
  override readonly name = 'UnusableBeginning';
}

/**
 * The tasks of a job that has just been written, and the sums that the first of them has.
 *
 * @throws UnusableBeginning where their bytes are gone.
 */
export async function insertBeginning(
  trx: Transaction<Database>,
  objects: Pick<ObjectStore, 'has'>,
  { job, layers: [layer] }: Submission,
  { sessionId, ranges, backend }: Beginning,
  { newId, now }: Pick<SubmitParts, 'newId' | 'now'>,
): Promise<void> {
  if (!layer) throw new Error('a job has a layer');
  const isWhole = samplesOf(ranges) === layer.settings.samples || ranges.at(-1)?.endedBy !== undefined;
  const [assembleId, partId] = [newId('task'), newId('task')];
  const task = {
    tenant_id: job.tenant_id,
    job_id: job.id,
    layer_id: layer.id,
    scene_id: job.scene_id,
    index: 0,
    not_before: null,
  };
  const made = await trx
    .insertInto('tasks')
    .values({
      ...task,
      id: assembleId,
      kind: 'assemble',
      state: isWhole ? 'waiting' : 'blocked',
      needs: isWhole ? 0 : 1,
      adapter_class: job.adapter_class,
      ended_at: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  // A commit whose answer was lost is made again.
  if (!made) return;
  await trx
    .insertInto('tasks')
    .values({
      ...task,
      id: partId,
      kind: 'render',
      state: isWhole ? 'succeeded' : 'waiting',
      feeds: assembleId,
      ended_at: isWhole ? now() : null,
    })
    .execute();
  for (const { sha256, sizeBytes, samples, endedBy = null, noise = null } of ranges) {
    await record(trx, objects, { sha256, sizeBytes });
    const place = { task_id: partId, first_sample: samples.first, sample_count: samples.count };
    const file = { attempt_id: sessionId, sha256, size_bytes: sizeBytes };
    await trx
      .insertInto('pieces')
      .values({ ...place, ...file, ended_by: endedBy, noise, drawn_ms: null, backend: backend ?? null })
      .execute();
  }
}

/** The adapter class of a worker that is given work now; null: it is given none, and what it has drawn is not taken. */
export async function trustedClass(db: Kysely<Database>, workerId: string): Promise<string | null> {
  const worker = await db
    .selectFrom('workers')
    .select('identity')
    .where('id', '=', workerId)
    .where('state', '=', 'ready')
    .where('canary_due', '=', false)
    .where(sql<boolean>`coalesce(suspended_until <= now(), true)`)
    .executeTakeFirst();
  return worker?.identity.adapterClass ?? null;
}

async function record(
  trx: Transaction<Database>,
  objects: Pick<ObjectStore, 'has'>,
  object: { readonly sha256: string; readonly sizeBytes: number },
): Promise<void> {
  try {
    await recordObject(trx, objects, object);
  } catch (cause) {
    if (cause instanceof KilnError) throw new UnusableBeginning('its sums are gone', { cause });
    throw cause;
  }
}
