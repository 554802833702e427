/** What a film is made of, as far as it is known: the frames of its layer in their order, and its sound ([WK17]). */
import type { Readable } from 'node:stream';
import { type FilmFrames, frameAt, KilnError, parseFrameRange, placeOf } from '@kiln/shared';
import type { Kysely } from 'kysely';
import type { AttemptFacts, FilmWork } from '../dispatch/attempt-facts.ts';
import { drawnOrder, taskOfPlace } from '../jobs/task-frames.ts';
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
  const isLost = await lostFrames(db, work, numbers);
  const rows = await db
    .selectFrom('frames')
    .select(['frame_number', 'sha256', 'size_bytes'])
    .where('layer_id', '=', work.layerId)
    .where('frame_number', 'in', numbers)
    .execute();
  const stored = new Map(rows.map((row) => [row.frame_number, { sha256: row.sha256, sizeBytes: row.size_bytes }]));
  const frames: FilmFrames['frames'] = [];
  for (const frameNumber of numbers) {
    const file = stored.get(frameNumber) ?? null;
    if (!file && !isLost(frameNumber)) break;
    frames.push({ frameNumber, file });
  }
  return { frames };
}

/** Which of the frames belong to tasks that have failed for good. */
async function lostFrames(
  db: Kysely<Database>,
  { layerId, slicing }: FilmWork,
  numbers: readonly number[],
): Promise<(frameNumber: number) => boolean> {
  const order = drawnOrder(slicing);
  const tasks = new Map(numbers.map((frame) => [frame, taskOfPlace(slicing, placeOf(order, frame))]));
  const rows = await db
    .selectFrom('tasks')
    .select('index')
    .where('layer_id', '=', layerId)
    // A divided frame is lost with the task that makes it of its parts, of which each frame has one.
    .where('kind', '=', slicing.division ? 'assemble' : 'render')
    .where('state', '=', 'failed')
    .where('index', 'in', [...new Set(tasks.values())])
    .execute();
  const lost = new Set(rows.map((row) => row.index));
  return (frameNumber) => lost.has(tasks.get(frameNumber) ?? -1);
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
