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
  const wrong = new Map<string, string>();
  for (const row of rows) {
    const why = await whatIsWrong(objects, row, isHashed);
    // What was swept, or made anew, meanwhile is nobody's any more.
    if (why !== null && (await isRecorded(db, row))) wrong.set(row.sha256, why);
  }
  const users = await usersOf(db, [...wrong.keys()]);
  const violations = [...wrong].map(([sha256, why]) => `file ${sha256} ${why}: ${users.get(sha256) ?? 'nobody’s now'}`);
  return { checked: rows.length, violations };
}

interface UserRow {
  readonly sha256: string;
  readonly what: string;
  readonly n: string;
}

/** Whose files these are: `frame 3 of layer “main” of job job_…, and of 2 more`. */
async function usersOf(db: Kysely<Database>, hashes: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (hashes.length === 0) return new Map();
  const { rows } = await sql<UserRow>`
    with users as (
      select f.sha256, 'frame ' || f.frame_number as part, f.layer_id from frames f
      union all
      select f.sha256, case f.pass when 'preview' then 'small picture' else 'pass ' || f.pass end || ' of frame ' || f.frame_number,
             f.layer_id
      from frame_files f
      union all
      select f.sha256, 'film', f.layer_id from films f where f.sha256 is not null
      union all
      select p.sha256, 'a part of task ' || t.id, t.layer_id from pieces p join tasks t on t.id = p.task_id
    ), named as (
      select u.sha256, u.part || ' of layer “' || l.name || '” of job ' || l.job_id as what
      from users u join layers l on l.id = u.layer_id
      union all
      select f.sha256, f.path || ' of scene ' || f.scene_id from scene_files f
      join scenes s on s.id = f.scene_id where s.deleted_at is null
    )
    select sha256, min(what) as what, count(*) as n from named
    where sha256 in (select jsonb_array_elements_text(${JSON.stringify(hashes)}::jsonb))
    group by sha256`.execute(db);
  return new Map(
    rows.map(({ sha256, what, n }) => [sha256, Number(n) === 1 ? what : `${what}, and of ${Number(n) - 1} more`]),
  );
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
