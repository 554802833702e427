/** Tables of what jobs cost, and are thought to. */
import type { BudgetHold, JobEstimate } from '@kiln/shared';
import type { ColumnType, Generated } from 'kysely';
import type { LayerToMeasure } from '../estimates/layer-to-measure.ts';
import type { CreatedAt, Json, NullableJson } from './column-types.ts';

export interface EstimateTable {
  id: string;
  tenant_id: string;
  scene_id: string;
  /** Same key, same scene and layers. */
  key: string;
  state: 'measuring' | 'ready' | 'failed';
  probe_job_id: string | null;
  layers: Json<LayerToMeasure[]>;
  result: NullableJson<JobEstimate>;
  error: NullableJson<{ code: string; message: string }>;
  /** Nobody asked for it but jobs with budgets. */
  for_budgets_only: Generated<boolean>;
  created_at: CreatedAt;
}

/** Slot-seconds of a layer's attempts. Beside `layers`, whose rows the dispatcher locks. */
export interface LayerUseTable {
  layer_id: string;
  job_id: string;
  /** Of those that have ended. */
  slot_sec: Generated<number>;
  /** Of those that are under way, so far. */
  running_sec: Generated<number>;
}

/** Of jobs that have an estimate or a budget. */
export interface JobCostTable {
  job_id: string;
  estimate: ColumnType<JobEstimate | null, string | null | undefined, string | null>;
  budget: ColumnType<string | null, string | null | undefined, string | null>;
  budget_slot_sec: ColumnType<number | null, number | null | undefined, number | null>;
  /** Why it is paused; null: not because of its budget. */
  hold: ColumnType<BudgetHold | null, BudgetHold | null | undefined, BudgetHold | null>;
  is_approved: Generated<boolean>;
  /** Somebody paused it while it was held. */
  is_paused: Generated<boolean>;
  /** Its estimate cannot be made, and that was told. */
  is_told: Generated<boolean>;
  /** That it waits for. */
  estimate_id: ColumnType<string | null, string | null | undefined, never>;
}
