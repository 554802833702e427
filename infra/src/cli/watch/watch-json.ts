/** `kiln watch --json`: one line for each event, for scripts. */
import type { JobChange, JobWait } from '@kiln/shared';
import type { WatchObserver } from './watch-job.ts';

export function watchJson(print: (line: string) => void): WatchObserver {
  const say = (event: string, detail: object) => print(JSON.stringify({ event, ...detail }));
  const silent = () => undefined;
  let told = '';
  let waited: JobWait['reason'] | null = null;
  const job = ({
    id: jobId,
    state,
    frameCount,
    framesDone,
    framesFailed,
    filmCount,
    filmsDone,
    filmsFailed,
  }: JobChange) => {
    const counts = { jobId, state, frameCount, framesDone, framesFailed, filmCount, filmsDone, filmsFailed };
    const text = JSON.stringify(counts);
    if (text !== told) say('job', counts);
    told = text;
  };
  return {
    watching: job,
    job,
    waitsFor: (wait) => {
      if (wait !== null && wait.reason !== waited) say('waiting', wait);
      waited = wait?.reason ?? null;
    },
    drawing: (progress) => say('progress', progress),
    frame: ({ jobId, layer, frameNumber, sha256, sizeBytes, files, stages, statistics, flags }) =>
      say('frame', { jobId, layer, frameNumber, sha256, sizeBytes, files, stages, statistics, flags }),
    frameFailed: (failure) => say('error', failure),
    paused: (jobId) => say('paused', { jobId }),
    rendering: () => {
      waited = null;
    },
    filming: silent,
    film: ({ jobId, layer, format, fileName, state, sha256, sizeBytes, facts, error }) =>
      say('film', { jobId, layer, format, fileName, state, sha256, sizeBytes, facts, error }),
    waiting: silent,
  };
}
