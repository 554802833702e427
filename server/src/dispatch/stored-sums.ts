/** What tasks have handed over of a divided frame. */
import { endsWithinBlock, mayEndEarly, type StoredSums } from '@kiln/shared';
import type { Kysely, Selectable } from 'kysely';
import { taskPart } from '../jobs/task-frames.ts';
import type { Database } from '../store/tables.ts';
import type { AssembleFacts, OpenPart, PieceFacts } from './attempt-facts.ts';

/** All sums of a frame, block after block, of each the ranges of samples in order. */
export async function frameSums(db: Kysely<Database>, taskId: string, work: AssembleFacts): Promise<StoredSums[]> {
  const rows = await db
    .selectFrom('pieces as p')
    .innerJoin('tasks as t', 't.id', 'p.task_id')
    .select([
      't.kind',
      't.index',
      'p.first_sample',
      'p.sample_count',
      'p.sha256',
      'p.size_bytes',
      'p.ended_by',
      'p.noise',
      'p.backend',
    ])
    .where('t.feeds', '=', taskId)
    .orderBy('t.index')
    .orderBy('p.first_sample')
    .execute();
  return rows.flatMap((row): StoredSums[] => {
    const part = taskPart(work, row);
    if (!part) return [];
    return [storedSums(part.region, row)];
  });
}

type SumsRow = Pick<
  Selectable<Database['pieces']>,
  'first_sample' | 'sample_count' | 'sha256' | 'size_bytes' | 'ended_by' | 'noise' | 'backend'
>;

const storedSums = (region: StoredSums['region'], row: SumsRow): StoredSums => ({
  region,
  samples: { first: row.first_sample, count: row.sample_count },
  sha256: row.sha256,
  sizeBytes: row.size_bytes,
  ...(row.ended_by === null ? {} : { endedBy: row.ended_by }),
  ...(row.noise === null ? {} : { noise: row.noise }),
  ...(row.backend === null ? {} : { backend: row.backend }),
});

export async function openPart(
  db: Kysely<Database>,
  taskId: string,
  { part, settings }: PieceFacts,
): Promise<OpenPart> {
  const rows = await db
    .selectFrom('pieces')
    .select(['first_sample', 'sample_count', 'sha256', 'size_bytes', 'ended_by', 'noise', 'backend', 'drawn_ms'])
    .where('task_id', '=', taskId)
    .orderBy('first_sample')
    .execute();
  const sums = rows.map((row) => storedSums(part.region, row));
  const last = sums.at(-1);
  const begun = last && endsWithinBlock(last.samples) ? last : null;
  const whole = begun ? sums.slice(0, -1) : sums;
  const stored = whole.reduce((sum, { samples }) => sum + samples.count, 0);
  const samples = { first: part.samples.first + stored, count: part.samples.count - stored };
  if (!mayEndEarly(settings)) return { samples, begun, before: null };
  const drawnMs = rows.reduce((sum, row) => sum + (row.drawn_ms ?? 0), 0);
  return { samples, begun, before: { sums: whole, drawnMs } };
}

/** @returns the size of sums that were handed over to this task, or by it; null when there are none of this hash. */
export async function sumsFor(db: Kysely<Database>, taskId: string, sha256: string): Promise<number | null> {
  const row = await db
    .selectFrom('pieces as p')
    .innerJoin('tasks as t', 't.id', 'p.task_id')
    .select('p.size_bytes')
    .where((eb) => eb.or([eb('t.feeds', '=', taskId), eb('t.id', '=', taskId)]))
    .where('p.sha256', '=', sha256)
    .executeTakeFirst();
  return row?.size_bytes ?? null;
}
