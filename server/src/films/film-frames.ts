/** What a film is made of, as far as it is known: the frames of its layer in their order, and its sound ([WK17]). */
import type { Readable } from 'node:stream';
import { type FilmFrames, frameAt, KilnError, parseFrameRange } from '@kiln/shared';
import type { Kysely } from 'kysely';
import type { AttemptFacts, FilmWork } from '../dispatch/attempt-facts.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { Database } from '../store/tables.ts';

/** Frames of one answer: some seconds' work. */
const PAGE = 64;

export function filmWork({ work }: AttemptFacts): FilmWork {
  if (work.kind !== 'film') throw new KilnError('request.invalid', 'this attempt makes no film');
  return work;
}

/**
 * The run of frames from `from` on of which each is stored or will never be.
 *
 * @param from counts the layer's frames from 0.
 */
export async function settledFrames(
  db: Kysely<Database>,
  attempt: AttemptFacts,
  work: FilmWork,
  from: number,
): Promise<FilmFrames> {
  await db
    .updateTable('films')
    .set({ frames_taken: from })
    .where('task_id', '=', attempt.taskId)
    .where('frames_taken', '<>', from)
    .execute();
  const range = parseFrameRange(work.range);
  const count = Math.max(0, Math.min(PAGE, work.frameCount - from));
  const numbers = Array.from({ length: count }, (_, index) => frameAt(range, from + index));
  if (count === 0) return { frames: [] };
  // First: a frame that is stored between the two looks is not taken for one that failed.
  const isLost = await lostPlaces(db, work, from, count);
  const rows = await db
    .selectFrom('frames')
    .select(['frame_number', 'sha256', 'size_bytes'])
    .where('layer_id', '=', work.layerId)
    .where('frame_number', 'in', numbers)
    .execute();
  const stored = new Map(rows.map((row) => [row.frame_number, { sha256: row.sha256, sizeBytes: row.size_bytes }]));
  const frames: FilmFrames['frames'] = [];
  for (const [index, frameNumber] of numbers.entries()) {
    const file = stored.get(frameNumber) ?? null;
    if (!file && !isLost(from + index)) break;
    frames.push({ frameNumber, file });
  }
  return { frames };
}

/** Which places of the layer's order belong to tasks that have failed for good. */
async function lostPlaces(
  db: Kysely<Database>,
  { layerId, chunk, division }: FilmWork,
  from: number,
  count: number,
): Promise<(place: number) => boolean> {
  // A divided frame is lost with the task that makes it of its parts, of which each frame has one.
  const [kind, frames] = division ? (['assemble', 1] as const) : (['render', chunk] as const);
  const first = Math.floor(from / frames);
  const last = Math.floor((from + count - 1) / frames);
  const rows = await db
    .selectFrom('tasks')
    .select('index')
    .where('layer_id', '=', layerId)
    .where('kind', '=', kind)
    .where('state', '=', 'failed')
    .where('index', '>=', first)
    .where('index', '<=', last)
    .execute();
  const lost = new Set(rows.map((row) => row.index));
  return (place) => lost.has(Math.floor(place / frames));
}

/** @throws KilnError `resource.not_found` for bytes that are neither a frame of the film's layer nor its sound. */
export async function openFilmFile(
  db: Kysely<Database>,
  objects: Pick<ObjectStore, 'get'>,
  { layerId, plan }: FilmWork,
  sha256: string,
): Promise<Readable> {
  if (plan.audio?.sha256 !== sha256) {
    const frame = await db
      .selectFrom('frames')
      .select('sha256')
      .where('layer_id', '=', layerId)
      .where('sha256', '=', sha256)
      .limit(1)
      .executeTakeFirst();
    if (!frame) throw new KilnError('resource.not_found', `the film of this lease has no file ${sha256}`);
  }
  return objects.get(sha256);
}
