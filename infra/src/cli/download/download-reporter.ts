/** What people and scripts see of a download. */
import type { Film, Frame } from '@kiln/shared';
import { formatBytes } from '../output.ts';
import { bar, waitingText } from '../render/progress-reporter.ts';
import type { StatusLine } from '../status-line.ts';
import type { DownloadObserver } from './download-job.ts';
import type { FetchedFiles } from './fetched-files.ts';

export function downloadReporter(status: StatusLine, fetched: FetchedFiles): DownloadObserver {
  let found = 0;
  const show = () => {
    const { frames, films, fetchedBytes } = fetched.files;
    const share = found === 0 ? '' : ` ${bar(frames / found)} ${frames}/${found}`;
    status.show(`Fetching  ${share}  ${films === 0 ? '' : `films ${films}  `}${formatBytes(fetchedBytes)}`);
  };
  return {
    received: show,
    found: (frames) => {
      found = frames;
      show();
    },
    frame: show,
    film: show,
    filmFailed: ({ fileName, layer, error }) =>
      status.line(`Film       ${fileName} of ${layer} failed: ${error?.code ?? 'unknown'}: ${error?.message ?? ''}`),
    waiting: (error) => status.phase(`Waiting    ${waitingText(error)}; trying again …`),
  };
}

export function downloadJson(print: (line: string) => void): DownloadObserver {
  const say = (event: string, detail: object) => print(JSON.stringify({ event, ...detail }));
  return {
    found: () => undefined,
    frame: ({ jobId, layer, frameNumber, sha256, sizeBytes, files, flags }: Frame, file, _done, isNew) =>
      say('frame', { jobId, layer, frameNumber, file, isNew, sha256, sizeBytes, files, flags }),
    film: ({ jobId, layer, format, sha256, sizeBytes, facts }: Film, file, isNew) =>
      say('film', { jobId, layer, format, file, isNew, sha256, sizeBytes, facts }),
    filmFailed: ({ jobId, layer, format, error }) => say('error', { jobId, layer, film: format, ...error }),
    waiting: () => undefined,
  };
}
