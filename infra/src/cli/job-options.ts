/** Options about a job as a whole: how it stands among others, and who may draw it. */
import { ClassPolicy, type JobRequest, LIMITS } from '@kiln/shared';
import { type Command, Option } from 'commander';
import { type BoundOptions, boundsOf, withBounds } from './bound-options.ts';
import { type LabelOptions, labelsOf, tagOption, userOption } from './label-options.ts';
import { number, parseBudgetOption, parseJobs, wholeNumber } from './parse-options.ts';
import { type RequireOptions, requireOption } from './require-options.ts';

export interface JobOptions extends LabelOptions, BoundOptions, RequireOptions {
  readonly name?: string;
  readonly priority?: number;
  readonly classPolicy?: ClassPolicy;
  readonly maxFailed?: number;
  readonly after?: readonly string[];
  readonly budget?: string;
  readonly testFrames?: string;
  readonly approve?: boolean;
  /** Seconds. */
  readonly frameTimeout?: number;
  /** Ids of webhooks. */
  readonly notify?: readonly string[];
}

export const afterOption = () =>
  new Option('--after <ids>', 'begin nothing before these jobs have succeeded; may be repeated').argParser(parseJobs);

export const budgetOption = () =>
  new Option(
    '--budget <budget>',
    'what it may take of slots, 2h or 40 EUR: held when estimated to take more, paused when it has (default: no bound)',
  ).argParser(parseBudgetOption);

export const withJob = (command: Command): Command =>
  withBounds(command)
    .option('--name <name>', 'name of the job')
    .option(
      '--frame-timeout <sec>',
      'longest time for one frame (default: ten minutes, of path tracing six hours)',
      number('--frame-timeout'),
    )
    .option(
      '--max-failed <n>',
      'begin nothing more when so many tasks have failed for good (default: go on)',
      wholeNumber('--max-failed', 1, LIMITS.jobFrames),
    )
    .addOption(requireOption())
    .addOption(afterOption())
    .addOption(tagOption())
    .addOption(userOption())
    .addOption(budgetOption())
    .option('--test-frames <frames>', 'drawn first, the others when these are done: 1,50,100, or first,middle,last')
    .option('--approve', 'with --test-frames: the others when you have approved these (kiln job ID --approve)')
    .option(
      '--priority <0-100>',
      'over other jobs of yours, even while they are drawn (default: 50)',
      wholeNumber('--priority', 0, 100),
    )
    .addOption(
      new Option(
        '--class-policy <policy>',
        'whether all frames come from one GPU, driver and browser (strict, default), or others help out (prefer)',
      ).choices(ClassPolicy.enum),
    )
    .option(
      '--notify <webhook>',
      'the webhook that is told of this job, by its id; may be repeated (default: all that kiln webhook list shows)',
      (id: string, before: readonly string[] = []) => [...before, id],
    );

/** What is asked for beside layers. */
export const jobOf = ({
  name,
  priority,
  classPolicy,
  frameTimeout,
  maxFailed,
  after,
  budget,
  testFrames,
  approve = false,
  notify,
  require: requires,
  ...rest
}: JobOptions): Omit<JobRequest, 'sceneId' | 'layers'> => ({
  ...(name === undefined ? {} : { name }),
  ...(priority === undefined ? {} : { priority }),
  ...(classPolicy === undefined ? {} : { classPolicy }),
  ...(maxFailed === undefined ? {} : { maxFailedTasks: maxFailed }),
  ...(requires === undefined ? {} : { requires }),
  ...labelsOf(rest),
  ...boundsOf(rest),
  ...(after === undefined ? {} : { after: [...after] }),
  ...(frameTimeout === undefined ? {} : { frameTimeoutMs: Math.round(frameTimeout * 1_000) }),
  ...(budget === undefined ? {} : { budget }),
  ...(testFrames === undefined ? {} : { testFrames: { frames: testFrames, approve } }),
  ...(notify === undefined ? {} : { notify: [...notify] }),
});
