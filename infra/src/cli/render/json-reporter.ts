/** `--json`: one line for each event, for scripts. */
import type { RenderObserver } from './render.ts';

export function jsonReporter(print: (line: string) => void): RenderObserver {
  const say = (event: string, detail: object) => print(JSON.stringify({ event, ...detail }));
  const silent = () => undefined;
  return {
    hashing: silent,
    uploading: silent,
    importing: silent,
    noWorker: silent,
    waitsForOthers: (wait) => say('waiting', wait),
    held: (wait) => say('waiting', wait),
    paused: (jobId) => say('paused', { jobId }),
    waiting: silent,
    uploaded: (summary) => say('upload', summary),
    submitted: (job) => say('submitted', { jobId: job.id, sceneId: job.sceneId, frames: job.frameCount }),
    measuring: silent,
    estimated: (estimate) => say('estimate', estimate),
    leftOut: (message) => say('notice', { message }),
    rendering: silent,
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
