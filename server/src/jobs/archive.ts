/** Jobs that are over, put away or taken out again. */
import type { Job } from '@kiln/shared';
import type { Change } from '../events/changes.ts';
import { tellJob } from '../events/job-progress.ts';
import { checkOver, lockOwnJob } from './job-row.ts';
import type { JobLayers } from './layers.ts';
import { jobView } from './present.ts';

export interface ArchiveParts {
  readonly change: Change;
  readonly layers: JobLayers;
  readonly now: () => Date;
}

/**
 * Doing again what was done is no error.
 *
 * @throws KilnError `resource.not_found`; `resource.conflict` for a job that is not over.
 */
export function archiveJob(
  tenantId: string,
  jobId: string,
  isArchived: boolean,
  { change, layers, now }: ArchiveParts,
): Promise<Job> {
  return change(async (trx, tell) => {
    const job = await lockOwnJob(trx, tenantId, jobId);
    checkOver(job);
    const after = { ...job, archived_at: isArchived ? (job.archived_at ?? now()) : null };
    if ((job.archived_at === null) === isArchived) {
      await trx.updateTable('jobs').set({ archived_at: after.archived_at }).where('id', '=', jobId).execute();
      tellJob(tell, after);
    }
    return jobView(after, (await layers.current(trx, [after])).get(jobId) ?? []);
  });
}
