/** What people see of a job that they watch: a bar on a terminal, a few plain lines elsewhere. */
import {
  type FrameProgress,
  flagTexts,
  isHold,
  type JobChange,
  type JobState,
  type JobWait,
  progressText,
} from '@kiln/shared';
import { FrameRate, paceText } from '../frame-rate.ts';
import { formatBytes } from '../output.ts';
import { printable } from '../printable.ts';
import { bar } from '../render/progress-reporter.ts';
import type { StatusLine } from '../status-line.ts';
import type { WatchObserver } from './watch-job.ts';

/** Each 10 columns wide, as of all lines. */
const WORDS: Readonly<Record<JobState, string>> = {
  queued: 'Waiting   ',
  running: 'Rendering ',
  paused: 'Paused    ',
  succeeded: 'Done      ',
  failed: 'Failed    ',
  cancelled: 'Cancelled ',
};

export function watchReporter(status: StatusLine, nowMs: () => number = Date.now): WatchObserver {
  const rate = new FrameRate();
  let now: JobChange | null = null;
  let waits: JobWait | null = null;
  let drawing: FrameProgress | null = null;
  const several = () => (now?.layers?.length ?? 1) > 1;
  const named = (layer: string, frame: number | string) => (several() ? `${printable(layer)} ${frame}` : String(frame));
  const show = () => {
    if (now === null) return;
    const { frameCount, framesDone, framesFailed } = now;
    const settled = framesDone + framesFailed;
    const share = drawing === null ? 0 : drawing.samplesDone / drawing.samplesTotal;
    const pace = rate.pace(frameCount - settled);
    const more = [
      framesFailed > 0 ? `${framesFailed} failed` : '',
      waits?.message ?? '',
      pace === null ? '' : paceText(pace),
      drawing === null ? '' : progressText(drawing),
    ].filter((text) => text !== '');
    status.show(
      `${WORDS[now.state]} ${bar((settled + share) / frameCount)} ${settled}/${frameCount}  ${more.join('  ')}`,
    );
  };
  const tellWait = (wait: JobWait | null) => {
    // Its numbers change all the time.
    if (wait !== null && wait.reason !== waits?.reason) status.plain(`Waiting    ${wait.message}`);
    waits = wait;
  };
  return {
    watching: (job) => {
      now = job;
      status.line(`Job        ${job.id}  ${printable(job.name)}`);
      status.plain(`${WORDS[job.state]} ${job.framesDone + job.framesFailed}/${job.frameCount}`);
      if (job.waitsFor) tellWait(job.waitsFor);
      show();
    },
    job: (job) => {
      now = { ...job, layers: now?.layers ?? [] };
      rate.add(job.framesDone, nowMs());
      if (isHold(job.waitsFor)) tellWait(job.waitsFor);
      else if (job.state !== 'queued' || isHold(waits)) waits = null;
      show();
    },
    waitsFor: (wait) => {
      drawing = null;
      tellWait(wait);
      show();
    },
    drawing: (progress) => {
      drawing = progress;
      waits = null;
      show();
    },
    frame: (frame) => {
      if (drawing?.frameNumber === frame.frameNumber && drawing.layer === frame.layer) drawing = null;
      status.plain(`Frame      ${named(frame.layer, frame.frameNumber)} is done`);
      for (const text of flagTexts(frame))
        status.line(`Warning    frame ${named(frame.layer, frame.frameNumber)}: ${text}`);
    },
    frameFailed: ({ layer, frameNumbers, code, message, willRetry }) =>
      status.line(
        `Frame      ${named(layer, frameNumbers.join(', '))} failed: ${code}: ${printable(message)}${willRetry ? ' (trying again)' : ''}`,
      ),
    paused: (jobId) => status.phase(`Paused     \`kiln job ${jobId} --resume\` lets it go on`),
    rendering: show,
    filming: () => status.phase('Films      the last pictures are put in …'),
    film: ({ fileName, layer, state, sizeBytes, error }) => {
      if (sizeBytes !== null) status.line(`Film       ${named(layer, fileName)} (${formatBytes(sizeBytes)})`);
      else if (state === 'failed')
        status.line(
          `Film       ${named(layer, fileName)} failed: ${error?.code ?? 'unknown'}: ${error?.message ?? ''}`,
        );
    },
    waiting: (error) => status.phase(`Waiting    the farm does not answer (${error.code}); trying again …`),
  };
}
