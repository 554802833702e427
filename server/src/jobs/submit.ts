/** Jobs come in: compiled, then written many at a time. A job of a million frames is one row and one per layer. */
import { type IdKind, type Job, type JobRequest, KilnError } from '@kiln/shared';
import type { Kysely, Transaction } from 'kysely';
import { Batch } from '../dispatch/batch.ts';
import { DISPATCH_LIMITS } from '../dispatch/limits.ts';
import type { Change, Tell } from '../events/changes.ts';
import type { Database } from '../store/tables.ts';
import type { AbilityMemory } from './abilities.ts';
import { type CompiledJob, type CompilerScene, compileJob } from './compile.ts';
import type { JobLayers } from './layers.ts';
import { type JobRow, jobView, type LayerRow, layerView } from './present.ts';
import { Remembered } from './remembered.ts';

export interface SubmitParts {
  readonly db: Kysely<Database>;
  readonly change: Change;
  readonly abilities: AbilityMemory;
  readonly layers: JobLayers;
  readonly newId: (kind: IdKind) => string;
  readonly now: () => Date;
  /** After a commit: there is work. */
  readonly onSubmitted: () => void;
}

interface Submission {
  readonly tenantId: string;
  readonly sceneId: string;
  readonly idempotencyKey: string | null;
  readonly compiled: CompiledJob;
}

const KEPT_SCENES = 200;

export class Submissions {
  readonly #parts: SubmitParts;
  readonly #writes: Batch<Submission, Job>;
  /** Ready scenes, whose rows never change again; looked up with their tenant. */
  readonly #scenes = new Remembered<CompilerScene>(KEPT_SCENES);

  constructor(parts: SubmitParts) {
    this.#parts = parts;
    this.#writes = new Batch(DISPATCH_LIMITS.writesPerBatch, (submissions) => this.#write(submissions));
  }

  /**
   * @returns the new job, or the one that was submitted with the same idempotency key.
   * @throws KilnError as `compileJob`; `resource.not_found` for a scene that is not this tenant's.
   */
  async submit(tenantId: string, request: JobRequest): Promise<Job> {
    const idempotencyKey = request.idempotencyKey ?? null;
    if (idempotencyKey !== null) {
      const known = await this.#byKey(this.#parts.db, tenantId, idempotencyKey);
      if (known) return known;
    }
    const scene = await this.#scene(tenantId, request.sceneId);
    const { abilities } = await this.#parts.abilities.read();
    const compiled = compileJob(request, scene, abilities);
    const job = await this.#writes.submit({ tenantId, sceneId: scene.id, idempotencyKey, compiled });
    this.#parts.onSubmitted();
    return job;
  }

  async #scene(tenantId: string, sceneId: string): Promise<CompilerScene> {
    const key = `${tenantId}/${sceneId}`;
    const known = this.#scenes.get(key);
    if (known) return known;
    const row = await this.#parts.db
      .selectFrom('scenes')
      .select(['id', 'name', 'state', 'report', 'refusal'])
      .where('id', '=', sceneId)
      .where('tenant_id', '=', tenantId)
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
    if (!row) throw new KilnError('resource.not_found', `there is no scene ${sceneId}`, { field: '/sceneId' });
    if (row.state === 'ready') this.#scenes.set(key, row);
    return row;
  }

  async #byKey(db: Kysely<Database>, tenantId: string, key: string): Promise<Job | null> {
    const row = await db
      .selectFrom('jobs')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('idempotency_key', '=', key)
      .executeTakeFirst();
    if (!row) return null;
    const layers = await this.#parts.layers.of(db, [row.id]);
    return jobView(row, layers.get(row.id) ?? []);
  }

  #write(submissions: readonly Submission[]): Promise<(Job | Error)[]> {
    const rows = submissions.map((submission) => this.#rows(submission));
    return this.#parts.change(async (trx, tell) => {
      await this.#holdScenes(trx, submissions);
      const inserted = await insertJobs(trx, rows);
      await insertLayers(
        trx,
        rows.flatMap(({ job, layers }) => (inserted.has(job.id) ? layers : [])),
      );
      const jobs: Job[] = [];
      for (const [index, { job, layers }] of rows.entries()) {
        if (inserted.has(job.id)) jobs.push(announce(tell, job, layers));
        else {
          const submission = submissions[index];
          const known = submission && (await this.#byKey(trx, submission.tenantId, submission.idempotencyKey ?? ''));
          if (!known) throw new KilnError('resource.conflict', 'the job was submitted twice at once; submit it again');
          jobs.push(known);
        }
      }
      return jobs;
    });
  }

  /** A scene that was deleted since it was looked up is missed here, by one lock for all, not by a failed insert. */
  async #holdScenes(trx: Transaction<Database>, submissions: readonly Submission[]): Promise<void> {
    const ids = [...new Set(submissions.map(({ sceneId }) => sceneId))];
    const rows = await trx
      .selectFrom('scenes')
      .select('id')
      .where('id', 'in', ids)
      .where('deleted_at', 'is', null)
      .orderBy('id')
      .forShare()
      .execute();
    if (rows.length === ids.length) return;
    const found = new Set(rows.map((row) => row.id));
    for (const { tenantId, sceneId } of submissions) {
      if (found.has(sceneId)) continue;
      this.#scenes.delete(`${tenantId}/${sceneId}`);
      throw new KilnError('resource.not_found', `scene ${sceneId} was deleted`, { field: '/sceneId' });
    }
  }

  #rows({ tenantId, sceneId, idempotencyKey, compiled }: Submission): { job: JobRow; layers: LayerRow[] } {
    const { newId, now } = this.#parts;
    const job: JobRow = {
      id: newId('job'),
      tenant_id: tenantId,
      scene_id: sceneId,
      name: compiled.name,
      state: 'queued',
      priority: compiled.priority,
      max_attempts: compiled.maxAttempts,
      frame_timeout_ms: compiled.frameTimeoutMs,
      idempotency_key: idempotencyKey,
      frame_count: compiled.frameCount,
      frames_done: 0,
      frames_failed: 0,
      error: null,
      created_at: now(),
      started_at: null,
      ended_at: null,
    };
    const layers = compiled.layers.map(
      (layer, position): LayerRow => ({
        id: newId('layer'),
        job_id: job.id,
        position,
        name: layer.name,
        frames: layer.frames,
        frame_count: layer.frameCount,
        chunk: layer.chunk,
        task_count: layer.taskCount,
        released: 0,
        settings: layer.settings,
      }),
    );
    return { job, layers };
  }
}

async function insertJobs(
  trx: Transaction<Database>,
  rows: readonly { readonly job: JobRow }[],
): Promise<ReadonlySet<string>> {
  const inserted = await trx
    .insertInto('jobs')
    .values(rows.map(({ job }) => ({ ...job, error: null })))
    .onConflict((conflict) =>
      conflict.columns(['tenant_id', 'idempotency_key']).where('idempotency_key', 'is not', null).doNothing(),
    )
    .returning('id')
    .execute();
  return new Set(inserted.map((row) => row.id));
}

async function insertLayers(trx: Transaction<Database>, layers: readonly LayerRow[]): Promise<void> {
  if (layers.length === 0) return;
  await trx
    .insertInto('layers')
    .values(layers.map((layer) => ({ ...layer, settings: JSON.stringify(layer.settings) })))
    .execute();
}

function announce(tell: Tell, row: JobRow, layers: readonly LayerRow[]): Job {
  const job = jobView(row, layers.map(layerView));
  tell({ type: 'job', tenantId: row.tenant_id, jobId: row.id, data: job });
  return job;
}
