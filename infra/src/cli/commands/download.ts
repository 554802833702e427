import { KilnError, parseFrameRange } from '@kiln/shared';
import { type Command, Option } from 'commander';
import type { ConnectionOptions } from '../client-config.ts';
import { connect, withConnection } from '../connection.ts';
import { downloadJob, wantedFiles } from '../download/download-job.ts';
import { downloadJson, downloadReporter } from '../download/download-reporter.ts';
import { FetchedFiles } from '../download/fetched-files.ts';
import { EXIT } from '../exit-codes.ts';
import { hasEnded } from '../follow-job.ts';
import { wrapHelp } from '../help-text.ts';
import { abortOnInterrupt } from '../interrupt.ts';
import { count, formatBytes } from '../output.ts';
import { parseFrames } from '../parse-options.ts';
import { collect } from '../render/collect.ts';
import { tellEnd } from '../render/job-end.ts';
import { jsonReporter } from '../render/json-reporter.ts';
import { prepareOutFolder } from '../render/out-folder.ts';
import { progressReporter } from '../render/progress-reporter.ts';
import { StatusLine } from '../status-line.ts';

interface DownloadOptions extends ConnectionOptions {
  readonly out: string;
  readonly frames?: string;
  readonly layer?: string;
  readonly filmsOnly?: boolean;
  readonly films: boolean;
  readonly follow?: boolean;
  readonly json?: boolean;
}

const HELP = `
Files are OUT/[LAYER/][PASS/]0000.EXT, as kiln render writes them, and films beside the frames. Each is checked by its SHA-256
and appears when all of it is there. A file that is there and right is not fetched again, one that is damaged is fetched anew,
and one that broke off, FILE.part-…, goes on where it ended.
With --frames films come only by a download of their own.

Examples:
  $ kiln download job_… --out frames/
  $ kiln download job_… --frames 1-24 --layer beauty --out look/
  $ kiln download job_… --films-only
  $ kiln download job_… --follow --json | jq -r 'select(.event == "frame").file'

Exit codes: 0 all that is finished is here, with --follow the job succeeded; 1 it failed, or this disk is full; 2 usage or bad
input, 3 farm unreachable, 4 key missing or wrong, 130 interrupted. The job is left alone in any case.
With --json each line is one event: frame, film (isNew: it was fetched), error, done; with --follow also paused.`;

export function addDownloadCommand(program: Command): void {
  const command = program
    .command('download')
    .summary('fetch the finished frames and films of a job')
    .description('Fetches the finished frames and films of a job, as far as they are not here.')
    .argument('<id>', 'id of a job')
    .option('-o, --out <folder>', 'where files go', 'out')
    .addOption(new Option('--frames <expr>', 'these frames only, as in 1-10,20').argParser(parseFrames))
    .option('--layer <name>', 'of this layer only')
    .addOption(new Option('--films-only', 'films and no frames').conflicts('frames'))
    .option('--no-films', 'frames and no films')
    .option('--follow', 'also what is finished later, until the job ends');
  withConnection(command)
    .addHelpText('after', wrapHelp(HELP))
    .action(async (jobId: string, options: DownloadOptions) => {
      process.exitCode = await run(jobId, options);
    });
}

async function run(jobId: string, options: DownloadOptions): Promise<number> {
  const { out, frames, layer, filmsOnly = false, films, follow = false, json = false } = options;
  if (filmsOnly && !films) {
    throw new KilnError('request.invalid', '--films-only and --no-films leave nothing.', { field: '--films-only' });
  }
  const farm = connect(options);
  const signal = abortOnInterrupt();
  const startedMs = Date.now();
  const job = await farm.client.getJob({ params: { jobId } });
  const wanted = wantedFiles(job, out, {
    frames: !filmsOnly,
    films: films && frames === undefined,
    ...(layer === undefined ? {} : { layer }),
    ...(frames === undefined ? {} : { range: parseFrameRange(frames) }),
  });
  const status = new StatusLine(process.stderr);
  const fetched = new FetchedFiles();
  const removeEmptyFolder = await prepareOutFolder(out);
  try {
    if (follow && !hasEnded(job)) {
      const observer = json ? jsonReporter(console.log) : progressReporter(status);
      if (!json) observer.submitted(job);
      const last = await collect(farm, job, wanted, observer, signal);
      status.clear();
      return tellEnd(last, out, Date.now() - startedMs, json);
    }
    const shown = json ? downloadJson(console.log) : downloadReporter(status, fetched);
    const observer: typeof shown = {
      ...shown,
      received: (bytes) => {
        fetched.received(bytes);
        shown.received?.(bytes);
      },
      frame: (frame, path, done, isNew) => {
        fetched.frame(isNew);
        shown.frame(frame, path, done, isNew);
      },
      film: (film, path, isNew) => {
        fetched.film(isNew);
        shown.film(film, path, isNew);
      },
    };
    await downloadJob(farm, job, wanted, observer, signal);
  } finally {
    status.clear();
    await removeEmptyFolder();
  }
  const { files } = fetched;
  const { state } = job;
  if (json) console.log(JSON.stringify({ event: 'done', jobId, state, ...files, out, tookMs: Date.now() - startedMs }));
  else console.log(summary(files, out) + (hasEnded(job) ? '' : `; the job is ${state}: --follow waits for the rest`));
  return follow && state !== 'succeeded' ? EXIT.failed : EXIT.ok;
}

function summary({ frames, films, thereBefore, fetchedBytes }: FetchedFiles['files'], out: string): string {
  const what = films === 0 ? count(frames, 'frame') : `${count(frames, 'frame')} and ${count(films, 'film')}`;
  const before = thereBefore === 0 ? '' : `, ${thereBefore} were here before`;
  return `${what} in ${out} (${formatBytes(fetchedBytes)} fetched${before})`;
}
