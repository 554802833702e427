/** Several servers of one database must share one folder of objects: an id in each tells. */
import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import type { RandomBytes } from '../services.ts';
import type { Database } from '../store/tables.ts';
import { errorCodeOf } from './disk-errors.ts';

const KEY = 'objects_folder';
/** Bits that a number of JavaScript holds exactly, and enough that no two folders share an id. */
const ID_BYTES = 6;

/** Thrown when the database belongs to another folder of objects. */
class ForeignObjectsError extends Error {
  override readonly name = 'ForeignObjectsError';
}

/**
 * Gives the folder an id if it has none, and the database that id if it has none.
 *
 * @param folder exists.
 * @throws ForeignObjectsError when the database has the id of another folder.
 */
export async function checkFolderId(db: Kysely<Database>, folder: string, random: RandomBytes): Promise<void> {
  const id = await folderId(folder, random);
  await db
    .insertInto('farm_state')
    .values({ key: KEY, value: id })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const { value } = await db.selectFrom('farm_state').select('value').where('key', '=', KEY).executeTakeFirstOrThrow();
  if (Number(value) === id) return;
  throw new ForeignObjectsError(
    `this database keeps its objects in another folder than ${folder}: set KILN_HOME to the one that its first server ` +
      `has, on a disk that both share (if that folder is lost for good, delete the row “${KEY}” of the table farm_state)`,
  );
}

/** A random one, as text and number the same. */
export const newFolderId = (random: RandomBytes): number =>
  Buffer.from(random(new Uint8Array(ID_BYTES))).readUIntBE(0, ID_BYTES);

async function folderId(folder: string, random: RandomBytes): Promise<number> {
  const path = join(folder, 'folder-id');
  const own = `${path}.${randomUUID()}`;
  await writeFile(own, `${newFolderId(random)}\n`, { mode: 0o600 });
  try {
    // Whole or not there, and of two servers that start at once one gives the id.
    await link(own, path);
  } catch (error) {
    if (errorCodeOf(error) !== 'EEXIST') throw error;
  } finally {
    await rm(own, { force: true });
  }
  const text = (await readFile(path, 'utf8')).trim();
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new Error(`${path} is damaged: expected a number, got ${JSON.stringify(text.slice(0, 40))}`);
}
