import {
  type Attempt,
  allPages,
  BACKEND_NAMES,
  type DrawStage,
  type Frame,
  type Job,
  progressText,
  samplingText,
  type Task,
} from '@kiln/shared';
import type { Command } from 'commander';
import type { ConnectionOptions } from '../client-config.ts';
import { connect, withConnection } from '../connection.ts';
import { wrapHelp } from '../help-text.ts';
import { formatDuration, formatTime, printResult, table } from '../output.ts';
import { wholeNumber } from '../parse-options.ts';
import { taskName } from '../task-name.ts';
import { changeJob, type JobChangeOptions, withJobChanges } from './change-job.ts';

type Options = ConnectionOptions & { readonly json?: boolean };

const LISTED = 50;
const LISTED_MAX = 1_000;

export function addJobCommands(program: Command): void {
  withConnection(program.command('jobs'))
    .summary('list jobs')
    .description('Lists jobs, newest first.')
    .option('--limit <n>', 'how many', wholeNumber('--limit', 1, LISTED_MAX), LISTED)
    .action(async (options: Options & { readonly limit: number }) => {
      const { items } = await connect(options).client.listJobs({ query: { limit: options.limit } });
      printResult(options.json, items, () =>
        table(
          ['ID', 'STATE', 'FRAMES', 'CREATED', 'TOOK', 'NAME'],
          items.map((job) => [
            job.id,
            job.state,
            frames(job),
            formatTime(job.createdAt),
            took(job.startedAt, job.endedAt),
            job.name,
          ]),
        ),
      );
    });

  withJobChanges(withConnection(program.command('job')))
    .summary('show a job with its tasks and attempts, or pause, change, retry or cancel it')
    .description('Shows a job with its tasks and attempts, or changes it before.')
    .argument('<id>', 'id of a job')
    .addHelpText(
      'after',
      wrapHelp(`
With --json every attempt has its worker, lease epoch, stage times and samples of each frame, reason and result hash;
resumedFromSample says where it went on with a long frame that another had begun. An attempt that is yielded stored what it
had drawn of one and left its place to something more urgent; another goes on from there. One that is withdrawn or cancelled was
taken back, and counts as no try. Finished
frames are listed with their files, and the small picture of those that are too large to be shown.

Examples:
  $ kiln job job_… --pause
  $ kiln job job_… --retry 12,40-45 --priority 80
  $ kiln job job_… --json | jq '.tasks[].attempts[] | {workerName, state, reason}'`),
    )
    .action(async (jobId: string, options: Options & JobChangeOptions) => {
      const { client } = connect(options);
      const params = { jobId };
      await changeJob(client, jobId, options);
      const job = await client.getJob({ params });
      const tasks: Task[] = [];
      for await (const task of allPages((at) => client.listTasks({ params, query: { ...at, limit: 1_000 } })))
        tasks.push(task);
      const frames: Frame[] = [];
      if (options.json) {
        for await (const frame of allPages((at) => client.listFrames({ params, query: { ...at, limit: 1_000 } })))
          frames.push(frame);
      }
      printResult(options.json, { ...job, tasks, frames }, () => describe(job, tasks));
    });
}

const frames = (job: Job) =>
  `${job.framesDone}/${job.frameCount}${job.framesFailed > 0 ? ` (${job.framesFailed} failed)` : ''}`;

const took = (startedAt: string | null, endedAt: string | null) =>
  startedAt === null || endedAt === null ? '' : formatDuration(Date.parse(endedAt) - Date.parse(startedAt));

function describe(job: Job, tasks: readonly Task[]): string {
  const facts = [
    ['Name', job.name],
    ['State', job.state],
    ['Waits', job.waitsFor?.message ?? ''],
    ['Priority', String(job.priority)],
    ['Scene', job.sceneId],
    ['Frames', frames(job)],
    ...(job.progress ?? []).map((progress) => ['Drawing', progressText(progress)]),
    ['Created', formatTime(job.createdAt)],
    ['Took', took(job.startedAt, job.endedAt)],
    ['Error', job.error === null ? '' : `${job.error.code}: ${job.error.message}`],
  ];
  const rows = tasks.flatMap((task) => {
    const name = taskName(task);
    if (task.attempts.length === 0) return [[name, task.state, '', '', '', '']];
    return task.attempts.map((attempt) => [
      name,
      attempt.state,
      String(attempt.number),
      attempt.workerName,
      stages(attempt) || resumed(attempt),
      attempt.reason ?? (attempt.state === 'yielded' ? 'something more urgent' : ''),
    ]);
  });
  return [
    ...facts.filter(([, value]) => value !== '').map(([label = '', value]) => `${label.padEnd(8)} ${value}`),
    '',
    table(['FRAME', 'STATE', 'TRY', 'WORKER', 'STAGES', 'REASON'], rows),
  ].join('\n');
}

/** ` (WebGL, 64 samples)` of a stage that draws. */
function drawn({ backend, sampling }: DrawStage): string {
  const facts = [...(backend ? [BACKEND_NAMES[backend]] : []), ...(sampling ? [samplingText(sampling)] : [])];
  return facts.length === 0 ? '' : ` (${facts.join(', ')})`;
}

const resumed = ({ resumedFromSample }: Attempt): string =>
  resumedFromSample === null ? '' : `from sample ${resumedFromSample} on`;

/** `load 0.8 s, draw 0.1 s, …` of the attempt's last frame. */
function stages(attempt: Attempt): string {
  const last = attempt.frames.at(-1)?.stages;
  if (last === undefined) return '';
  return Object.entries(last)
    .sort(([, one], [, other]) => one.startedAtMs - other.startedAtMs)
    .map(([name, time]) => `${name} ${Math.round(time.durationMs)} ms${drawn(time)}`)
    .join(', ');
}
