/** A camera's path from a JSON file, checked before anything is sent. */
import { readFile } from 'node:fs/promises';
import { type CameraPath, KilnError, pathFrames, readPath } from '@kiln/shared';

/** As `--fps` is by default. */
const DEFAULT_FPS = 24;

/** A path of so many keys has some 40 kB. */
const FILE_BYTES = 1_000_000;

/**
 * A list of keys, or an object with it.
 *
 * @throws KilnError `request.invalid` naming the file and the key.
 */
export async function readCameraPath(file: string, fps = DEFAULT_FPS): Promise<CameraPath> {
  const refuse = (message: string, cause?: unknown) =>
    new KilnError('request.invalid', `${file}: ${message}`, { field: '--camera-path', cause });
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw refuse('the file cannot be read.', cause);
  });
  if (bytes.length > FILE_BYTES) throw refuse(`a camera path has at most ${FILE_BYTES.toLocaleString('en')} bytes.`);
  try {
    return readPath(JSON.parse(bytes.toString('utf8')), fps);
  } catch (cause) {
    if (cause instanceof KilnError) throw refuse(`${cause.message}.`, cause);
    throw refuse('it is no JSON.', cause);
  }
}

/** Where no frames are asked for: from the first key of the longest path to its last. */
export function framesOf(
  { frames, turntable, fps = DEFAULT_FPS }: { frames?: string; turntable?: number | true; fps?: number },
  paths: readonly CameraPath[],
): { frames?: string } {
  if (frames !== undefined || turntable !== undefined || paths.length === 0) return {};
  return { frames: pathFrames(paths, fps) };
}
