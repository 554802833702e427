/** What `kiln job` changes of a job before it shows it. */
import { type JobChanges, KilnError, LIMITS, type Requires } from '@kiln/shared';
import { type Command, Option } from 'commander';
import { parseLimits, slotsOf } from '../bound-options.ts';
import type { FarmClient } from '../connection.ts';
import { parseTags } from '../label-options.ts';
import { orWord, parseBudgetOption, wholeNumber } from '../parse-options.ts';
import { parseRequire } from '../require-options.ts';

export interface JobChangeOptions {
  readonly cancel?: boolean;
  readonly pause?: boolean;
  readonly stopRunning?: boolean;
  readonly resume?: boolean;
  /** `true`: all that has failed. */
  readonly retry?: string | true;
  /** Frames. */
  readonly redraw?: string;
  readonly layer?: string;
  readonly priority?: number;
  readonly retries?: number;
  /** Null: it goes on however many fail. */
  readonly maxFailed?: number | null;
  /** Null: as it comes. */
  readonly maxSlots?: number | null;
  readonly maxPerHost?: number | null;
  /** Empty: none. */
  readonly limits?: readonly string[];
  readonly tags?: readonly string[];
  /** Null: any worker will do. */
  readonly require?: Requires | null;
  /** `none`: it has none from now on. */
  readonly budget?: string;
  readonly approve?: boolean;
  readonly archive?: boolean;
  readonly unarchive?: boolean;
}

export const withJobChanges = (command: Command): Command =>
  command
    .optionsGroup('Change it:')
    .option('--cancel', 'stop it; frames that are done stay')
    .addOption(
      new Option('--pause', 'begin nothing more of it; what is being drawn comes to its end').conflicts('cancel'),
    )
    .option('--stop-running', 'with --pause: stop what is being drawn, too')
    .addOption(new Option('--resume', 'let it go on when it is paused').conflicts(['pause', 'cancel']))
    .addOption(
      new Option('--retry [frames]', 'try again what has failed, or these frames of it: 3,7-9').conflicts('cancel'),
    )
    .addOption(
      new Option('--redraw <frames>', 'draw these frames again, done or failed: 3,7-9').conflicts(['cancel', 'retry']),
    )
    .option('--layer <name>', 'with --retry or --redraw: of this layer only')
    .option('--priority <n>', 'how urgent it is from now on, 0 to 100', wholeNumber('--priority', 0, 100))
    .option(
      '--max-failed <n>',
      'begin nothing more when so many tasks have failed for good, or none: go on',
      orWord('none', wholeNumber('--max-failed', 1, LIMITS.jobFrames)),
    )
    .option(
      '--max-slots <n>',
      'tasks of it under way at once, at most, or none: as it comes',
      orWord('none', slotsOf('--max-slots')),
    )
    .option('--max-per-host <n>', 'the same on one machine, or none', orWord('none', slotsOf('--max-per-host')))
    .option('--limits <names>', 'limits that it counts for from now on, with commas between, or none', limitsOrNone)
    .option('--tags <tags>', 'its labels from now on, with commas between, or none', tagsOrNone)
    .option(
      '--require <what>',
      'what its workers must have from now on: tag=fast, gpu=NVIDIA, gpu-memory=8G, … (as kiln render), or none',
      requireOrNone,
    )
    .option('--retries <n>', 'how often each task is tried again, 0 to 9', wholeNumber('--retries', 0, 9))
    .option('--budget <budget>', 'what it may take of slots, 2h or 40 EUR; none: no bound', (text: string) =>
      text === 'none' ? text : parseBudgetOption(text),
    )
    .addOption(
      new Option('--approve', 'let it go over its budget, or begin what waits for its test frames').conflicts([
        'pause',
        'cancel',
      ]),
    )
    .option('--archive', 'put it away when it is over: kiln jobs leaves it out, its frames stay')
    .addOption(new Option('--unarchive', 'list it again').conflicts('archive'));

const tagsOrNone = (text: string) => (text === 'none' ? [] : parseTags(text));

const limitsOrNone = (text: string) => (text === 'none' ? [] : parseLimits(text));

const requireOrNone = (text: string, before?: Requires | null) =>
  text === 'none' ? null : parseRequire(text, before ?? {});

const changesOf = ({ priority, retries, maxFailed, tags, budget, ...more }: JobChangeOptions): JobChanges => ({
  ...(priority === undefined ? {} : { priority }),
  ...(retries === undefined ? {} : { maxAttempts: retries + 1 }),
  ...(maxFailed === undefined ? {} : { maxFailedTasks: maxFailed }),
  ...(tags === undefined ? {} : { tags: [...tags] }),
  ...(budget === undefined ? {} : { budget: budget === 'none' ? null : budget }),
  ...(more.require === undefined ? {} : { requires: more.require }),
  ...(more.limits === undefined ? {} : { limits: [...more.limits] }),
  ...(more.maxSlots === undefined ? {} : { maxSlots: more.maxSlots }),
  ...(more.maxPerHost === undefined ? {} : { maxPerHost: more.maxPerHost }),
});

const CHANGES = [
  'cancel',
  'pause',
  'resume',
  'retry',
  'redraw',
  'approve',
  'archive',
  'unarchive',
] as const satisfies readonly (keyof JobChangeOptions)[];

/** Whether the options change anything. */
export const isChange = (options: JobChangeOptions): boolean =>
  CHANGES.some((name) => options[name]) || Object.keys(changesOf(options)).length > 0;

/** @throws KilnError what the farm says; `request.invalid` for options that go with others. */
export async function changeJob(client: FarmClient['client'], jobId: string, options: JobChangeOptions): Promise<void> {
  const { cancel, pause, stopRunning, resume, retry, redraw, layer, approve, archive, unarchive } = options;
  if (stopRunning && !pause) throw new KilnError('request.invalid', '--stop-running: goes with --pause');
  if (layer !== undefined && retry === undefined && redraw === undefined) {
    throw new KilnError('request.invalid', '--layer: goes with --retry or --redraw');
  }
  const params = { jobId };
  const body = changesOf(options);
  if (Object.keys(body).length > 0) await client.editJob({ params, body });
  if (retry !== undefined) {
    const body = { ...(retry === true ? {} : { frames: retry }), ...(layer === undefined ? {} : { layer }) };
    await client.retryJob({ params, body });
  }
  if (redraw !== undefined) {
    const body = { frames: redraw, done: true, ...(layer === undefined ? {} : { layer }) };
    await client.retryJob({ params, body });
  }
  if (pause) await client.pauseJob({ params, body: { stopRunning: stopRunning ?? false } });
  if (approve) await client.approveJob({ params });
  if (resume) await client.resumeJob({ params });
  if (cancel) await client.cancelJob({ params });
  if (archive) await client.archiveJob({ params });
  if (unarchive) await client.unarchiveJob({ params });
}
