/** What a person must say of a job: that it may go over its budget, or begin what waits for its test frames. */
import type { Job } from '@kiln/shared';
import { useEffect } from 'preact/hooks';
import { Button } from '../design/button.tsx';
import { toastError } from '../design/toasts.tsx';
import { useServices } from '../farm/farm-context.ts';

const BUDGET_REASONS: ReadonlySet<string> = new Set(['estimate', 'budget']);
const TEST_REASONS: ReadonlySet<string> = new Set(['tests', 'approval']);

/** Paused not by a person: it cannot be resumed, only approved. */
export const isHeldByBudget = ({ state, waitsFor }: Job): boolean =>
  state === 'paused' && BUDGET_REASONS.has(waitsFor?.reason ?? '');

/** Events do not tell why a job waits. */
const mayBeHeld = ({ state, framesDone, framesFailed, layers, waitsFor }: Job): boolean => {
  if (waitsFor !== undefined) return false;
  if (state === 'paused') return true;
  const tests = layers.reduce((sum, { testFrames }) => sum + (testFrames?.length ?? 0), 0);
  return state === 'running' && tests > 0 && framesDone + framesFailed === tests;
};

export function JobApproval({ job }: { readonly job: Job }) {
  const { farm } = useServices();
  const params = { jobId: job.id };
  const asks = mayBeHeld(job);
  useEffect(() => {
    if (asks) farm.client.getJob({ params }).then((next) => farm.putJob(next), toastError);
  }, [asks, job.id]);
  if (!isHeldByBudget(job) && !TEST_REASONS.has(job.waitsFor?.reason ?? '')) return null;
  const approve = () => void farm.client.approveJob({ params }).then((next) => farm.putJob(next), toastError);
  return (
    <Button kind="primary" small icon="check" label={`Approve ${job.name}`} testId="job-approve" onClick={approve}>
      Approve
    </Button>
  );
}
