/** What jobs would take, before they are drawn. Another tenant's estimate is not there. */
import { createHash } from 'node:crypto';
import {
  type Estimate,
  type IdKind,
  type Job,
  type JobEstimate,
  type JobRequest,
  KilnError,
  mayEndEarly,
} from '@kiln/shared';
import type { Kysely, Selectable } from 'kysely';
import type { CompiledJob } from '../jobs/compile.ts';
import type { Database } from '../store/tables.ts';
import { readAbleSlots } from './able-slots.ts';
import { budgetSlotSec, isOver, type JobCostRow } from './budget-rows.ts';
import { estimateOf, type LayerTimes, timesOfHistory, timesOfProbe } from './extrapolate.ts';
import { readHistory } from './history.ts';
import type { LayerToMeasure } from './layer-to-measure.ts';
import { ESTIMATE_LIMITS } from './limits.ts';
import { costOf, type SlotPrice } from './price.ts';
import { probeRequest, readProbe } from './probe.ts';

/** What is written of a job's costs when it comes in. */
export type NewCosts = Pick<JobCostRow, 'estimate' | 'budget' | 'budget_slot_sec' | 'hold' | 'estimate_id'>;

type EstimateRow = Selectable<Database['estimates']>;

export interface EstimatesParts {
  readonly db: Kysely<Database>;
  readonly newId: (kind: IdKind) => string;
  readonly now: () => Date;
  readonly price: SlotPrice | null;
  /** A job that was checked against its scene and the farm. */
  readonly compile: (tenantId: string, request: JobRequest) => Promise<CompiledJob>;
  readonly submit: (tenantId: string, request: JobRequest) => Promise<Job>;
  /** A job that is over leaves the lists; never throws. */
  readonly putAway: (tenantId: string, jobId: string) => Promise<unknown>;
}

export class Estimates {
  readonly #parts: EstimatesParts;

  constructor(parts: EstimatesParts) {
    this.#parts = parts;
  }

  /** @returns null when earlier jobs do not tell of each layer. */
  async ofHistory(tenantId: string, sceneId: string, compiled: CompiledJob): Promise<JobEstimate | null> {
    return this.#known(tenantId, await this.#layers(tenantId, sceneId, compiled));
  }

  /**
   * Made at once when earlier jobs tell of each layer; otherwise a probe is submitted for those that they do not tell of.
   *
   * @param isForBudget nobody asks but a job with a budget.
   * @throws KilnError as a job that is submitted.
   */
  async create(tenantId: string, request: JobRequest, isForBudget = false): Promise<Estimate> {
    const { db, newId, now, compile, submit } = this.#parts;
    const compiled = await compile(tenantId, request);
    const layers = await this.#layers(tenantId, request.sceneId, compiled);
    const result = await this.#known(tenantId, layers);
    const key = keyOf(request);
    if (result === null) {
      const open = await this.#sameQuestion(tenantId, key);
      if (open) {
        if (open.for_budgets_only && !isForBudget) await this.#keep(open);
        return estimateView(open);
      }
    }
    const probe = result === null ? await submit(tenantId, probeRequest(request, layers, compiled.name)) : null;
    const row = await db
      .insertInto('estimates')
      .values({
        id: newId('estimate'),
        tenant_id: tenantId,
        scene_id: request.sceneId,
        key,
        state: probe === null ? 'ready' : 'measuring',
        probe_job_id: probe?.id ?? null,
        layers: JSON.stringify(layers),
        result: result && JSON.stringify(result),
        error: null,
        for_budgets_only: isForBudget,
        created_at: now(),
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return estimateView(row);
  }

  /** @throws KilnError as `budgetSlotSec` */
  checkBudget({ budget }: JobRequest): void {
    if (budget !== undefined) budgetSlotSec(budget, this.#parts.price);
  }

  /**
   * What a job that comes in is thought to take, and may. One with a budget is held until it is known to fit, for which a probe
   * is submitted where earlier jobs do not tell.
   *
   * @returns null for a job with neither budget nor estimate.
   * @throws KilnError as `budgetSlotSec` and `#named`.
   */
  async costsOf(tenantId: string, request: JobRequest, compiled: CompiledJob): Promise<NewCosts | null> {
    const { budget = null } = request;
    const named = await this.#named(tenantId, request);
    if (budget === null) {
      return named && { estimate: named, budget, budget_slot_sec: null, hold: null, estimate_id: null };
    }
    const budget_slot_sec = budgetSlotSec(budget, this.#parts.price);
    const estimate = named ?? (await this.ofHistory(tenantId, request.sceneId, compiled));
    if (estimate !== null) {
      const hold = isOver(estimate, budget_slot_sec) ? 'budget' : null;
      return { estimate, budget, budget_slot_sec, hold, estimate_id: null };
    }
    const { budget: _budget, after: _after, idempotencyKey: _key, ...asked } = request;
    const { id: estimate_id } = await this.create(tenantId, asked, true);
    return { estimate, budget, budget_slot_sec, hold: 'estimate', estimate_id };
  }

  /** @throws KilnError `resource.not_found`; `request.invalid` for one of another scene; `resource.conflict` for one that is not made. */
  async #named(tenantId: string, { estimateId, sceneId }: JobRequest): Promise<JobEstimate | null> {
    if (estimateId === undefined) return null;
    const field = '/estimateId';
    const { estimate, state, sceneId: ofScene } = await this.get(tenantId, estimateId, field);
    if (ofScene !== sceneId) throw new KilnError('request.invalid', `it is of scene ${ofScene}`, { field });
    if (estimate !== null) return estimate;
    const message = `the estimate is ${state}: submit the job without it, or when it is ready`;
    throw new KilnError('resource.conflict', message, { field });
  }

  /** @throws KilnError `resource.not_found` */
  async get(tenantId: string, id: string, field?: string): Promise<Estimate> {
    const row = await this.#parts.db
      .selectFrom('estimates')
      .selectAll()
      .where('id', '=', id)
      .where('tenant_id', '=', tenantId)
      .executeTakeFirst();
    if (row) return estimateView(row);
    throw new KilnError('resource.not_found', `there is no estimate ${id}`, field === undefined ? {} : { field });
  }

  /** Makes estimates of probes that have ended. */
  async settle(): Promise<void> {
    const { db } = this.#parts;
    const rows = await db
      .selectFrom('estimates as e')
      .leftJoin('jobs as j', 'j.id', 'e.probe_job_id')
      .selectAll('e')
      .select(['j.state as job_state', 'j.error as job_error', 'j.purged_at'])
      .where('e.state', '=', 'measuring')
      .where((eb) => eb.or([eb('j.state', 'in', ['succeeded', 'failed', 'cancelled']), eb('j.id', 'is', null)]))
      .orderBy('e.created_at')
      .limit(ESTIMATE_LIMITS.settledAtOnce)
      .execute();
    for (const { job_state, job_error, purged_at, ...row } of rows) {
      // What a probe that failed says is looked for in the lists.
      const isSeen = (job_state === 'succeeded' || job_state === 'cancelled') && purged_at === null;
      if (isSeen && row.probe_job_id !== null) await this.#parts.putAway(row.tenant_id, row.probe_job_id);
      const result = job_state === 'succeeded' ? await this.#measured(row) : null;
      const error =
        result === null ? (job_error ?? { code: 'resource.conflict', message: 'its probe was cancelled' }) : null;
      await db
        .updateTable('estimates')
        .set({
          state: result === null ? 'failed' : 'ready',
          result: result && JSON.stringify(result),
          error: error && JSON.stringify(error),
        })
        .where('id', '=', row.id)
        .where('state', '=', 'measuring')
        .execute();
    }
  }

  async #layers(tenantId: string, sceneId: string, compiled: CompiledJob): Promise<LayerToMeasure[]> {
    const layers: LayerToMeasure[] = [];
    for (const { name, frameCount, taskCount, settings, division, requires } of compiled.layers) {
      const { samples, timeLimitSec, engine, backend } = settings;
      const history = await readHistory(this.#parts.db, { tenantId, sceneId, settings });
      layers.push({
        ...{ name, frameCount, taskCount, samples, timeLimitSec, engine, backend, requires, history },
        mayEndEarly: mayEndEarly(settings),
        isDivided: division !== null,
      });
    }
    return layers;
  }

  async #known(tenantId: string, layers: readonly LayerToMeasure[]): Promise<JobEstimate | null> {
    const known = layers.flatMap((layer) =>
      layer.history === null ? [] : [{ layer, times: timesOfHistory(layer.history) }],
    );
    return known.length < layers.length ? null : this.#estimate(tenantId, known);
  }

  async #measured({ tenant_id, probe_job_id, layers }: EstimateRow): Promise<JobEstimate | null> {
    const { times, loadSec } = await readProbe(this.#parts.db, probe_job_id ?? '', layers);
    const known = layers.flatMap((layer, index): { layer: LayerToMeasure; times: LayerTimes }[] => {
      if (layer.history !== null) return [{ layer, times: timesOfHistory(layer.history) }];
      const probed = times[index];
      return probed ? [{ layer, times: timesOfProbe(layer, probed, loadSec) }] : [];
    });
    return known.length < layers.length ? null : this.#estimate(tenant_id, known);
  }

  async #estimate(
    tenantId: string,
    known: readonly { readonly layer: LayerToMeasure; readonly times: LayerTimes }[],
  ): Promise<JobEstimate> {
    const { db, now, price } = this.#parts;
    const slotsOf = await readAbleSlots(db, tenantId);
    return estimateOf(known, { slotsOf, priceOf: (slotSec) => costOf(price, slotSec), now: now() });
  }

  async #keep({ id }: EstimateRow): Promise<void> {
    await this.#parts.db.updateTable('estimates').set({ for_budgets_only: false }).where('id', '=', id).execute();
  }

  #sameQuestion(tenantId: string, key: string): Promise<EstimateRow | undefined> {
    const { db, now } = this.#parts;
    return db
      .selectFrom('estimates')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('key', '=', key)
      .where('state', 'in', ['measuring', 'ready'])
      .where('created_at', '>', new Date(now().getTime() - ESTIMATE_LIMITS.reuseMs))
      .orderBy('created_at', 'desc')
      .limit(1)
      .executeTakeFirst();
  }
}

const keyOf = ({ sceneId, layers, frameTimeoutMs, requires }: JobRequest): string =>
  createHash('sha256')
    .update(JSON.stringify([sceneId, layers, frameTimeoutMs ?? null, requires ?? null]))
    .digest('hex');

const estimateView = (row: EstimateRow): Estimate => ({
  id: row.id,
  sceneId: row.scene_id,
  state: row.state,
  probeJobId: row.probe_job_id,
  estimate: row.result,
  error: row.error,
  createdAt: row.created_at.toISOString(),
});
