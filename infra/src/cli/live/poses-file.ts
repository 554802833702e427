/** A path of poses, or a recorded session, from a file, checked before anything is sent. */
import { readFile } from 'node:fs/promises';
import { KilnError, PosePath, parse } from '@kiln/shared';

/** A path of 100,000 poses has some 15 MB. */
const FILE_BYTES = 50_000_000;

/**
 * JSON: a list of poses, or a session, that has it as `poses`; or lines of JSON, one pose each.
 *
 * @throws KilnError `request.invalid` naming the file and the pose.
 */
export async function readPoses(file: string): Promise<PosePath> {
  const refuse = (message: string, cause?: unknown) =>
    new KilnError('request.invalid', `${file}: ${message}`, { field: '--poses', cause });
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw refuse('the file cannot be read.', cause);
  });
  if (bytes.length > FILE_BYTES) throw refuse(`a path of poses has at most ${FILE_BYTES.toLocaleString('en')} bytes.`);
  try {
    const path = parse(PosePath, pathIn(bytes.toString('utf8')), 'the path');
    for (const what of ['poses', 'views', 'frames'] as const) checkTimes(what, path[what] ?? []);
    return path;
  } catch (cause) {
    if (!(cause instanceof KilnError)) throw refuse('it is no JSON, nor lines of it.', cause);
    const where = cause.field === undefined ? '' : `${cause.field}: `;
    throw refuse(`${where}${cause.message}.`, cause);
  }
}

function pathIn(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return { poses: value };
    // One pose alone is a line, too.
    return typeof value === 'object' && value !== null && 'atMs' in value ? { poses: [value] } : value;
  } catch {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    return { poses: lines.map((line): unknown => JSON.parse(line)) };
  }
}

function checkTimes(what: string, moments: readonly { readonly atMs: number }[]): void {
  let before = 0;
  for (const [index, { atMs }] of moments.entries()) {
    if (atMs < before) {
      throw new KilnError('request.invalid', `expected ${before} or later, got ${atMs}`, {
        field: `/${what}/${index}/atMs`,
      });
    }
    before = atMs;
  }
}
