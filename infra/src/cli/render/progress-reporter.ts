/** What people see of a render: a bar on a terminal, a few plain lines elsewhere. */
import { formatBytes } from '../output.ts';
import type { StatusLine } from '../status-line.ts';
import type { RenderObserver } from './render.ts';

const BAR_CELLS = 24;

/** `██████░░░░░░` */
export function bar(fraction: number, cells: number = BAR_CELLS): string {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * cells);
  return '█'.repeat(full) + '░'.repeat(cells - full);
}

export function progressReporter(status: StatusLine, nowMs: () => number = Date.now): RenderObserver {
  let frames = 0;
  let startedMs = nowMs();
  const bytes = (what: string) => (done: number, total: number) => {
    if (total > 0) status.show(`${what} ${bar(done / total)} ${formatBytes(done)} of ${formatBytes(total)}`);
  };
  const remaining = (done: number) => {
    const leftMs = ((nowMs() - startedMs) / done) * (frames - done);
    return done === 0 || done === frames ? '' : `  about ${Math.ceil(leftMs / 1_000)} s left`;
  };
  return {
    hashing: bytes('Reading  '),
    uploading: bytes('Uploading'),
    uploaded: ({ files, sizeBytes, sentFiles, sentBytes }) =>
      status.line(
        sentFiles === 0
          ? `Scene      ${files} files, ${formatBytes(sizeBytes)}: all of it is on the farm already`
          : `Scene      ${files} files, ${formatBytes(sizeBytes)}: ${formatBytes(sentBytes)} uploaded`,
      ),
    importing: () => status.show('Importing: the farm checks the scene …'),
    waiting: (error) => status.show(`The farm does not answer (${error.code}); trying again …`),
    submitted: (job) => {
      frames = job.frameCount;
      startedMs = nowMs();
      status.line(`Job        ${job.id}`);
      status.show(`Rendering ${bar(0)} 0/${frames}`);
    },
    frame: (frame, path, done) => {
      status.progress(
        `Rendering ${bar(done / frames)} ${done}/${frames}${remaining(done)}`,
        `Frame      ${frame.frameNumber} → ${path} (${done}/${frames})`,
      );
    },
    frameFailed: ({ frameNumbers, code, message, willRetry }) =>
      status.line(
        `Frame      ${frameNumbers.join(', ')} failed: ${code}: ${message}${willRetry ? ' (trying again)' : ''}`,
      ),
  };
}
