/** What of an environment or a look-up table can be seen on this disk, before it is sent. Its import looks at all of it. */
import { open, readFile } from 'node:fs/promises';
import { assetKindOf, KilnError, LIMITS, PANORAMA_HEADER_BYTES, panoramaHeader, readCube } from '@kiln/shared';

/**
 * Reads a look-up table whole, of a panorama its header.
 *
 * @param name of the file in messages.
 * @throws KilnError `scene.over_limit` for a file that is too large, and other `scene.…` as the farm would say it.
 */
export async function checkAssetFile(path: string, sizeBytes: number, name: string = path): Promise<void> {
  const isTable = assetKindOf(path) === 'lut';
  const most = isTable ? LIMITS.lutBytes : LIMITS.environmentBytes;
  if (sizeBytes > most) {
    throw new KilnError('scene.over_limit', `“${name}” has ${sizeBytes} bytes; at most ${most} are taken.`);
  }
  if (isTable) readCube(await readFile(path, 'utf8'), name);
  else panoramaHeader(await firstBytes(path, PANORAMA_HEADER_BYTES), name);
}

async function firstBytes(path: string, most: number): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(most), 0, most, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
