import { homedir } from 'node:os';
import { join } from 'node:path';
import { addRequires, jobFileJsonSchema, KilnError } from '@kiln/shared';
import type { Command } from 'commander';
import type { ConnectionOptions } from '../client-config.ts';
import { connect, type FarmClient, withConnection } from '../connection.ts';
import { EXIT } from '../exit-codes.ts';
import { wrapHelp } from '../help-text.ts';
import { abortOnInterrupt } from '../interrupt.ts';
import { afterOption, budgetOption } from '../job-options.ts';
import { type LabelOptions, labelsOf, tagOption, userOption } from '../label-options.ts';
import { count, printResult } from '../output.ts';
import { estimateJob } from '../render/estimate-job.ts';
import { tellEnd } from '../render/job-end.ts';
import { jsonReporter } from '../render/json-reporter.ts';
import { prepareOutFolder } from '../render/out-folder.ts';
import { progressReporter } from '../render/progress-reporter.ts';
import { type RenderObserver, render } from '../render/render.ts';
import { prepareJob, type SubmitRequest, submitJob } from '../render/submit-job.ts';
import { type RequireOptions, requireOption } from '../require-options.ts';
import { UploadMemory } from '../scene/upload-memory.ts';
import { StatusLine } from '../status-line.ts';
import { estimateFile } from '../submit/estimate-file.ts';
import { type JobOfFile, readJob } from '../submit/job-file.ts';
import { inJobFile } from '../submit/job-file-names.ts';
import { parseSetting, type Settings } from '../submit/parameters.ts';
import { planSubmission } from '../submit/plan.ts';
import { planText } from '../submit/plan-text.ts';
import { sendFiles } from '../submit/send-files.ts';
import { SUBMIT_HELP } from '../submit/submit-help.ts';

interface SubmitOptions extends ConnectionOptions, LabelOptions, RequireOptions {
  readonly set?: Settings;
  readonly dryRun?: boolean;
  readonly estimate?: boolean;
  readonly key?: string;
  readonly after?: readonly string[];
  readonly budget?: string;
  readonly wait?: boolean;
  readonly out?: string;
  readonly schema?: boolean;
  readonly json?: boolean;
}

const DEFAULT_OUT = 'out';

export function addSubmitCommand(program: Command): void {
  withConnection(
    program
      .command('submit')
      .summary('submit a job that a file describes')
      .description('Submits the job that a file describes, in YAML or JSON, and says how to watch it.')
      .argument('[file]', 'job file (below); - reads it from standard input')
      .option('--set <name=value>', 'a parameter of the file; may be repeated', parseSetting)
      .option('--dry-run', 'says what would be drawn, where, and which files would come out; sends nothing')
      .option('--estimate', 'says what it would take, for which a few pictures with few samples may be drawn')
      .option('--key <key>', 'submitted again with the same key, it is the same job')
      .addOption(afterOption())
      .addOption(tagOption())
      .addOption(userOption())
      .addOption(budgetOption())
      .addOption(requireOption())
      .option('--wait', 'waits for the frames and downloads them, as kiln render does')
      .option('-o, --out <folder>', 'with --wait: where frames go (default: out)')
      .option('--schema', 'prints the JSON Schema of job files, for editors'),
  )
    .addHelpText('after', wrapHelp(SUBMIT_HELP))
    .action(async (file: string | undefined, options: SubmitOptions) => {
      process.exitCode = await run(file, options);
    });
}

async function run(file: string | undefined, options: SubmitOptions): Promise<number> {
  if (options.schema) {
    console.log(JSON.stringify(jobFileJsonSchema(), null, 2));
    return EXIT.ok;
  }
  checkOptions(options);
  if (file === undefined) {
    throw new KilnError('request.invalid', 'kiln submit needs a job file, as in kiln submit shot.yaml.', {
      field: 'FILE',
    });
  }
  const read = withRequires(await readJob(file, options.set ?? new Map()), options);
  const asked = withAfter(read, options.after ?? []);
  const job = withBudget(withLabels(asked, options), options.budget);
  const farm = connect(options);
  if (options.dryRun) {
    const plan = await planSubmission(farm, job);
    const made = options.estimate ? await estimateFile(farm, job, options.json ?? false) : null;
    const estimate = made?.estimate ?? null;
    printResult(options.json, estimate === null ? plan : { ...plan, estimate }, () => planText(plan, estimate));
    return EXIT.ok;
  }
  try {
    return await submit(farm, job, options);
  } catch (error) {
    throw inJobFile(error, job.text);
  }
}

/** Beside the jobs that the file names. */
function withAfter(file: JobOfFile, more: readonly string[]): JobOfFile {
  if (more.length === 0) return file;
  return { ...file, job: { ...file.job, after: [...new Set([...(file.job.after ?? []), ...more])] } };
}

/** Beside what the file requires. */
function withRequires(file: JobOfFile, { require: more }: RequireOptions): JobOfFile {
  const requires = addRequires(file.job.requires, more);
  return requires === null ? file : { ...file, job: { ...file.job, requires } };
}

/** The file's user unless an option names one; its labels and those of options. */
function withLabels(file: JobOfFile, options: LabelOptions): JobOfFile {
  const { user, tags = [] } = labelsOf(options);
  const who = options.user ?? file.job.user ?? user;
  const all = [...new Set([...(file.job.tags ?? []), ...tags])];
  const labels = { ...(who === undefined ? {} : { user: who }), ...(all.length === 0 ? {} : { tags: all }) };
  return { ...file, job: { ...file.job, ...labels } };
}

/** In place of the one that the file has. */
const withBudget = (file: JobOfFile, budget: string | undefined): JobOfFile =>
  budget === undefined ? file : { ...file, job: { ...file.job, budget } };

function checkOptions({ wait, out, dryRun }: SubmitOptions): void {
  const refuse = (option: string, message: string) => new KilnError('request.invalid', message, { field: option });
  if (out !== undefined && !wait) throw refuse('--out', '--out needs --wait: otherwise no frames are downloaded.');
  if (wait && dryRun) throw refuse('--dry-run', '--dry-run queues nothing that --wait could wait for.');
}

/** The job with its estimate, which is told before. */
async function withEstimate(
  farm: FarmClient,
  request: SubmitRequest,
  observer: RenderObserver,
  signal: AbortSignal,
): Promise<SubmitRequest['job']> {
  const { body } = await prepareJob(farm, request, observer, signal);
  const { id, estimate } = await estimateJob(farm, body, observer, signal);
  observer.estimated(estimate);
  return { ...request.job, estimateId: id };
}

async function submit(farm: FarmClient, file: JobOfFile, options: SubmitOptions): Promise<number> {
  const { wait = false, out = DEFAULT_OUT, key, json = false } = options;
  const signal = abortOnInterrupt();
  const status = new StatusLine(process.stderr);
  const observer: RenderObserver = json ? jsonReporter(console.log) : progressReporter(status);
  const memory = new UploadMemory(join(homedir(), '.cache', 'kiln', 'uploads.json'));
  const startedMs = Date.now();
  const { source } = file;
  // Nothing is sent where its frames could not be written.
  const removeEmptyFolder = wait ? await prepareOutFolder(out) : async () => undefined;
  try {
    const layers = await sendFiles(farm, file, memory, observer, signal);
    const keyed = { ...file.job, layers, ...(key === undefined ? {} : { idempotencyKey: key }) };
    const job = options.estimate ? await withEstimate(farm, { source, job: keyed, memory }, observer, signal) : keyed;
    if (wait) {
      const ended = await render(farm, { source, job, memory, folder: out }, observer, signal);
      status.clear();
      return tellEnd(ended, out, Date.now() - startedMs, json);
    }
    const { id, frameCount } = await submitJob(farm, { source, job, memory }, observer, signal);
    status.clear();
    if (!json) console.log(`${id}: ${count(frameCount, 'frame')}. \`kiln job ${id}\` shows how it goes.`);
    return EXIT.ok;
  } catch (error) {
    await removeEmptyFolder();
    throw error;
  } finally {
    status.clear();
  }
}
