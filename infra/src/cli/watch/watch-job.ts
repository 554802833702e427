/** Watches a job until it has ended, and leaves it alone. */
import type { Film, Job, JobChange } from '@kiln/shared';
import type { FarmClient } from '../connection.ts';
import { followJob, type JobWatcher } from '../follow-job.ts';
import { patiently } from '../patiently.ts';

export interface WatchObserver extends Omit<JobWatcher, 'look' | 'job'> {
  /** What is watched. */
  watching(job: Job): void;
  job(job: JobChange): void;
  /** Of a job that has ended: a film that is there, or failed. */
  film(film: Film): void;
}

/** @returns the job as it ended. @throws KilnError what the farm says; the signal's reason. */
export async function watchJob(
  farm: FarmClient,
  jobId: string,
  observer: WatchObserver,
  signal: AbortSignal,
): Promise<Job> {
  const { client } = farm;
  const params = { jobId };
  const first = await client.getJob({ params });
  observer.watching(first);
  const last = await followJob(farm, first, observer, signal);
  if (last.filmCount > 0) {
    const films = await patiently(
      () => client.listFilms({ params }),
      signal,
      (error) => observer.waiting(error),
    );
    for (const film of films.items) observer.film(film);
  }
  return last;
}
