/** What may be done with a job that is over: put it away, or delete it. */
import type { Job } from '@kiln/shared';
import { Button, ConfirmButton } from '../design/button.tsx';
import { toastError } from '../design/toasts.tsx';
import { useServices } from '../farm/farm-context.ts';

export function JobKeeping({ job }: { readonly job: Job }) {
  const { farm } = useServices();
  const params = { jobId: job.id };
  const isArchived = job.archivedAt !== null;
  const archive = () => {
    const changed = isArchived ? farm.client.unarchiveJob({ params }) : farm.client.archiveJob({ params });
    changed.then((next) => farm.putJob(next), toastError);
  };
  const purge = () => {
    farm.client.purgeJob({ params }).then(() => farm.forgetJob(job.id), toastError);
  };
  return (
    <>
      <Button
        kind="quiet"
        small
        icon={isArchived ? 'archive-restore' : 'archive'}
        label={isArchived ? `List ${job.name} again` : `Put ${job.name} away`}
        testId="job-put-away"
        onClick={archive}
      />
      <ConfirmButton
        kind="quiet"
        small
        icon="trash"
        label={`Delete ${job.name} with its frames`}
        ask="Delete it for good?"
        testId="job-purge"
        onConfirm={purge}
      />
    </>
  );
}
