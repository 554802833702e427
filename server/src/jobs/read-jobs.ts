/** Jobs with their tasks and frames, read for one tenant. Another tenant's job is not there. */
import {
  type Attempt,
  type Frame,
  type Job,
  JobState,
  KilnError,
  type Layer,
  type Task,
  TaskState,
} from '@kiln/shared';
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { readJobUse } from '../estimates/job-use.ts';
import type { SlotPrice } from '../estimates/price.ts';
import type { FrameProgressBoard } from '../events/frame-progress.ts';
import { hasOthers, storedFiles } from '../frames/stored-files.ts';
import { checkCursor } from '../http/list-cursor.ts';
import { type Page, type PageQuery, pageOf } from '../http/page.ts';
import type { Database } from '../store/tables.ts';
import type { FullStore } from './full-store.ts';
import { isOpen } from './job-row.ts';
import { readJobWaits } from './job-waits.ts';
import type { JobLayers } from './layers.ts';
import { attemptView, frameView, type JobRow, jobView, taskView } from './present.ts';
import { findPurged } from './purge.ts';

export interface StateQuery extends PageQuery {
  /** Several, with commas between; the route has checked them. */
  readonly state?: string;
}

export interface JobQuery extends StateQuery {
  readonly tag?: string;
  readonly user?: string;
  /** @defaultValue false */
  readonly archived?: boolean;
}

export interface JobReaderParts {
  readonly db: Kysely<Database>;
  readonly layers: JobLayers;
  readonly progress: Pick<FrameProgressBoard, 'of'>;
  readonly fullStore: Pick<FullStore, 'of'>;
  readonly price: SlotPrice | null;
  readonly shareHalfLifeMs: number;
}

/** Items of a page when the client does not say. */
const PAGE = 100;

export class JobReader {
  readonly #db: Kysely<Database>;
  readonly #layers: JobLayers;
  readonly #progress: Pick<FrameProgressBoard, 'of'>;
  readonly #fullStore: Pick<FullStore, 'of'>;
  readonly #price: SlotPrice | null;
  readonly #shareHalfLifeMs: number;

  constructor({ db, layers, progress, fullStore, price, shareHalfLifeMs }: JobReaderParts) {
    this.#db = db;
    this.#layers = layers;
    this.#progress = progress;
    this.#fullStore = fullStore;
    this.#price = price;
    this.#shareHalfLifeMs = shareHalfLifeMs;
  }

  /** Newest first. The cursor is the id of the last job of the page before. */
  async list(
    tenantId: string,
    { limit = PAGE, cursor, state, tag, user, archived = false }: JobQuery,
  ): Promise<Page<Job>> {
    await checkCursor(cursor, (id) => this.#find(tenantId, id));
    let query = this.#db
      .selectFrom('jobs')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('archived_at', archived ? 'is not' : 'is', null)
      .where('purged_at', 'is', null)
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit + 1);
    if (state !== undefined) query = query.where('state', 'in', statesOf(JobState, state));
    if (tag !== undefined) query = query.where(sql<boolean>`tags ? ${tag}`);
    if (user !== undefined) query = query.where('user_name', '=', user);
    if (cursor !== undefined) {
      query = query.where(
        sql<boolean>`(created_at, id) < (select created_at, id from jobs where id = ${cursor} and tenant_id = ${tenantId})`,
      );
    }
    const rows = await query.execute();
    const layers = await this.#layers.current(this.#db, rows);
    const views = await this.#views(rows, layers);
    return pageOf(
      rows,
      limit,
      (row) => row.id,
      (row) => views.get(row.id) ?? jobView(row, []),
    );
  }

  async get(tenantId: string, jobId: string): Promise<Job> {
    const row = await this.#job(tenantId, jobId);
    const views = await this.#views([row], await this.#layers.current(this.#db, [row]));
    return views.get(jobId) ?? jobView(row, []);
  }

  /** With what is not in their rows: what they wait for, and how far their frames are. */
  async #views(
    rows: readonly JobRow[],
    layers: ReadonlyMap<string, readonly Layer[]>,
  ): Promise<ReadonlyMap<string, Job>> {
    const waits = await readJobWaits(this.#db, rows, layers, this.#shareHalfLifeMs);
    const useOf = await readJobUse(
      this.#db,
      rows.map(({ id }) => id),
      this.#price,
    );
    return new Map(
      rows.map((row) => {
        const view = { ...jobView(row, layers.get(row.id) ?? []), use: useOf(row.id) };
        if (!isOpen(row.state)) return [row.id, view];
        const waitsFor = this.#fullStore.of(row.id) ?? waits.get(row.id) ?? null;
        return [row.id, { ...view, waitsFor, progress: this.#progress.of(row.id) }];
      }),
    );
  }

  /** Tasks that have been released, with every attempt. The cursor is the id of the last task of the page before. */
  async tasks(tenantId: string, jobId: string, { limit = PAGE, cursor, state }: StateQuery): Promise<Page<Task>> {
    await this.#job(tenantId, jobId);
    await checkCursor(cursor, (id) =>
      this.#db.selectFrom('tasks').select('id').where('id', '=', id).where('job_id', '=', jobId).executeTakeFirst(),
    );
    let query = this.#db
      .selectFrom('tasks')
      .selectAll()
      .where('job_id', '=', jobId)
      .orderBy('index')
      .orderBy('id')
      .limit(limit + 1);
    if (state !== undefined) query = query.where('state', 'in', statesOf(TaskState, state));
    if (cursor !== undefined) {
      query = query.where(
        sql<boolean>`("index", id) > (select "index", id from tasks where id = ${cursor} and job_id = ${jobId})`,
      );
    }
    const rows = await query.execute();
    const layers = await this.#db.selectFrom('layers').selectAll().where('job_id', '=', jobId).execute();
    const byId = new Map(layers.map((layer) => [layer.id, layer]));
    const attempts = await this.#attempts(rows.map((row) => row.id));
    return pageOf(
      rows,
      limit,
      (row) => row.id,
      (row) => {
        const layer = row.layer_id === null ? undefined : byId.get(row.layer_id);
        return taskView(row, layer, attempts.get(row.id) ?? []);
      },
    );
  }

  /** Finished frames in the order of finishing; the cursor is the sequence number of the last one. */
  async frames(tenantId: string, jobId: string, { limit = PAGE, cursor }: PageQuery): Promise<Page<Frame>> {
    await this.#job(tenantId, jobId);
    const after = /^\d{1,15}$/.test(cursor ?? '') ? Number(cursor) : 0;
    await checkCursor(cursor, () =>
      this.#db
        .selectFrom('frames')
        .select('sequence')
        .where('job_id', '=', jobId)
        .where('sequence', '=', after)
        .executeTakeFirst(),
    );
    const rows = await this.#db
      .selectFrom('frames as f')
      .innerJoin('layers as l', 'l.id', 'f.layer_id')
      .selectAll('f')
      .select(['l.name', 'l.settings'])
      .where('f.job_id', '=', jobId)
      .where('f.sequence', '>', after)
      .orderBy('f.sequence')
      .limit(limit + 1)
      .execute();
    const othersOf = await storedFiles(
      this.#db,
      rows.filter(({ settings }) => hasOthers(settings)),
    );
    return pageOf(
      rows,
      limit,
      (row) => String(row.sequence),
      (row) => frameView(row, row, othersOf(row)),
    );
  }

  #find(tenantId: string, jobId: string): Promise<JobRow | undefined> {
    return this.#db
      .selectFrom('jobs')
      .selectAll()
      .where('id', '=', jobId)
      .where('tenant_id', '=', tenantId)
      .where('purged_at', 'is', null)
      .executeTakeFirst();
  }

  async #job(tenantId: string, jobId: string): Promise<JobRow> {
    const row = await this.#find(tenantId, jobId);
    if (row) return row;
    const purged = await findPurged(this.#db, tenantId, jobId);
    const message = purged
      ? `job ${jobId} (“${purged.name}”) was purged on ${purged.purgedAt}`
      : `there is no job ${jobId}`;
    throw new KilnError('resource.not_found', message);
  }

  async #attempts(taskIds: readonly string[]): Promise<ReadonlyMap<string, Attempt[]>> {
    const byTask = new Map<string, Attempt[]>();
    if (taskIds.length === 0) return byTask;
    const rows = await this.#db
      .selectFrom('attempts')
      .selectAll()
      .where('task_id', 'in', taskIds)
      .orderBy('task_id')
      .orderBy('number')
      .execute();
    const frames = await this.#framesOf(rows.map((row) => row.id));
    for (const row of rows) {
      const list = byTask.get(row.task_id) ?? [];
      list.push(attemptView(row, frames.get(row.id) ?? []));
      byTask.set(row.task_id, list);
    }
    return byTask;
  }

  async #framesOf(attemptIds: readonly string[]): Promise<ReadonlyMap<string, Attempt['frames']>> {
    const byAttempt = new Map<string, Attempt['frames']>();
    if (attemptIds.length === 0) return byAttempt;
    const rows = await this.#db
      .selectFrom('frames')
      .select(['attempt_id', 'frame_number', 'sha256', 'stages'])
      .where('attempt_id', 'in', attemptIds)
      .orderBy('sequence')
      .execute();
    for (const { attempt_id, frame_number, sha256, stages } of rows) {
      const list = byAttempt.get(attempt_id) ?? [];
      list.push({ frameNumber: frame_number, sha256, stages });
      byAttempt.set(attempt_id, list);
    }
    return byAttempt;
  }
}

const statesOf = <S extends string>({ enum: known }: { readonly enum: readonly S[] }, text: string): S[] => {
  const named = text.split(',');
  return known.filter((state) => named.includes(state));
};
