/** Whether the bytes are there, and are what their names say. */
import { createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { ObjectStore } from '../objects/object-store.ts';
import type { Database } from '../store/tables.ts';
import type { Finding } from './finding.ts';

interface Referred {
  readonly sha256: string;
  readonly size_bytes: number;
}

/** @param isHashed whether they are read, too. */
export async function checkBytes(
  db: Kysely<Database>,
  objects: Pick<ObjectStore, 'size' | 'get'>,
  isHashed: boolean,
): Promise<Finding> {
  const { rows } = await sql<Referred>`
    select o.sha256, o.size_bytes from objects o
    where o.sha256 in (
      select sha256 from frames union select sha256 from frame_files union select sha256 from films where sha256 is not null
      union select sha256 from pieces
      union select f.sha256 from scene_files f join scenes s on s.id = f.scene_id where s.state = 'ready' and s.deleted_at is null)
    order by o.sha256`.execute(db);
  const violations: string[] = [];
  for (const row of rows) {
    const why = await whatIsWrong(objects, row, isHashed);
    // What was swept, or made anew, meanwhile is nobody's any more.
    if (why !== null && (await isRecorded(db, row))) violations.push(`file ${row.sha256} ${why}`);
  }
  return { checked: rows.length, violations };
}

async function whatIsWrong(
  objects: Pick<ObjectStore, 'size' | 'get'>,
  { sha256, size_bytes }: Referred,
  isHashed: boolean,
): Promise<string | null> {
  const size = await objects.size(sha256);
  if (size === null) return 'is missing';
  if (size !== size_bytes) return `has ${size} bytes, recorded are ${size_bytes}`;
  if (!isHashed) return null;
  const hash = createHash('sha256');
  for await (const chunk of await objects.get(sha256)) hash.update(chunk);
  const found = hash.digest('hex');
  return found === sha256 ? null : `holds bytes whose hash is ${found}`;
}

const isRecorded = async (db: Kysely<Database>, { sha256 }: Referred): Promise<boolean> =>
  (await db.selectFrom('objects').select('sha256').where('sha256', '=', sha256).executeTakeFirst()) !== undefined;
