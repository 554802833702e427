/** Watches a job until it has ended, and leaves it alone. */
import type { Film, Job, JobChange, JobWait } from '@kiln/shared';
import type { FarmClient } from '../connection.ts';
import { followJob, hasEnded, type JobWatcher } from '../follow-job.ts';
import { patiently } from '../patiently.ts';
import { QuietWatch } from '../quiet-watch.ts';

const LONGEST_PAUSE_MS = 15_000;

export interface WatchObserver extends Omit<JobWatcher, 'look' | 'heard' | 'job' | 'held'> {
  /** What is watched. */
  watching(job: Job): void;
  job(job: JobChange): void;
  /** What it waits for; null: for nothing that is known, or not any more. */
  waitsFor(wait: JobWait | null): void;
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
  const quiet = new QuietWatch(
    () => client.getJob({ params }),
    (now) => {
      if (!hasEnded(now)) observer.waitsFor(now.waitsFor ?? null);
    },
    LONGEST_PAUSE_MS,
  );
  try {
    const held = (wait: JobWait) => observer.waitsFor(wait);
    const last = await followJob(farm, first, { ...observer, held, heard: () => quiet.heard() }, signal);
    if (last.filmCount > 0) {
      const films = await patiently(
        () => client.listFilms({ params }),
        signal,
        (error) => observer.waiting(error),
      );
      for (const film of films.items) observer.film(film);
    }
    return last;
  } finally {
    quiet.stop();
  }
}
