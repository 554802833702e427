/**
 * Layers that wait for those of other jobs. A job names them when it is submitted, and they are there by then: there are no cycles.
 * A frame that is there stays, unless it is drawn anew: what has not begun waits for that.
 */
import { type FrameRange, frameAt, frameCount, KilnError, type LayerNeed, parseFrameRange } from '@kiln/shared';
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { Database, PlacedFrames } from '../store/tables.ts';
import type { JobRow } from './present.ts';
import { drawnOrder } from './task-frames.ts';

type FrameSegment = FrameRange['segments'][number];

interface NeedingLayer {
  readonly frames: string;
  readonly needs: readonly LayerNeed[];
}

/** Ids of the other jobs whose layers these wait for. */
export const neededJobs = (layers: readonly Pick<NeedingLayer, 'needs'>[]): string[] => [
  ...new Set(layers.flatMap(({ needs }) => needs.flatMap(({ job }) => job ?? []))),
];

/**
 * @throws KilnError with the field: `request.invalid` for a job that is not this tenant's, a layer that it has not, or a frame that
 *   that has not; `resource.conflict` for a job that was cancelled.
 */
export async function checkJobNeeds(
  db: Kysely<Database>,
  tenantId: string,
  layers: readonly NeedingLayer[],
): Promise<void> {
  const ids = neededJobs(layers);
  if (ids.length === 0) return;
  const rows = await db
    .selectFrom('jobs as j')
    .innerJoin('layers as l', 'l.job_id', 'j.id')
    .select(['j.id', 'j.state', 'l.name', 'l.frames'])
    .where('j.id', 'in', ids)
    .where('j.tenant_id', '=', tenantId)
    .where('j.purged_at', 'is', null)
    .orderBy('l.position')
    .execute();
  layers.forEach(({ needs, frames }, at) => {
    needs.forEach(({ job, layer, frames: which }, index) => {
      if (job === undefined) return;
      const field = `/layers/${at}/needs/${index}`;
      const its = rows.filter(({ id }) => id === job);
      if (its.length === 0) {
        throw new KilnError('request.invalid', `there is no job ${job}`, { field: `${field}/job` });
      }
      const needed = its.find(({ name }) => name === layer);
      if (!needed) {
        const names = its.map(({ name }) => name).join(', ');
        const message = `job ${job} has no layer “${layer}”; its layers are: ${names}`;
        throw new KilnError('request.invalid', message, { field: `${field}/layer` });
      }
      if (needed.state === 'cancelled') {
        const message = `job ${job} was cancelled: what waits for its frames would never begin`;
        throw new KilnError('resource.conflict', message, { field: `${field}/job` });
      }
      const missing = which === 'same' ? firstMissing(frames, needed.frames) : null;
      if (missing === null) return;
      const message = `the same frames are needed of layer “${layer}” of job ${job}, which has ${needed.frames}, and no frame ${missing}`;
      throw new KilnError('request.invalid', message, { field: `${field}/frames` });
    });
  });
}

/** The first frame of one expression that another has not; null when it has all. */
function firstMissing(frames: string, others: string): number | null {
  if (frames === others) return null;
  const range = parseFrameRange(frames);
  const other = parseFrameRange(others);
  if (range.segments.every((segment) => other.segments.some((one) => covers(one, segment)))) return null;
  const there = new Set(numbersOf(other));
  for (const frame of numbersOf(range)) if (!there.has(frame)) return frame;
  return null;
}

/** Whether all of the second are among the first. */
function covers({ first, step, count }: FrameSegment, inner: FrameSegment): boolean {
  const has = (frame: number) => {
    const at = (frame - first) / step;
    return Number.isInteger(at) && at >= 0 && at < count;
  };
  return (
    has(inner.first) &&
    (inner.count === 1 || (has(inner.first + inner.step * (inner.count - 1)) && inner.step % step === 0))
  );
}

function* numbersOf(range: FrameRange): Generator<number> {
  const count = frameCount(range);
  for (let at = 0; at < count; at += 1) yield frameAt(range, at);
}

/** The frames of a layer in the order of drawing; null where it waits for the same ones of no other job. */
export function frameOrder({
  frames,
  needs,
  tests,
}: NeedingLayer & { readonly tests: { readonly frames: readonly number[] } | null }): PlacedFrames[] | null {
  if (!needs.some((need) => need.job !== undefined && need.frames === 'same')) return null;
  let before = 0;
  return drawnOrder({ frames, test_frames: tests?.frames ?? null }).segments.map((segment) => {
    const placed = { ...segment, before };
    before += segment.count;
    return placed;
  });
}

/** A job that was purged since it was looked up is missed here; from now on it stays. */
export async function holdNeededJobs(
  trx: Transaction<Database>,
  submissions: readonly { readonly job: Pick<JobRow, 'needed_jobs'> }[],
): Promise<void> {
  const ids = [...new Set(submissions.flatMap(({ job }) => job.needed_jobs ?? []))];
  if (ids.length === 0) return;
  const rows = await trx
    .selectFrom('jobs')
    .select('id')
    .where('id', 'in', ids)
    .where('purged_at', 'is', null)
    .orderBy('id')
    .forShare()
    .execute();
  const found = new Set(rows.map(({ id }) => id));
  const gone = ids.find((id) => !found.has(id));
  if (gone !== undefined) throw new KilnError('request.invalid', `job ${gone}, which a layer waits for, was purged`);
}

/** Whether a layer of the row `d` of `jobs` waits for one of a job, by its id. */
export const needsLayerOf = (d: string, job: RawBuilder<unknown>): RawBuilder<boolean> => {
  const needed = sql.ref(`${d}.needed_jobs`);
  return sql<boolean>`(${needed} is not null and ${sql.ref(`${d}.state`)} in ('queued', 'running', 'paused')
    and ${needed} ? ${job} and exists (
      select from layers n where n.job_id = ${sql.ref(`${d}.id`)} and n.released < n.task_count
        and n.needs @> jsonb_build_array(jsonb_build_object('job', ${job}))))`;
};

/** What is known of that is this old at most; a tick of the dispatcher finds the rest. */
const KNOWN_MS = 1_000;

/** Jobs for whose frames others wait, as frames of them come in by the hundred. */
export class NeededJobs {
  readonly #db: Kysely<Database>;
  readonly #monotonicMs: () => number;
  readonly #onError: (error: unknown) => void;
  #known: ReadonlySet<string> = new Set();
  #readMs = Number.NEGATIVE_INFINITY;

  constructor(db: Kysely<Database>, monotonicMs: () => number, onError: (error: unknown) => void) {
    this.#db = db;
    this.#monotonicMs = monotonicMs;
    this.#onError = onError;
  }

  /** By what was read last. */
  has(jobId: string): boolean {
    const nowMs = this.#monotonicMs();
    if (nowMs - this.#readMs >= KNOWN_MS) {
      this.#readMs = nowMs;
      void this.#read().catch(this.#onError);
    }
    return this.#known.has(jobId);
  }

  async #read(): Promise<void> {
    const { rows } = await sql<{ id: string }>`
      select distinct jsonb_array_elements_text(needed_jobs) as id from jobs
      where needed_jobs is not null and state in ('queued', 'running')`.execute(this.#db);
    this.#known = new Set(rows.map(({ id }) => id));
  }
}
