/** What tasks have handed over of a divided frame. */
import type { SampleRange, StoredSums } from '@kiln/shared';
import type { Kysely } from 'kysely';
import { taskPart } from '../jobs/task-frames.ts';
import type { Database } from '../store/tables.ts';
import type { AssembleFacts, PieceFacts } from './attempt-facts.ts';

/** All sums of a frame, block after block, of each the ranges of samples in order. */
export async function frameSums(db: Kysely<Database>, taskId: string, work: AssembleFacts): Promise<StoredSums[]> {
  const rows = await db
    .selectFrom('pieces as p')
    .innerJoin('tasks as t', 't.id', 'p.task_id')
    .select(['t.kind', 't.index', 'p.first_sample', 'p.sample_count', 'p.sha256', 'p.size_bytes'])
    .where('t.feeds', '=', taskId)
    .orderBy('t.index')
    .orderBy('p.first_sample')
    .execute();
  return rows.flatMap((row): StoredSums[] => {
    const part = taskPart(work, row);
    if (!part) return [];
    const samples = { first: row.first_sample, count: row.sample_count };
    return [{ region: part.region, samples, sha256: row.sha256, sizeBytes: row.size_bytes }];
  });
}

/** The samples of a part that are not stored yet. */
export async function missingSamples(db: Kysely<Database>, taskId: string, { part }: PieceFacts): Promise<SampleRange> {
  const { count } = await db
    .selectFrom('pieces')
    .select((eb) => eb.fn.coalesce(eb.fn.sum<number>('sample_count'), eb.lit(0)).as('count'))
    .where('task_id', '=', taskId)
    .executeTakeFirstOrThrow();
  const stored = Number(count);
  return { first: part.samples.first + stored, count: part.samples.count - stored };
}

/** @returns the size of sums that were handed over to this task; null when there are none of this hash. */
export async function sumsFor(db: Kysely<Database>, taskId: string, sha256: string): Promise<number | null> {
  const row = await db
    .selectFrom('pieces as p')
    .innerJoin('tasks as t', 't.id', 'p.task_id')
    .select('p.size_bytes')
    .where('t.feeds', '=', taskId)
    .where('p.sha256', '=', sha256)
    .executeTakeFirst();
  return row?.size_bytes ?? null;
}
