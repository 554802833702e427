/** What a person must say of a job: that it may go over its budget, or begin what waits for its test frames. */
import type { Job } from '@kiln/shared';
import { Button } from '../design/button.tsx';
import { toastError } from '../design/toasts.tsx';
import { useServices } from '../farm/farm-context.ts';

const BUDGET_REASONS: ReadonlySet<string> = new Set(['estimate', 'unmeasured', 'budget']);
const TEST_REASONS: ReadonlySet<string> = new Set(['tests', 'approval']);

/** Paused not by a person: it cannot be resumed, only approved. */
export const isHeldByBudget = ({ state, waitsFor }: Job): boolean =>
  state === 'paused' && BUDGET_REASONS.has(waitsFor?.reason ?? '');

export function JobApproval({ job }: { readonly job: Job }) {
  const { farm } = useServices();
  const params = { jobId: job.id };
  if (!isHeldByBudget(job) && !TEST_REASONS.has(job.waitsFor?.reason ?? '')) return null;
  const approve = () => void farm.client.approveJob({ params }).then((next) => farm.putJob(next), toastError);
  return (
    <Button kind="primary" small icon="check" label={`Approve ${job.name}`} testId="job-approve" onClick={approve}>
      Approve
    </Button>
  );
}
