/** Why a job is held by its budget, with numbers. */
import { type JobWait, slotTimeText } from '@kiln/shared';
import { type Kysely, sql } from 'kysely';
import type { JobRow } from '../jobs/present.ts';
import type { Database } from '../store/tables.ts';
import { isOver, type JobCostRow } from './budget-rows.ts';

type HeldRow = JobCostRow & {
  readonly used: number | null;
  readonly error: { readonly message: string } | null;
  readonly probe: string | null;
  readonly under_way: string;
};

export async function readBudgetWaits(
  db: Kysely<Database>,
  jobs: readonly JobRow[],
): Promise<ReadonlyMap<string, JobWait>> {
  const ids = jobs.flatMap(({ id, state }) => (state === 'paused' ? [id] : []));
  if (ids.length === 0) return new Map();
  const { rows } = await sql<HeldRow>`
    select c.*, (select sum(slot_sec + running_sec) from layer_use u where u.job_id = c.job_id) as used, e.error, e.probe_job_id as probe,
      (select count(*) from tasks t where t.job_id = c.job_id and t.state = 'leased') as under_way
    from job_costs c left join estimates e on e.id = c.estimate_id
    where c.job_id in (select jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb)) and c.hold is not null`.execute(
    db,
  );
  return new Map(rows.map((row) => [row.job_id, waitOf(row)]));
}

function waitOf({
  job_id: id,
  hold,
  budget,
  budget_slot_sec,
  used,
  estimate,
  error,
  probe,
  under_way,
}: HeldRow): JobWait {
  const approve = `\`kiln job ${id} --approve\` lets it go over`;
  if (hold === 'estimate') {
    if (error) {
      const message = `What it would take could not be measured (${error.message}): \`kiln job ${id} --approve\` begins it all the same.`;
      return { reason: 'unmeasured', message };
    }
    const message = `What it would take is measured first, for its budget of ${budget}: ${probe} draws that.`;
    return { reason: 'estimate', message };
  }
  const instead = `${approve}, \`--budget\` gives it more.`;
  const of = budget_slot_sec === null ? '' : ` of ${slotTimeText(budget_slot_sec)}`;
  // What was under way when it was stopped may have taken a little less than was thought then.
  const fits = budget_slot_sec !== null && !(estimate && isOver(estimate, budget_slot_sec));
  if (used !== null && budget_slot_sec !== null && (fits || used >= budget_slot_sec)) {
    const n = Number(under_way);
    const left =
      n === 0 ? '' : `; ${n === 1 ? 'one task that is' : `${n} tasks that are`} being drawn will come to an end`;
    return {
      reason: 'budget',
      message: `Has reached its budget: ${slotTimeText(used)}${of} used${left}. So: ${instead}`,
    };
  }
  const { slotSec = 0, lowSlotSec = 0, highSlotSec = 0 } = estimate ?? {};
  const message = `Would take about ${slotTimeText(slotSec)} (${slotTimeText(lowSlotSec)} to ${slotTimeText(highSlotSec)}), and its budget is ${budget}: ${instead}`;
  return { reason: 'budget', message };
}
