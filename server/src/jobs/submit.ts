/** Jobs come in: compiled, then written many at a time. A job of a million frames is one row and one per layer. */
import { type Job, type JobPlan, type JobRequest, KilnError, type RenderSettings } from '@kiln/shared';
import type { Kysely, Transaction } from 'kysely';
import { Batch } from '../dispatch/batch.ts';
import { DISPATCH_LIMITS } from '../dispatch/limits.ts';
import type { Tell } from '../events/changes.ts';
import { checkSounds, insertFilms } from '../films/film-tasks.ts';
import { checkLimitNames } from '../named-limits/check-names.ts';
import { isStoreUnavailable } from '../store/sql-state.ts';
import type { Database } from '../store/tables.ts';
import { findWebhooks } from '../webhooks/find-webhooks.ts';
import { checkKeys, inBatch, ofBatch } from './batch-errors.ts';
import { type Beginning, begun, insertBeginning, trustedClass, UnusableBeginning } from './beginning.ts';
import { type CompiledJob, type CompilerScene, compileJob } from './compile.ts';
import { findAssets } from './find-assets.ts';
import { noteHold } from './holds.ts';
import { insertCosts, insertJobs, insertLayers, type Submission } from './insert-jobs.ts';
import { checkJobNeeds, holdNeededJobs } from './job-needs.ts';
import { warningsOf } from './lacking.ts';
import { newRows } from './new-rows.ts';
import { lockOpenWork, withoutRoom } from './open-work.ts';
import { checkPredecessors } from './predecessors.ts';
import { type JobRow, jobView, type LayerRow, layerView } from './present.ts';
import { Remembered } from './remembered.ts';
import { checkSameRequest, checkSameRequests, requestHash } from './request-hash.ts';
import type { SubmitParts } from './submit-parts.ts';

const KEPT_SCENES = 200;

/** What was asked for, as far as a key says that it is asked for again. */
type Keyed = Parameters<typeof requestHash>[0];

/** A job that may come in. */
interface Prepared {
  readonly request: JobRequest;
  readonly compiled: CompiledJob;
  readonly submission: Omit<Submission, 'costs'>;
}

export class Submissions {
  readonly #parts: SubmitParts;
  readonly #writes: Batch<Submission, Job>;
  /** Ready scenes, whose rows never change again; looked up with their tenant. */
  readonly #scenes = new Remembered<CompilerScene>(KEPT_SCENES);

  constructor(parts: SubmitParts) {
    this.#parts = parts;
    this.#writes = new Batch({ most: DISPATCH_LIMITS.writesPerBatch, spacingMs: 0 }, (submissions) =>
      this.#write(submissions),
    );
  }

  /**
   * @returns the new job, or the one that was submitted with the same idempotency key.
   * @throws KilnError as `compileJob`; `resource.conflict` for a key that another request had; `resource.not_found` for a scene, an asset, a job or a webhook that is not this
   *   tenant's; `job.too_large` or `request.too_many` when the tenant may not have so many open jobs or tasks.
   */
  async submit(tenantId: string, request: JobRequest): Promise<Job> {
    const idempotencyKey = request.idempotencyKey ?? null;
    if (idempotencyKey !== null) {
      const known = await this.#byKey(this.#parts.db, tenantId, idempotencyKey, requestHash(request));
      if (known) return known;
    }
    const job = await this.#save(await this.#withCosts(tenantId, await this.#prepare(tenantId, request)));
    this.#parts.onSubmitted();
    return job;
  }

  /**
   * A job of one frame, which begins with samples that are drawn already, where there are any.
   *
   * @param asked what `request` was made of: the same with the same key is the same job.
   * @param handOver gives them when the job may come in; what turns out to be of no use is left out.
   * @throws KilnError as `submit`.
   */
  async submitBegun(
    tenantId: string,
    request: JobRequest,
    asked: Keyed,
    handOver: (settings: RenderSettings) => Promise<Beginning | null>,
  ): Promise<{ readonly job: Job; readonly isKnown: boolean }> {
    const { db, onSubmitted } = this.#parts;
    const key = request.idempotencyKey ?? null;
    const known = key === null ? null : await this.#byKey(db, tenantId, key, requestHash(asked));
    if (known) return { job: known, isKnown: true };
    const prepared = await this.#prepare(tenantId, request, asked);
    const submission = await this.#withCosts(tenantId, prepared);
    const settings = prepared.compiled.layers[0]?.settings;
    const beginning = settings ? await handOver(settings) : null;
    const job = (beginning && (await this.#saveBegun(submission, beginning))) ?? (await this.#save(submission));
    onSubmitted();
    return { job, isKnown: job.id !== submission.job.id };
  }

  /** Null where what is drawn is of no use. */
  async #saveBegun(submission: Submission, beginning: Beginning): Promise<Job | null> {
    const { change, db, objects } = this.#parts;
    const adapterClass = await trustedClass(db, beginning.workerId);
    if (adapterClass === null) return null;
    const itsRows = begun(submission, beginning, adapterClass);
    const save = () =>
      change(async (trx, tell) => {
        const [job] = await this.#writeIn(trx, tell, [itsRows]);
        if (!job || job instanceof Error) throw job ?? submittedTwice();
        if (job.id === itsRows.job.id) await insertBeginning(trx, objects, itsRows, beginning, this.#parts);
        return job;
      });
    return save()
      .catch((error: unknown) => {
        if (!isStoreUnavailable(error)) throw error;
        return save();
      })
      .catch((error: unknown) => {
        if (error instanceof UnusableBeginning) return null;
        throw error;
      });
  }

  /**
   * All of the jobs, or none of them: of those that were submitted before with the same key, the ones that are there.
   *
   * @throws KilnError as `submit`, with the field's path from `/jobs/0` on.
   */
  async submitAll(tenantId: string, requests: readonly JobRequest[]): Promise<Job[]> {
    checkKeys(requests);
    const known = await this.#byKeys(tenantId, requests);
    const places = requests.flatMap(({ idempotencyKey }, index) => (known.has(idempotencyKey) ? [] : [index]));
    const prepared: Prepared[] = [];
    for (const index of places) {
      const request = requests[index];
      if (request) prepared.push(await inBatch(index, this.#prepare(tenantId, request)));
    }
    // What is measured for a budget is drawn already: only where each of them can come in.
    if (prepared.some(({ request }) => request.budget !== undefined)) await this.#checkRoom(prepared, places);
    const submissions: Submission[] = [];
    for (const [n, one] of prepared.entries()) {
      submissions.push(await inBatch(places[n] ?? 0, this.#withCosts(tenantId, one)));
    }
    const write = () =>
      this.#parts.change(async (trx, tell) => {
        const outcomes = await this.#writeIn(trx, tell, submissions);
        return outcomes.map((outcome, n): Job => {
          if (outcome instanceof Error) throw ofBatch(places[n] ?? 0, outcome);
          return outcome;
        });
      });
    const written =
      submissions.length === 0
        ? []
        : await write().catch((error: unknown) => {
            if (!isStoreUnavailable(error)) throw error;
            return write();
          });
    this.#parts.onSubmitted();
    const made = new Map(places.map((index, n) => [index, written[n]]));
    return requests.flatMap(({ idempotencyKey }, index) => known.get(idempotencyKey) ?? made.get(index) ?? []);
  }

  /** Jobs that are there already, by their keys. */
  async #byKeys(tenantId: string, requests: readonly JobRequest[]): Promise<Map<string | undefined, Job>> {
    const keys = requests.flatMap(({ idempotencyKey }) => idempotencyKey ?? []);
    if (keys.length === 0) return new Map();
    const { db, layers } = this.#parts;
    const rows = await db
      .selectFrom('jobs')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('idempotency_key', 'in', keys)
      .execute();
    checkSameRequests(rows, requests);
    const itsLayers = await layers.current(db, rows);
    return new Map(rows.map((row) => [row.idempotency_key ?? undefined, jobView(row, itsLayers.get(row.id) ?? [])]));
  }

  async #checkRoom(prepared: readonly Prepared[], places: readonly number[]): Promise<void> {
    const refused = await withoutRoom(
      this.#parts.db,
      prepared.map(({ submission }) => submission),
    );
    for (const [n, { submission }] of prepared.entries()) {
      const error = refused.get(submission);
      if (error) throw ofBatch(places[n] ?? 0, error);
    }
  }

  /** @param asked what the request was made of, where that is not what was asked for. */
  async #prepare(tenantId: string, request: JobRequest, asked: Keyed = request): Promise<Prepared> {
    const compiled = await this.compile(tenantId, request);
    await checkPredecessors(this.#parts.db, tenantId, compiled.after);
    await checkJobNeeds(this.#parts.db, tenantId, compiled.layers);
    await checkLimitNames(this.#parts.db, tenantId, request);
    await checkSounds(this.#parts.db, tenantId, compiled.layers);
    const assets = await findAssets(this.#parts.db, tenantId, compiled.layers);
    const notify = await findWebhooks(this.#parts.db, tenantId, request.notify);
    const keyed = { idempotency_key: request.idempotencyKey ?? null, request_hash: requestHash(asked), notify };
    this.#parts.estimates().checkBudget(request);
    const rows = newRows({ tenantId, sceneId: request.sceneId, ...keyed }, compiled, this.#parts);
    return { request, compiled, submission: { ...rows, assets } };
  }

  async #withCosts(tenantId: string, { request, compiled, submission }: Prepared): Promise<Submission> {
    const costs = await this.#parts.estimates().costsOf(tenantId, request, compiled);
    const job: JobRow = costs?.hold ? { ...submission.job, state: 'paused' } : submission.job;
    return { ...submission, job, costs };
  }

  /** @throws KilnError as `compileJob`; `resource.not_found` for a scene that is not this tenant's. */
  async compile(tenantId: string, request: JobRequest): Promise<CompiledJob> {
    const scene = await this.#scene(tenantId, request.sceneId);
    const { abilities, filmMakers } = await this.#parts.abilities.read();
    return compileJob(request, scene, abilities, filmMakers);
  }

  /**
   * What the job would be. Files that its layers name need not be there yet.
   *
   * @throws KilnError as `compileJob`; `resource.not_found` for a scene or a webhook that is not this tenant's.
   */
  async plan(tenantId: string, request: JobRequest): Promise<JobPlan> {
    const compiled = await this.compile(tenantId, request);
    const { frameCount, layers, after } = compiled;
    this.#parts.estimates().checkBudget(request);
    await checkPredecessors(this.#parts.db, tenantId, after);
    await checkJobNeeds(this.#parts.db, tenantId, layers);
    await checkLimitNames(this.#parts.db, tenantId, request);
    await findWebhooks(this.#parts.db, tenantId, request.notify);
    return {
      frameCount,
      taskCount: layers.reduce((sum, layer) => sum + layer.taskCount, 0),
      layers: layers.map(({ name, frameCount, taskCount }) => ({ name, frameCount, taskCount })),
      estimate: await this.#parts.estimates().ofHistory(tenantId, request.sceneId, compiled),
      warnings: warningsOf(layers, (await this.#parts.abilities.read()).workers),
    };
  }

  /** A commit whose answer was lost may have been made: with the same ids it is no second job. */
  #save(submission: Submission): Promise<Job> {
    return this.#writes.submit(submission).catch((error: unknown) => {
      if (!isStoreUnavailable(error)) throw error;
      return this.#writes.submit(submission);
    });
  }

  async #scene(tenantId: string, sceneId: string): Promise<CompilerScene> {
    const key = `${tenantId}/${sceneId}`;
    const known = this.#scenes.get(key);
    if (known) return known;
    const row = await this.#parts.db
      .selectFrom('scenes')
      .select(['id', 'kind', 'name', 'state', 'report', 'refusal'])
      .where('id', '=', sceneId)
      .where('tenant_id', '=', tenantId)
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
    if (!row) throw new KilnError('resource.not_found', `there is no scene ${sceneId}`, { field: '/sceneId' });
    if (row.state === 'ready') this.#scenes.set(key, row);
    return row;
  }

  /** @throws KilnError `resource.conflict` when it was another request. */
  async #byKey(db: Kysely<Database>, tenantId: string, key: string, hash: string | null): Promise<Job | null> {
    const row = await db
      .selectFrom('jobs')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('idempotency_key', '=', key)
      .executeTakeFirst();
    if (!row) return null;
    checkSameRequest(row, hash);
    return this.#view(db, row);
  }

  async #view(db: Kysely<Database>, row: JobRow): Promise<Job> {
    const layers = await this.#parts.layers.current(db, [row]);
    return jobView(row, layers.get(row.id) ?? []);
  }

  #write(submissions: readonly Submission[]): Promise<(Job | Error)[]> {
    return this.#parts.change((trx, tell) => this.#writeIn(trx, tell, submissions));
  }

  async #writeIn(trx: Transaction<Database>, tell: Tell, submissions: readonly Submission[]): Promise<(Job | Error)[]> {
    await this.#holdScenes(trx, submissions);
    await holdNeededJobs(trx, submissions);
    await lockOpenWork(trx, submissions);
    const refused = await withoutRoom(trx, submissions);
    const fitting = submissions.filter((submission) => !refused.has(submission));
    const inserted = await insertJobs(trx, fitting);
    await insertLayers(
      trx,
      fitting.flatMap(({ job, layers }) => (inserted.has(job.id) ? layers : [])),
    );
    await insertFilms(
      trx,
      fitting.flatMap(({ job, films }) => (inserted.has(job.id) ? films : [])),
    );
    await insertCosts(
      trx,
      fitting.filter(({ job }) => inserted.has(job.id)),
    );
    const jobs: (Job | Error)[] = [];
    for (const submission of submissions) {
      const { job, layers, costs } = submission;
      if (inserted.has(job.id)) jobs.push(announce(tell, costs?.hold ? await noteHold(trx, job) : job, layers));
      else jobs.push((await this.#written(trx, job)) ?? refused.get(submission) ?? submittedTwice());
    }
    return jobs;
  }

  /** What was written before with this id, or with this key. */
  async #written(
    trx: Transaction<Database>,
    { id, tenant_id, idempotency_key, request_hash }: JobRow,
  ): Promise<Job | Error | null> {
    const row = await trx.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst();
    if (row) return this.#view(trx, row);
    if (idempotency_key === null) return null;
    return this.#byKey(trx, tenant_id, idempotency_key, request_hash).catch((error: unknown) => {
      if (error instanceof KilnError) return error;
      throw error;
    });
  }

  /** A scene that was deleted since it was looked up is missed here, by one lock for all, not by a failed insert. */
  async #holdScenes(trx: Transaction<Database>, submissions: readonly Submission[]): Promise<void> {
    const ids = [...new Set(submissions.flatMap(({ job, assets }) => [job.scene_id, ...assets]))];
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
    for (const { job, assets } of submissions) {
      const gone = assets.find((id) => !found.has(id));
      if (gone !== undefined) throw new KilnError('resource.not_found', `${gone}, which the job uses, was deleted`);
      if (found.has(job.scene_id)) continue;
      this.#scenes.delete(`${job.tenant_id}/${job.scene_id}`);
      throw new KilnError('resource.not_found', `scene ${job.scene_id} was deleted`, { field: '/sceneId' });
    }
  }
}

const submittedTwice = () => new KilnError('resource.conflict', 'the job was submitted twice at once; submit it again');

function announce(tell: Tell, row: JobRow, layers: readonly LayerRow[]): Job {
  const job = jobView(row, layers.map(layerView));
  tell({ type: 'job', tenantId: row.tenant_id, jobId: row.id, data: job });
  return job;
}
