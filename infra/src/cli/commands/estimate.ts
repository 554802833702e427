import { KilnError } from '@kiln/shared';
import type { Command } from 'commander';
import type { ConnectionOptions } from '../client-config.ts';
import { connect, withConnection } from '../connection.ts';
import { wrapHelp } from '../help-text.ts';
import { printResult } from '../output.ts';
import { estimateLayers } from '../render/estimate-layers.ts';
import { estimateFile } from '../submit/estimate-file.ts';
import { readJob } from '../submit/job-file.ts';
import { parseSetting, type Settings } from '../submit/parameters.ts';

interface EstimateOptions extends ConnectionOptions {
  readonly set?: Settings;
  readonly json?: boolean;
}

export function addEstimateCommand(program: Command): void {
  withConnection(
    program
      .command('estimate')
      .summary('say what a job would take')
      .description('Says what the job that a file describes would take, and renders nothing of it but a probe.')
      .argument('<file>', 'job file, as of kiln submit')
      .option('--set <name=value>', 'a parameter of the file; may be repeated', parseSetting),
  )
    .addHelpText(
      'after',
      wrapHelp(`
Frames of the same scene with the same settings, in earlier jobs of yours, tell what a frame takes. Of layers of which there are
none the first frame, the middle one and the last are drawn with 1 and with 4 samples, by a job of its own, before your other
work; the scene is uploaded for that. Four of five jobs take what lies between FROM and TO, of a slot's time.
kiln render has --estimate for a scene without a job file.

Examples:
  $ kiln estimate shot.yaml --set samples=256
  $ kiln estimate shot.yaml --json | jq .estimate.slotSec`),
    )
    .action(async (file: string, { set = new Map(), json = false, ...options }: EstimateOptions) => {
      if (!/\.(ya?ml|json)$/i.test(file)) {
        const message = `“${file}” is no job file (.yaml, .yml, .json); for a scene: kiln render ${file} --estimate`;
        throw new KilnError('request.invalid', message, { field: 'FILE' });
      }
      const job = await readJob(file, set);
      const made = await estimateFile(connect(options), job, json);
      printResult(json, made, () => estimateLayers(made.estimate));
    });
}
