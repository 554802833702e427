import { allPages, JobState, KilnError, type Task } from '@kiln/shared';
import type { Command } from 'commander';
import type { ConnectionOptions } from '../client-config.ts';
import { connect, type FarmClient, withConnection } from '../connection.ts';
import { errorLine, exitCodeOf } from '../exit-codes.ts';
import { wrapHelp } from '../help-text.ts';
import { changeText, jobText } from '../job-text.ts';
import { framesText, percentDone, tookText, waitWords } from '../job-words.ts';
import { formatTime, printResult, table } from '../output.ts';
import { wholeNumber } from '../parse-options.ts';
import { changeJob, isChange, type JobChangeOptions, withJobChanges } from './change-job.ts';

type Options = ConnectionOptions & { readonly json?: boolean };

interface ListOptions extends Options {
  readonly limit: number;
  readonly state?: string;
  readonly tag?: string;
  readonly user?: string;
  readonly archived?: boolean;
}

interface JobOptions extends Options, JobChangeOptions {
  readonly all?: boolean;
}

const LISTED = 50;
const LISTED_MAX = 1_000;
/** Of a job, for people. */
const TASKS_SHOWN = 200;

export function addJobCommands(program: Command): void {
  withConnection(program.command('jobs'))
    .summary('list jobs')
    .description('Lists jobs, newest first: how far they are, how urgent, and what they wait for.')
    .option('--limit <n>', 'how many', wholeNumber('--limit', 1, LISTED_MAX), LISTED)
    .option('--state <states>', `only those in these states: ${JobState.enum.join(', ')}`, parseStates)
    .option('--tag <tag>', 'only those with this label')
    .option('--user <name>', 'only those that this user submitted')
    .option('--archived', 'those that were put away, instead of the others')
    .addHelpText(
      'after',
      wrapHelp(`
PRIO is the priority, 0 to 100. WAITS FOR is said of jobs of which nothing can be given out now; kiln job ID says more.

Examples:
  $ kiln jobs --state running,queued
  $ kiln jobs --tag hero --user ann
  $ kiln jobs --limit 200 --json | jq -r '.[] | select(.framesFailed > 0).id'`),
    )
    .action(async ({ limit, state, tag, user, archived = false, ...options }: ListOptions) => {
      const query = { limit, archived, ...given({ state, tag, user }) };
      const { items } = await connect(options).client.listJobs({ query });
      printResult(options.json, items, () =>
        table(
          ['ID', 'STATE', 'DONE', 'FRAMES', 'PRIO', 'CREATED', 'TOOK', 'WAITS FOR', 'NAME'],
          items.map((job) => [
            job.id,
            job.state,
            percentDone(job),
            framesText(job),
            String(job.priority),
            formatTime(job.createdAt),
            tookText(job),
            waitWords(job),
            job.name,
          ]),
        ),
      );
    });

  withJobChanges(withConnection(program.command('job')))
    .summary('show a job with its tasks and attempts, or pause, change, retry or cancel it')
    .description('Shows a job with its tasks and attempts, or changes it before.')
    .argument('<ids...>', 'id of a job; of several, to change them all')
    .option('--all', `all tasks, and with --json all frames; ${TASKS_SHOWN} and ${LISTED_MAX} without`)
    .addHelpText(
      'after',
      wrapHelp(`
A change prints the job's head, with what was there before; without one the tasks follow, and of each attempt that failed whose
fault that is: the scene's, the worker's, or that of the infrastructure between them.
With --json every attempt has its worker, lease epoch, stage times and samples of each frame, reason and result hash;
resumedFromSample says where it went on with a long frame that another had begun. An attempt that is yielded stored what it
had drawn of one and left its place to something more urgent; another goes on from there. One that is withdrawn or cancelled was
taken back, and counts as no try. Finished
frames are listed with their files, and the small picture of those that are too large to be shown.

Examples:
  $ kiln job job_… --pause
  $ kiln job job_… --retry 12,40-45 --priority 80
  $ kiln jobs --tag test --json | jq -r '.[].id' | xargs kiln job --cancel
  $ kiln job job_… --json | jq '.tasks[].attempts[] | {workerName, state, reason}'`),
    )
    .action(async ([jobId = '', ...others]: string[], options: JobOptions) => {
      const { client } = connect(options);
      if (others.length > 0) return changeAll(client, [jobId, ...others], options);
      const params = { jobId };
      const before = isChange(options) ? await client.getJob({ params }) : null;
      await changeJob(client, jobId, options);
      const job = await client.getJob({ params });
      // Who changes a job has seen it.
      if (before !== null && !options.json) return console.log(changeText(before, job));
      const most = options.all ? Number.POSITIVE_INFINITY : options.json ? LISTED_MAX : TASKS_SHOWN;
      const { items: tasks, hasMore } = await someTasks(client, jobId, most);
      if (!options.json) {
        console.log(jobText(job, tasks));
        if (hasMore)
          console.log(`\nThere are more tasks: --all shows them, and those that failed or are drawn come first.`);
        return;
      }
      const frames = await upTo(
        most,
        allPages((at) => client.listFrames({ params, query: { ...at, limit: LISTED_MAX } })),
      );
      const shown = { ...job, tasks, hasMoreTasks: hasMore, frames: frames.items, hasMoreFrames: frames.hasMore };
      printResult(true, shown, () => '');
    });
}

/**
 * What is wrong with one stops none of the others; the exit code is that of the first.
 *
 * @throws KilnError `request.invalid` without a change.
 */
async function changeAll(client: FarmClient['client'], jobIds: readonly string[], options: JobOptions): Promise<void> {
  if (!isChange(options)) {
    throw new KilnError('request.invalid', 'Several jobs can be changed, and are not shown: name one, or a change.');
  }
  for (const jobId of new Set(jobIds)) {
    try {
      await changeJob(client, jobId, options);
      const job = await client.getJob({ params: { jobId } });
      console.log(options.json ? JSON.stringify(job) : `${jobId}  ${job.state.padEnd(9)}  ${job.name}`);
    } catch (error) {
      if (!(error instanceof KilnError)) throw error;
      const { code, message } = error;
      process.exitCode ??= exitCodeOf(error);
      if (options.json) console.log(JSON.stringify({ event: 'error', jobId, code, message }));
      else console.error(`${jobId}  ${errorLine(error)}`);
    }
  }
}

interface Some<T> {
  readonly items: readonly T[];
  readonly hasMore: boolean;
}

async function upTo<T>(most: number, all: AsyncIterable<T>): Promise<Some<T>> {
  const items: T[] = [];
  for await (const item of all) {
    if (items.length >= most) return { items, hasMore: true };
    items.push(item);
  }
  return { items, hasMore: false };
}

/** All tasks of a job; of one that has more than `most`, those that failed, those that are drawn, and the first others. */
async function someTasks(client: FarmClient['client'], jobId: string, most: number): Promise<Some<Task>> {
  const list = (state?: Task['state']) =>
    upTo(
      most,
      allPages((at) =>
        client.listTasks({ params: { jobId }, query: { ...at, limit: LISTED_MAX, ...(state && { state }) } }),
      ),
    );
  const first = await list();
  if (!first.hasMore) return first;
  const urgent = [...(await list('failed')).items, ...(await list('leased')).items];
  const seen = new Map([...urgent, ...first.items].map((task) => [task.id, task]));
  return { items: [...seen.values()].slice(0, most), hasMore: true };
}

/** What options say, without what they do not. */
const given = (options: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(options).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));

/** @throws KilnError `request.invalid` */
function parseStates(text: string): string {
  const unknown = text.split(',').find((name) => !JobState.enum.some((state) => state === name));
  if (unknown === undefined) return text;
  const known = JobState.enum.join(', ');
  throw new KilnError('request.invalid', `--state takes ${known}, with commas between; “${unknown}” is none.`, {
    field: '--state',
  });
}
