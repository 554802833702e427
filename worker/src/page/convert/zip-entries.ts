import { LIMITS } from '@kiln/shared';
import { unzipSync } from 'three/addons/libs/fflate.module.js';
import { refuse } from '../import/refuse.ts';
import { PAGE_LIMITS } from '../limits.ts';

/** Local file header, empty archive, spanned archive. */
export const isZip = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x50 &&
  bytes[1] === 0x4b &&
  [
    [3, 4],
    [5, 6],
    [7, 8],
  ].some(([a, b]) => bytes[2] === a && bytes[3] === b);

/**
 * Names of the files in a ZIP, of which nothing is unpacked: what they would take is known before. What comes out of an
 * entry is never more than it says, since it is written into as many bytes.
 *
 * @throws KilnError `scene.bad_container`, `scene.over_limit`.
 */
export function zipEntries(bytes: Uint8Array, path: string): string[] {
  const names: string[] = [];
  let [packed, unpacked] = [0, 0];
  readZip(bytes, path, ({ name, size, originalSize }) => {
    if (!name.endsWith('/')) names.push(name);
    packed += size;
    unpacked += originalSize;
    return false;
  });
  if (names.length > LIMITS.sceneFiles) {
    const message = `${path} holds ${names.length} files, at most ${LIMITS.sceneFiles} are taken.`;
    throw refuse('scene.over_limit', message, path);
  }
  const isBomb = unpacked > PAGE_LIMITS.trustedUnpackedBytes && unpacked > packed * PAGE_LIMITS.unpackedRatio;
  if (unpacked <= PAGE_LIMITS.unpackedBytes && !isBomb) return names;
  const most = isBomb ? packed * PAGE_LIMITS.unpackedRatio : PAGE_LIMITS.unpackedBytes;
  const message = `${path} would unpack to ${unpacked.toLocaleString('en')} bytes, at most ${most.toLocaleString('en')} are taken.`;
  throw refuse('scene.over_limit', message, path);
}

/**
 * Files of a ZIP that was looked at by `zipEntries`.
 *
 * @param isWanted by name. @defaultValue all of them
 * @throws KilnError `scene.bad_container`.
 */
export const unpack = (bytes: Uint8Array, path: string, isWanted: (name: string) => boolean = () => true) =>
  readZip(bytes, path, ({ name }) => !name.endsWith('/') && isWanted(name));

type Filter = NonNullable<NonNullable<Parameters<typeof unzipSync>[1]>['filter']>;

function readZip(bytes: Uint8Array, path: string, filter: Filter): Record<string, Uint8Array<ArrayBuffer>> {
  try {
    return unzipSync(bytes, { filter });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw refuse('scene.bad_container', `${path} is a damaged ZIP: ${why}. Pack or upload it again.`, path);
  }
}
