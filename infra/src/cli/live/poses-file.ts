/** A path of poses from a file, checked before anything is sent. */
import { readFile } from 'node:fs/promises';
import { KilnError, type PathPose, PosePath, parse } from '@kiln/shared';

/** A path of 100,000 poses has some 15 MB. */
const FILE_BYTES = 50_000_000;

/**
 * JSON: a list of poses, or an object that has it as `poses`; or lines of JSON, one pose each.
 *
 * @throws KilnError `request.invalid` naming the file and the pose.
 */
export async function readPoses(file: string): Promise<readonly PathPose[]> {
  const refuse = (message: string, cause?: unknown) =>
    new KilnError('request.invalid', `${file}: ${message}`, { field: '--poses', cause });
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw refuse('the file cannot be read.', cause);
  });
  if (bytes.length > FILE_BYTES) throw refuse(`a path of poses has at most ${FILE_BYTES.toLocaleString('en')} bytes.`);
  try {
    const { poses } = parse(PosePath, pathIn(bytes.toString('utf8')), 'the path');
    checkTimes(poses);
    return poses;
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

function checkTimes(poses: readonly PathPose[]): void {
  let before = 0;
  for (const [index, { atMs }] of poses.entries()) {
    if (atMs < before) {
      throw new KilnError('request.invalid', `expected ${before} or later, got ${atMs}`, {
        field: `/poses/${index}/atMs`,
      });
    }
    before = atMs;
  }
}
