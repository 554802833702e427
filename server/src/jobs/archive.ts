/** Jobs that are over, put away or taken out again. */
import { type Job, KilnError } from '@kiln/shared';
import type { Change } from '../events/changes.ts';
import { tellJob } from '../events/job-progress.ts';
import { isOpen, lockJobs } from './job-row.ts';
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
    const job = (await lockJobs(trx, [jobId])).get(jobId);
    if (job?.tenant_id !== tenantId) throw new KilnError('resource.not_found', `there is no job ${jobId}`);
    if (isOpen(job.state)) {
      throw new KilnError('resource.conflict', `job ${jobId} is not over: cancel it, or wait for its end`);
    }
    const after = { ...job, archived_at: isArchived ? (job.archived_at ?? now()) : null };
    if ((job.archived_at === null) === isArchived) {
      await trx.updateTable('jobs').set({ archived_at: after.archived_at }).where('id', '=', jobId).execute();
      tellJob(tell, after);
    }
    return jobView(after, (await layers.of(trx, [jobId])).get(jobId) ?? []);
  });
}
