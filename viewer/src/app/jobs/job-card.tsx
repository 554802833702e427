/** One job: how far it is, its frames, and what can be done about it. */
import {
  defaultBitDepth,
  frameAt,
  frameFileName,
  IMAGE_FORMATS,
  isGridded,
  isJobOver,
  type Job,
  parseFrameRange,
  progressText,
  type RenderSettings,
} from '@kiln/shared';
import { useEffect, useState } from 'preact/hooks';
import { Button, ConfirmButton } from '../design/button.tsx';
import { Icon } from '../design/icon.tsx';
import { Notice } from '../design/notice.tsx';
import { Progress } from '../design/progress.tsx';
import { formatAgo, formatCount, formatDuration, plural } from '../design/quantities.ts';
import { toastError } from '../design/toasts.tsx';
import { useServices } from '../farm/farm-context.ts';
import { versioned } from '../farm/versioned.ts';
import { FrameGrid } from './frame-grid.tsx';
import { isHeldByBudget, JobApproval } from './job-approval.tsx';
import { JobChange } from './job-change-form.tsx';
import { JobFailures } from './job-failures.tsx';
import { JobFilms } from './job-films.tsx';
import { JobKeeping } from './job-keeping.tsx';
import { reusedText } from './reused-text.ts';

const STATE_TEXT: Readonly<Record<Job['state'], string>> = {
  queued: 'Waiting',
  running: 'Rendering',
  paused: 'Paused',
  succeeded: 'Done',
  failed: 'Failed',
  cancelled: 'Cancelled',
};

/** What passes by itself; for anything else somebody must do something. */
const IS_TURN: ReadonlySet<string> = new Set([
  'limit',
  'share',
  'named-limit',
  'job-slots',
  'priority',
  'slots',
  'after',
  'layer',
  'estimate',
]);

export function JobCard({
  job,
  open: openAtFirst,
  heading: Heading,
  sceneName,
}: {
  readonly job: Job;
  readonly open: boolean;
  /** Level of its name in the outline of the page. */
  readonly heading: 'h1' | 'h2' | 'h3';
  /** Shown, with a link, where jobs of several scenes stand together. */
  readonly sceneName?: string;
}) {
  const { farm } = useServices();
  const [open, setOpen] = useState(openAtFirst);
  const heard = farm.frameProgress(job.id).value;
  const over = isJobOver(job.state);
  const drawing = over ? [] : heard.length > 0 ? heard : (job.progress ?? []);
  const newest = drawing.at(-1);
  const partly = drawing.reduce((sum, { samplesDone, samplesTotal }) => sum + samplesDone / samplesTotal, 0);
  const params = { jobId: job.id };
  const take = (changed: Promise<Job>) => void changed.then((next) => farm.putJob(next), toastError);
  return (
    <article
      class="job"
      data-testid="job"
      data-job-id={job.id}
      data-state={job.state}
      data-frames-done={job.framesDone}
      aria-label={job.name}
    >
      <header class="job-head">
        <Button
          kind="quiet"
          small
          icon={open ? 'chevron-down' : 'chevron-right'}
          label={open ? 'Hide the frames' : 'Show the frames'}
          testId="job-toggle"
          onClick={() => setOpen(!open)}
        />
        {!open && <JobPreview job={job} />}
        <div class="job-head-text">
          <Heading class="job-name">
            <a href={`/jobs/${job.id}`}>{job.name}</a>
          </Heading>
          <p class="job-meta">
            {sceneName && (
              <>
                <a href={`/scenes/${job.sceneId}`}>{sceneName}</a> ·{' '}
              </>
            )}
            {settingsText(job)} · {formatAgo(job.createdAt, Date.now())}
          </p>
          <JobLabels job={job} />
        </div>
        <span class={`chip chip-${job.state}`} data-testid="job-state">
          {STATE_TEXT[job.state]}
        </span>
        <div class="job-actions">
          {job.framesDone > 0 && (
            <a
              class="button button-plain button-small"
              href={farm.client.urls.archive(job.id)}
              download={`${job.name}.zip`}
              data-testid="job-archive"
            >
              <Icon name="archive" size={14} />
              <span class="wide-only">Download all</span>
              <span class="visually-hidden"> frames of {job.name} as a ZIP</span>
            </a>
          )}
          {!over && <JobApproval job={job} />}
          {!over && job.state !== 'paused' && (
            <Button
              kind="plain"
              small
              icon="pause"
              label={`Pause ${job.name}`}
              testId="job-pause"
              onClick={() => take(farm.client.pauseJob({ params, body: {} }))}
            >
              <span class="wide-only">Pause</span>
            </Button>
          )}
          {job.state === 'paused' && !isHeldByBudget(job) && (
            <Button
              kind="plain"
              small
              icon="play"
              label={`Resume ${job.name}`}
              testId="job-resume"
              onClick={() => take(farm.client.resumeJob({ params }))}
            >
              <span class="wide-only">Resume</span>
            </Button>
          )}
          {!over && (
            <ConfirmButton
              small
              icon="x"
              label={`Cancel ${job.name}`}
              ask="Really cancel?"
              testId="job-cancel"
              onConfirm={() => take(farm.client.cancelJob({ params }))}
            >
              <span class="wide-only">Cancel</span>
            </ConfirmButton>
          )}
          {over && <JobKeeping job={job} />}
        </div>
      </header>
      <div class="job-progress">
        <Progress
          value={job.frameCount === 0 ? 0 : (job.framesDone + partly) / job.frameCount}
          label={`Frames of ${job.name}`}
          state={job.state === 'paused' ? 'paused' : job.state === 'succeeded' ? 'done' : over ? 'failed' : 'active'}
        />
        <span class="job-count mono" data-testid="job-count">
          {formatCount(job.framesDone)} / {formatCount(job.frameCount)}
        </span>
        <JobClock job={job} over={over} />
      </div>
      {newest && (
        <p class="job-meta" data-testid="job-frame-progress">
          {drawing.length > 1 ? `${drawing.length} frames at once; ` : ''}
          {progressText(newest)}
        </p>
      )}
      {!over && job.waitsFor && (
        <Notice
          kind={IS_TURN.has(job.waitsFor.reason) ? 'info' : 'warning'}
          title={job.waitsFor.reason === 'failures' ? 'Stopped' : 'Waiting'}
          testId="job-waits"
        >
          <p>{job.waitsFor.message}</p>
        </Notice>
      )}
      <JobFailures job={job} />
      {open && !over && <JobChange job={job} />}
      <JobFilms job={job} />
      {open && <FrameGrid job={job} />}
    </article>
  );
}

/** Who submitted it, how urgent it is where that is not usual, its labels, and what it began with. */
function JobLabels({ job }: { readonly job: Job }) {
  const { user, priority, tags, limits, maxSlots } = job;
  const facts = [
    ...(user === null ? [] : [`by ${user}`]),
    ...(priority === USUAL_PRIORITY ? [] : [`priority ${priority}`]),
    ...(maxSlots === null ? [] : [`at most ${plural(maxSlots, 'task')} at once`]),
    ...(limits.length === 0 ? [] : [`limits: ${limits.join(', ')}`]),
    ...(tags.length === 0 ? [] : [`labels: ${tags.join(', ')}`]),
    ...[reusedText(job) ?? []].flat(),
  ];
  if (facts.length === 0) return null;
  return (
    <p class="job-meta" data-testid="job-labels">
      {facts.join(' · ')}
    </p>
  );
}

const USUAL_PRIORITY = 50;

/** The first frame, of a job that has all of them: one request, and none that could find nothing. */
function JobPreview({ job }: { readonly job: Job }) {
  const { farm } = useServices();
  const [layer] = job.layers;
  if (job.state !== 'succeeded' || !layer || !IMAGE_FORMATS[layer.settings.format].isForBrowsers) return null;
  // To be shown it would take hundreds of megabytes.
  if (isGridded(layer.settings)) return null;
  const fileName = frameFileName(frameAt(parseFrameRange(layer.frames), 0), layer.settings.format);
  // It may be drawn anew; what it is then is not known here.
  const url = versioned(farm.client.urls.frame({ jobId: job.id, layer: layer.name, fileName }), job.endedAt);
  return <img class="job-preview" src={url} alt="" loading="lazy" decoding="async" />;
}

function settingsText({ layers, frameCount }: Job): string {
  const [layer] = layers;
  if (!layer) return plural(frameCount, 'frame');
  const { size, format, bitDepth, camera, samples } = layer.settings;
  const depth = bitDepth === defaultBitDepth(format) ? '' : ` ${bitDepth}`;
  const parts = [
    `${size.widthPx} × ${size.heightPx}`,
    `${IMAGE_FORMATS[format].name}${depth}`,
    cameraText(camera),
    ...(samples > 1 ? [plural(samples, 'sample')] : []),
    ...(layers.length > 1 ? [plural(layers.length, 'layer')] : []),
  ];
  return parts.join(' · ');
}

function cameraText(camera: RenderSettings['camera']): string {
  if (typeof camera !== 'string') return 'own view';
  return camera === 'auto' ? 'automatic camera' : `camera ${camera}`;
}

const TICK_MS = 1_000;

/** How long it took, or takes, and what is left at this speed. */
function JobClock({ job, over }: { readonly job: Job; readonly over: boolean }) {
  const [nowMs, setNowMs] = useState(Date.now());
  const running = !over && job.startedAt !== null;
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setNowMs(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [running]);
  if (job.startedAt === null || job.state === 'paused') return null;
  const startedMs = Date.parse(job.startedAt);
  if (over) {
    if (job.endedAt === null) return null;
    return <span class="job-clock">{formatDuration(Date.parse(job.endedAt) - startedMs)}</span>;
  }
  const elapsedMs = Math.max(0, nowMs - startedMs);
  const leftMs = job.framesDone > 1 ? (elapsedMs / job.framesDone) * (job.frameCount - job.framesDone) : null;
  return (
    <span class="job-clock">{leftMs === null ? formatDuration(elapsedMs) : `≈ ${formatDuration(leftMs)} left`}</span>
  );
}
