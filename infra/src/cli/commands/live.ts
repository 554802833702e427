import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  apiUrls,
  DEFAULT_SAMPLES,
  type Engine,
  KilnError,
  LIMITS,
  type LiveView,
  PICTURE_CODECS,
  type PictureCodecName,
  RenderSettings,
  type Scene,
  type Size,
} from '@kiln/shared';
import { type Command, Option } from 'commander';
import type { ConnectionOptions } from '../client-config.ts';
import { connect, type FarmClient, withConnection } from '../connection.ts';
import { wrapHelp } from '../help-text.ts';
import { abortOnInterrupt } from '../interrupt.ts';
import { LIVE_HEAD, LiveReport, liveRow, sumsText } from '../live/live-report.ts';
import { runLive } from '../live/live-run.ts';
import { readPoses } from '../live/poses-file.ts';
import { renderLive, viewJobText } from '../live/render-live.ts';
import { parseBackground, parseSize, wholeNumber } from '../parse-options.ts';
import { jsonReporter } from '../render/json-reporter.ts';
import { progressReporter } from '../render/progress-reporter.ts';
import { isSceneId } from '../render/submit-job.ts';
import { addScene } from '../scene/add-scene.ts';
import { storedScene } from '../scene/ready-scene.ts';
import { UploadMemory } from '../scene/upload-memory.ts';
import { StatusLine } from '../status-line.ts';

const HELP = `
Opens a live view as a page would, sends the poses of a file at their times, and prints each picture that comes: the number of
the pose that it answers, from when the pose was sent to when the picture was here, what was spent on it where, its samples
and bytes. It ends with the final picture of the last pose. Without --poses that is the camera that the farm puts in front of
the scene.

A file of poses is a list in JSON, an object with the list as "poses", or one pose a line:
  {"atMs": 0, "position": [3, 1, 3], "target": [0, 0, 0], "fovDeg": 40}
  {"atMs": 9, "position": [3, 1, 3], "quaternion": [0, 0, 0, 1], "fovDeg": 40}
Poses count as "moving": true, for which the farm draws fast, but for the last.

With --render or --engine pictures at rest get better, sample by sample and tile by tile, until they are what the farm renders.
--render sends the view to the farm then: its frame begins with the samples that the view has, and is the same file as of
kiln render with the same settings.

Examples:
  $ kiln live scn_… --out view/
  $ kiln live scn_… --engine pathtrace --samples 64 --render --render-samples 1024
  $ kiln live scn_… --poses orbit.jsonl --json | jq '.latencyMs? // empty'

With --json each line is one event: state, picture, trouble, job, done.

Exit codes: 0 ok, 1 failed, 2 usage or bad input, 3 farm unreachable, 4 key missing or wrong, 130 interrupted.`;

interface LiveOptions extends ConnectionOptions, Pick<LiveView, 'samples' | 'background'> {
  readonly json?: boolean;
  readonly poses?: string;
  readonly size: Size;
  readonly frame: number;
  readonly codec?: PictureCodecName;
  readonly depth?: boolean;
  readonly out?: string;
  readonly engine?: Engine;
  readonly render?: boolean;
  readonly renderSamples?: number;
}

export function addLiveCommand(program: Command): void {
  withConnection(program.command('live'))
    .summary('open a live view, and measure it')
    .description('Opens a live view of a scene, moves it along a path, and tells what comes.')
    .argument('<scene>', 'a file or folder, or the id of a scene')
    .option('--poses <file>', 'where the camera is, and when')
    .option('--size <size>', 'of the view, in pixels', parseLiveSize, { widthPx: 1_280, heightPx: 720 })
    .option(
      '--samples <n>',
      'of a picture at rest',
      wholeNumber('--samples', 1, LIMITS.frameSamples),
      DEFAULT_SAMPLES.raster,
    )
    .option(
      '--frame <n>',
      'of the scene’s animation',
      wholeNumber('--frame', -LIMITS.frameNumber, LIMITS.frameNumber),
      0,
    )
    .option('--background <background>', 'as of kiln render', parseBackground, 'neutral')
    .addOption(new Option('--codec <codec>', 'the only one that is taken').choices(Object.keys(PICTURE_CODECS)))
    .option('--depth', 'pictures come with depth')
    .option('--out <folder>', 'put each picture there')
    .addOption(
      new Option('--engine <engine>', 'of pictures at rest').choices([...RenderSettings.properties.engine.enum]),
    )
    .option('--render', 'at last make a job of the view, with its samples')
    .option('--render-samples <n>', 'of that job', wholeNumber('--render-samples', 1, LIMITS.frameSamples))
    .addHelpText('after', wrapHelp(HELP))
    .action(live);
}

/** @throws KilnError `request.invalid` */
function parseLiveSize(text: string): Size {
  const size = parseSize(text);
  const most = LIMITS.liveEdgePx;
  if ([size.widthPx, size.heightPx].every((px) => px >= 16 && px <= most)) return size;
  throw new KilnError('request.invalid', `A live view has edges of 16 to ${most} pixels; it is “${text}”.`, {
    field: '--size',
  });
}

async function live(source: string, options: LiveOptions): Promise<void> {
  const {
    json = false,
    size,
    samples,
    background,
    frame: frameNumber,
    depth,
    out,
    engine,
    render,
    renderSamples,
  } = options;
  const poses = options.poses === undefined ? null : await readPoses(options.poses);
  const farm = connect(options);
  const signal = abortOnInterrupt();
  const status = new StatusLine(process.stderr);
  try {
    const scene = await sceneOf(farm, source, json, status, signal);
    if (out !== undefined) await mkdir(out, { recursive: true });
    status.clear();
    const say = (event: string, detail: object) => console.log(JSON.stringify({ event, ...detail }));
    const report = new LiveReport(out ?? null, (line) => {
      if (json) say('picture', line);
      else console.log(liveRow(line));
    });
    const fixed = { clip: null, fps: 24, toneMapping: 'neutral', exposureEv: 0 } as const;
    const isRefined = render || engine !== undefined || renderSamples !== undefined;
    const refined = { ...(isRefined && { tiles: true }), ...(engine && { engine }) };
    const view: LiveView = { ...fixed, ...refined, samples, background, size, frameNumber, ...(depth && { depth }) };
    const { url, apiKey } = farm.connection;
    const codecs: readonly PictureCodecName[] = options.codec ? [options.codec] : ['jpeg', 'webp', 'png'];
    const order = { url: apiUrls(url).live, apiKey, sceneId: scene.id, view, codecs, poses };
    const observer = {
      state: (message: string) => (json ? say('state', { message }) : status.phase(message)),
      begun: () => {
        status.clear();
        if (!json) console.log(LIVE_HEAD);
      },
      picture: report.take.bind(report),
      trouble: (message: string) => (json ? say('trouble', { message }) : console.error(message)),
    };
    const rested = async (sessionId: string) => {
      const made = await renderLive(farm, sessionId, renderSamples);
      if (json) say('job', { jobId: made.job.id, reusedSamples: made.reusedSamples, notReused: made.notReused });
      else console.log(viewJobText(made));
    };
    const sends = render || renderSamples !== undefined;
    await runLive(order, { ...observer, ...(sends && { rested }) }, signal);
    if (json) say('done', { sceneId: scene.id, ...report.sums });
    else console.log(sumsText(report.sums));
  } finally {
    status.clear();
  }
}

function sceneOf(
  farm: FarmClient,
  source: string,
  json: boolean,
  status: StatusLine,
  signal: AbortSignal,
): Promise<Scene> {
  const observer = json ? jsonReporter(() => undefined) : progressReporter(status);
  if (isSceneId(source)) return storedScene(farm, source, observer, signal);
  const memory = new UploadMemory(join(homedir(), '.cache', 'kiln', 'uploads.json'));
  return addScene(farm, source, memory, observer, signal);
}
