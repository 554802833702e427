/** What jobs have cost so far, beside what was thought. */
import type { JobUse } from '@kiln/shared';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../store/tables.ts';
import type { JobCostRow } from './budget-rows.ts';
import { costOf, type SlotPrice } from './price.ts';

export async function readJobUse(
  db: Kysely<Database>,
  jobIds: readonly string[],
  price: SlotPrice | null,
): Promise<(jobId: string) => JobUse> {
  const { rows } = await sql<
    { id: string; slot_sec: number | null } & Pick<
      JobCostRow,
      'estimate' | 'budget' | 'budget_slot_sec' | 'hold' | 'is_approved'
    >
  >`
    select j.id, (select sum(slot_sec + running_sec) from layer_use u where u.job_id = j.id) as slot_sec, c.estimate,
      c.budget, c.budget_slot_sec, c.hold, c.is_approved
    from jsonb_array_elements_text(${JSON.stringify(jobIds)}::jsonb) as j(id)
    left join job_costs c on c.job_id = j.id`.execute(db);
  const known = new Map(rows.map((row) => [row.id, row]));
  return (jobId) => {
    const row = known.get(jobId);
    const slotSec = row?.slot_sec ?? 0;
    const { budget = null, budget_slot_sec: most = null, hold = null, is_approved: isApproved = false } = row ?? {};
    return {
      slotSec,
      cost: costOf(price, slotSec),
      estimate: row?.estimate ?? null,
      budget:
        budget === null || most === null ? null : { budget, slotSec: most, isApproved: isApproved ?? false, hold },
    };
  };
}
