/** `--json`: one line for each event, for scripts. */
import type { JobWait } from '@kiln/shared';
import { isSameWait } from '../job-words.ts';
import type { RenderObserver } from './render.ts';

export function jsonReporter(print: (line: string) => void): RenderObserver {
  const say = (event: string, detail: object) => print(JSON.stringify({ event, ...detail }));
  const silent = () => undefined;
  let waited: JobWait | null = null;
  const goesOn = () => {
    waited = null;
  };
  return {
    hashing: silent,
    uploading: silent,
    importing: silent,
    noWorker: silent,
    waitsFor: (wait) => {
      if (!isSameWait(wait, waited)) say('waiting', wait);
      waited = wait;
    },
    paused: (jobId) => say('paused', { jobId }),
    waiting: silent,
    uploaded: (summary) => say('upload', summary),
    submitted: (job) => say('submitted', { jobId: job.id, sceneId: job.sceneId, frames: job.frameCount }),
    measuring: goesOn,
    estimated: (estimate) => say('estimate', estimate),
    leftOut: (message) => say('notice', { message }),
    rendering: goesOn,
    drawing: silent,
    frame: ({ jobId, layer, frameNumber, sha256, sizeBytes, files, stages, statistics, flags }, file) =>
      say('frame', { jobId, layer, frameNumber, file, sha256, sizeBytes, files, stages, statistics, flags }),
    filming: silent,
    film: ({ jobId, layer, format, codec, sha256, sizeBytes, facts }, file) =>
      say('film', { jobId, layer, format, codec, file, sha256, sizeBytes, facts }),
    filmFailed: ({ jobId, layer, format, error }) => say('error', { jobId, layer, film: format, ...error }),
    frameFailed: (failure) => say('error', failure),
  };
}
