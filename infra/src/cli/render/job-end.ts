/** How a job ended, for the one who waited for it. */
import { type Job, KilnError } from '@kiln/shared';
import { EXIT } from '../exit-codes.ts';
import { count, formatDuration } from '../output.ts';

/** What ended a job that did not succeed, as an error; null for one that did. */
function failureOf(job: Job): KilnError | null {
  if (job.state === 'succeeded') return null;
  if (job.state === 'cancelled') return new KilnError('render.failed', `Job ${job.id} was cancelled.`);
  const reason = job.error === null ? 'no reason was given' : `${job.error.code}: ${job.error.message}`;
  const frames = job.framesFailed > 0 ? [`${job.framesFailed} of ${job.frameCount} frames`] : [];
  const films = job.filmsFailed > 0 ? [`${job.filmsFailed} of ${job.filmCount} films`] : [];
  const what = `${[...frames, ...films].join(' and ')} failed (${reason})`;
  const next = job.stoppedByFailures ? `; the job has stopped: kiln job ${job.id} --retry tries again and goes on` : '';
  return new KilnError('render.failed', `${what}${next}`);
}

/**
 * Says so, with `--json` as one event.
 *
 * @param out the folder of its frames; null when none were fetched.
 * @returns the exit code.
 * @throws KilnError without `--json`, what failed.
 */
export function tellEnd(job: Job, out: string | null, tookMs: number, json: boolean): number {
  const failure = failureOf(job);
  if (json) {
    const { id: jobId, state, framesDone, framesFailed, filmsDone, filmsFailed } = job;
    const ended = { jobId, state, framesDone, framesFailed, filmsDone, filmsFailed };
    console.log(JSON.stringify({ event: 'done', ...ended, ...(out === null ? {} : { out }), tookMs }));
    return failure === null ? EXIT.ok : EXIT.failed;
  }
  if (failure !== null) throw failure;
  console.log(`${count(job.framesDone, 'frame')}${out === null ? '' : ` in ${out}`} (${formatDuration(tookMs)})`);
  return EXIT.ok;
}
