/**
 * Jobs that are deleted for good. Asked for, a job is unseen at once; its rows go in small transactions, so that nobody
 * waits for those of a million frames, and with each of them the bytes that nothing else refers to. A server that dies
 * meanwhile leaves the rest to the next.
 */
import { KilnError, type PurgedJob } from '@kiln/shared';
import type { Selectable } from 'kysely';
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { Logger } from 'pino';
import type { Change, Tell } from '../events/changes.ts';
import { SERVER_LIMITS } from '../limits.ts';
import { dropBytes } from '../objects/drop-bytes.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import { deleteUnreferenced } from '../scenes/release-objects.ts';
import type { Database } from '../store/tables.ts';
import { needsLayerOf } from './job-needs.ts';
import { checkOver, isOpen, lockJobs, lockOwnJob } from './job-row.ts';
import type { JobRow } from './present.ts';

/** Rows of one transaction. */
const BATCH = 500;

export interface PurgeParts {
  readonly db: Kysely<Database>;
  readonly change: Change;
  readonly objects: ObjectStore;
  readonly log: Logger;
  readonly now: () => Date;
}

export class Purges {
  readonly #parts: PurgeParts;
  #running: Promise<void> | null = null;
  #isStopped = false;

  constructor(parts: PurgeParts) {
    this.#parts = parts;
  }

  /**
   * Asked for again, it answers the same.
   *
   * @throws KilnError `resource.not_found`; `resource.conflict` for a job that is not over, or that others wait for.
   */
  async purge(tenantId: string, jobId: string): Promise<PurgedJob> {
    const { db, change, now } = this.#parts;
    const gone = await findPurged(db, tenantId, jobId);
    if (gone) return gone;
    const purged = await change(async (trx, tell) => {
      const job = await lockOwnJob(trx, tenantId, jobId);
      checkOver(job);
      const waiting = await trx
        .selectFrom('jobs as d')
        .select('d.id')
        .where(waitsFor('d', job))
        .limit(1)
        .executeTakeFirst();
      if (waiting) {
        const message = `job ${waiting.id} waits for job ${jobId}: cancel that one first, or retry this one`;
        throw new KilnError('resource.conflict', message);
      }
      return hide(trx, tell, job, now());
    });
    this.wake();
    return purged;
  }

  /** Hides jobs that ended before then. @returns how many. */
  async purgeOlder(before: Date): Promise<number> {
    const { change, now } = this.#parts;
    for (let count = 0; ; ) {
      const hidden = await change(async (trx, tell) => {
        const old = await trx
          .selectFrom('jobs as j')
          .select('j.id')
          .where('j.ended_at', '<', before)
          .where('j.purged_at', 'is', null)
          .where(sql<boolean>`not exists (select from jobs d where ${waitsFor('d', sql.ref('j.id'))})`)
          .limit(BATCH)
          .execute();
        const jobs = await lockJobs(
          trx,
          old.map(({ id }) => id),
        );
        const over = [...jobs.values()].filter(({ state }) => !isOpen(state));
        for (const job of over) await hide(trx, tell, job, now());
        return over.length;
      });
      count += hidden;
      if (hidden === 0) return count;
      this.wake();
    }
  }

  /** There may be something to delete. */
  wake(): void {
    if (this.#isStopped || this.#running) return;
    this.#running = this.#deleteHidden()
      .catch((error: unknown) => this.#parts.log.warn({ err: error }, 'purged jobs are not deleted yet'))
      .finally(() => {
        this.#running = null;
      });
  }

  /** Waits for the transaction that is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #deleteHidden(): Promise<void> {
    const { db, log } = this.#parts;
    while (!this.#isStopped) {
      const hidden = await db.selectFrom('jobs').select('id').where('purged_at', 'is not', null).limit(BATCH).execute();
      if (hidden.length === 0) return;
      let deleted = 0;
      for (const { id } of hidden) {
        if (await this.#deleteJob(id)) deleted += 1;
      }
      log.info({ jobs: deleted }, 'purged jobs were deleted');
      // Those that others have come to wait for stay hidden until these are over.
      if (deleted === 0) return;
    }
  }

  /** @returns whether its row is gone. */
  async #deleteJob(jobId: string): Promise<boolean> {
    for (const deleteSome of [deleteFrames, deleteFilms, deletePieces, deleteTasks]) {
      for (let deleted = BATCH; deleted >= BATCH; ) {
        if (this.#isStopped) return false;
        deleted = await this.#withBytes((trx) => deleteSome(trx, jobId));
      }
    }
    const gone = await this.#parts.db
      .deleteFrom('jobs as j')
      .where('j.id', '=', jobId)
      .where(sql<boolean>`(j.state = 'succeeded' or not exists (
        select from jobs d where ${waitsFor('d', sql.ref('j.id'))}))`)
      .executeTakeFirst();
    return gone.numDeletedRows > 0n;
  }

  async #withBytes(work: (trx: Transaction<Database>) => Promise<Deleted>): Promise<number> {
    const { db, objects, now } = this.#parts;
    const { rows, unreferenced } = await db.transaction().execute(async (trx) => {
      const deleted = await work(trx);
      return { rows: deleted.rows, unreferenced: await deleteUnreferenced(trx, deleted.hashes) };
    });
    // Younger ones may be about to be recorded for somebody else; the sweep looks after them.
    const old = new Date(now().getTime() - SERVER_LIMITS.purgedBytesAgeMs);
    for (const sha256 of unreferenced) await dropBytes(db, objects, sha256, old);
    return rows;
  }
}

/** What was purged, of a tenant; null when it was not. */
export async function findPurged(db: Kysely<Database>, tenantId: string, jobId: string): Promise<PurgedJob | null> {
  const row = await db
    .selectFrom('purged_jobs')
    .selectAll()
    .where('id', '=', jobId)
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst();
  return row === undefined ? null : purgedView(row);
}

const purgedView = (row: Selectable<Database['purged_jobs']>): PurgedJob => ({
  id: row.id,
  name: row.name,
  framesDone: row.frames_done,
  slotSec: row.slot_sec,
  createdAt: row.created_at.toISOString(),
  endedAt: row.ended_at?.toISOString() ?? null,
  purgedAt: row.purged_at.toISOString(),
});

/** Whether the row `d` of `jobs` comes after a job, and has not begun because that has not succeeded; or a layer waits for that. */
function waitsFor(
  d: string,
  job: RawBuilder<unknown> | Pick<JobRow, 'id' | 'state' | 'tenant_id'>,
): RawBuilder<boolean> {
  const after = sql.ref(`${d}.after_jobs`);
  const isWaiting = sql`${after} is not null and ${sql.ref(`${d}.started_at`)} is null
    and ${sql.ref(`${d}.state`)} in ('queued', 'paused')`;
  if (!('state' in job)) return sql<boolean>`((${isWaiting} and ${after} ? ${job}) or ${needsLayerOf(d, job)})`;
  if (job.state === 'succeeded') return sql<boolean>`false`;
  return sql<boolean>`((${isWaiting} and ${after} ? ${job.id}) or ${needsLayerOf(d, sql`${job.id}::text`)})
    and ${sql.ref(`${d}.tenant_id`)} = ${job.tenant_id}`;
}

/** From here on nobody finds it, and its key may be used again. The caller holds its lock. */
async function hide(trx: Transaction<Database>, tell: Tell, job: JobRow, purgedAt: Date): Promise<PurgedJob> {
  await trx.updateTable('jobs').set({ purged_at: purgedAt, idempotency_key: null }).where('id', '=', job.id).execute();
  const row = await trx
    .insertInto('purged_jobs')
    .values({
      id: job.id,
      tenant_id: job.tenant_id,
      name: job.name,
      frames_done: job.frames_done,
      slot_sec: await slotSecOf(trx, job.id),
      created_at: job.created_at,
      ended_at: job.ended_at,
      purged_at: purgedAt,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await trx.deleteFrom('events').where('job_id', '=', job.id).execute();
  tell({ type: 'job.purged', tenantId: job.tenant_id, jobId: job.id, data: { jobId: job.id } });
  return purgedView(row);
}

async function slotSecOf(trx: Transaction<Database>, jobId: string): Promise<number> {
  const { rows } = await sql<{ sec: number | null }>`
    select sum(extract(epoch from a.ended_at - a.started_at))::float8 as sec
    from tasks t join attempts a on a.task_id = t.id
    where t.job_id = ${jobId} and t.kind in ('render', 'assemble') and a.ended_at > a.started_at`.execute(trx);
  return rows[0]?.sec ?? 0;
}

interface Deleted {
  readonly rows: number;
  /** Of the bytes that they referred to. */
  readonly hashes: readonly string[];
}

async function deleteFrames(trx: Transaction<Database>, jobId: string): Promise<Deleted> {
  const { rows } = await sql<{ sha256: string; others: string[] | null }>`
    with picked as (
      select layer_id, frame_number from frames where job_id = ${jobId} order by sequence limit ${sql.lit(BATCH)})
    delete from frames f using picked s
    where f.layer_id = s.layer_id and f.frame_number = s.frame_number
    returning f.sha256, (
      select jsonb_agg(o.sha256) from frame_files o
      where o.layer_id = f.layer_id and o.frame_number = f.frame_number) as others`.execute(trx);
  return { rows: rows.length, hashes: rows.flatMap(({ sha256, others }) => [sha256, ...(others ?? [])]) };
}

async function deleteFilms(trx: Transaction<Database>, jobId: string): Promise<Deleted> {
  const rows = await trx
    .deleteFrom('films')
    .where('job_id', '=', jobId)
    .returning(['sha256', 'audio_sha256'])
    .execute();
  const hashes = rows.flatMap(({ sha256, audio_sha256 }) => [sha256, audio_sha256]);
  return { rows: 0, hashes: hashes.filter((hash) => hash !== null) };
}

async function deletePieces(trx: Transaction<Database>, jobId: string): Promise<Deleted> {
  const { rows } = await sql<{ sha256: string }>`
    delete from pieces p using (
      select p.task_id, p.first_sample from pieces p join tasks t on t.id = p.task_id
      where t.job_id = ${jobId} limit ${sql.lit(BATCH)}) s
    where p.task_id = s.task_id and p.first_sample = s.first_sample
    returning p.sha256`.execute(trx);
  return { rows: rows.length, hashes: rows.map(({ sha256 }) => sha256) };
}

/** With their attempts. */
async function deleteTasks(trx: Transaction<Database>, jobId: string): Promise<Deleted> {
  const { numAffectedRows } = await sql`
    delete from tasks where id in (
      select id from tasks where job_id = ${jobId} limit ${sql.lit(BATCH)})`.execute(trx);
  return { rows: Number(numAffectedRows ?? 0n), hashes: [] };
}
