/** What people see of a render: a bar on a terminal, a few plain lines elsewhere. */
import { estimateText, flagTexts, type KilnError, progressText } from '@kiln/shared';
import { count, formatBytes } from '../output.ts';
import { printable } from '../printable.ts';
import type { StatusLine } from '../status-line.ts';
import type { RenderObserver } from './render.ts';

const BAR_CELLS = 24;

/** `██████░░░░░░` */
export function bar(fraction: number, cells: number = BAR_CELLS): string {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * cells);
  return '█'.repeat(full) + '░'.repeat(cells - full);
}

/** Why a request or a download is made again. */
export const waitingText = ({ code, message }: KilnError): string =>
  code === 'upload.hash_mismatch' ? message.replace(/\.$/, '') : `the farm does not answer (${code})`;

/** Numbers that a line lists before it says how many more there are. */
const LISTED = 12;

const formatNumbers = (numbers: readonly number[]): string =>
  numbers.length <= LISTED
    ? numbers.join(', ')
    : `${numbers.slice(0, LISTED).join(', ')} and ${numbers.length - LISTED} more`;

export function progressReporter(status: StatusLine, nowMs: () => number = Date.now): RenderObserver {
  let frames = 0;
  let doneFrames = 0;
  let startedMs = nowMs();
  const bytes = (what: string, done: number, total: number) =>
    `${what} ${bar(done / total)} ${formatBytes(done)} of ${formatBytes(total)}`;
  const remaining = (done: number) => {
    const leftMs = ((nowMs() - startedMs) / done) * (frames - done);
    return done === 0 || done === frames ? '' : `  about ${Math.ceil(leftMs / 1_000)} s left`;
  };
  return {
    hashing: (done, total) => {
      if (total > 0) status.show(bytes('Reading   ', done, total));
    },
    uploading: (done, total) => {
      if (total > 0) status.phase(bytes('Uploading ', done, total), `Uploading  ${formatBytes(total)} …`);
    },
    uploaded: ({ files, sizeBytes, sentFiles, sentBytes }) =>
      status.line(
        sentFiles === 0
          ? `Scene      ${count(files, 'file')}, ${formatBytes(sizeBytes)}: all of it is on the farm already`
          : `Scene      ${count(files, 'file')}, ${formatBytes(sizeBytes)}: ${formatBytes(sentBytes)} uploaded`,
      ),
    importing: () => status.phase('Importing  the farm checks the scene …'),
    noWorker: () => status.phase('Waiting    no worker is connected to the farm; `kiln worker` starts one'),
    waitsForOthers: ({ message }) => status.phase(`Waiting    ${printable(message)}`),
    held: ({ message }) => status.phase(`Waiting    ${printable(message)}`),
    paused: (jobId) => status.phase(`Paused     \`kiln job ${jobId} --resume\` lets it go on`),
    waiting: (error) => status.phase(`Waiting    ${waitingText(error)}; trying again …`),
    submitted: (job) => {
      frames = job.frameCount;
      startedMs = nowMs();
      status.line(`Job        ${job.id}`);
      status.show(`Rendering  ${bar(0)} 0/${frames}`);
    },
    measuring: (done, total) =>
      status.phase(
        `Measuring  ${bar(done / total)} ${done}/${total}`,
        `Measuring  ${total} pictures with few samples …`,
      ),
    estimated: (estimate) => status.line(`Estimate   ${estimateText(estimate)}`),
    leftOut: (message) => status.line(`Notice     ${message}`),
    rendering: () => {
      if (doneFrames === 0) startedMs = nowMs();
      status.phase(
        `Rendering  ${bar(doneFrames / frames)} ${doneFrames}/${frames}`,
        `Rendering  ${doneFrames}/${frames}`,
      );
    },
    drawing: (progress) => {
      const share = progress.samplesDone / progress.samplesTotal;
      status.show(
        `Rendering  ${bar((doneFrames + share) / frames)} ${doneFrames}/${frames}  ${progressText(progress)}`,
      );
    },
    frame: (frame, path, done) => {
      doneFrames = done;
      status.progress(
        `Rendering  ${bar(done / frames)} ${done}/${frames}${remaining(done)}`,
        `Frame      ${frame.frameNumber} → ${path} (${done}/${frames})`,
      );
      for (const text of flagTexts(frame)) status.line(`Warning    frame ${frame.frameNumber}: ${text}`);
    },
    filming: () => status.phase('Films      the last pictures are put in …'),
    film: ({ facts }, path) => {
      status.line(`Film       ${path}`);
      const missing = facts?.missing ?? [];
      if (missing.length === 0) return;
      const shown = formatNumbers(missing);
      status.line(`Warning    ${path} lacks frames ${shown}: the picture before each is shown in its place`);
    },
    filmFailed: ({ fileName, layer, error }) =>
      status.line(`Film       ${fileName} of ${layer} failed: ${error?.code ?? 'unknown'}: ${error?.message ?? ''}`),
    frameFailed: ({ frameNumbers, code, message, willRetry }) =>
      status.line(
        `Frame      ${frameNumbers.join(', ')} failed: ${code}: ${message}${willRetry ? ' (trying again)' : ''}`,
      ),
  };
}
