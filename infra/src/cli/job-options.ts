/** Options about a job as a whole: how it stands among others, and who may draw it. */
import { ClassPolicy, type JobRequest, LIMITS } from '@kiln/shared';
import { type Command, Option } from 'commander';
import { type BoundOptions, boundsOf, withBounds } from './bound-options.ts';
import { type LabelOptions, labelsOf, tagOption, userOption } from './label-options.ts';
import { number, parseJobs, wholeNumber } from './parse-options.ts';

export interface JobOptions extends LabelOptions, BoundOptions {
  readonly name?: string;
  readonly priority?: number;
  readonly classPolicy?: ClassPolicy;
  readonly maxFailed?: number;
  readonly after?: readonly string[];
  /** Seconds. */
  readonly frameTimeout?: number;
  /** Ids of webhooks. */
  readonly notify?: readonly string[];
}

export const afterOption = () =>
  new Option('--after <ids>', 'begin nothing before these jobs have succeeded; may be repeated').argParser(parseJobs);

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
    .addOption(afterOption())
    .addOption(tagOption())
    .addOption(userOption())
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
  notify,
  ...rest
}: JobOptions): Omit<JobRequest, 'sceneId' | 'layers'> => ({
  ...(name === undefined ? {} : { name }),
  ...(priority === undefined ? {} : { priority }),
  ...(classPolicy === undefined ? {} : { classPolicy }),
  ...(maxFailed === undefined ? {} : { maxFailedTasks: maxFailed }),
  ...labelsOf(rest),
  ...boundsOf(rest),
  ...(after === undefined ? {} : { after: [...after] }),
  ...(frameTimeout === undefined ? {} : { frameTimeoutMs: Math.round(frameTimeout * 1_000) }),
  ...(notify === undefined ? {} : { notify: [...notify] }),
});
