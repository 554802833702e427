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
  type PathPose,
  type PictureCodecName,
  type PosePath,
  RenderSettings,
  type Scene,
  type Size,
} from '@kiln/shared';
import { type Command, Option } from 'commander';
import type { ConnectionOptions } from '../client-config.ts';
import { connect, type FarmClient, withConnection } from '../connection.ts';
import { wrapHelp } from '../help-text.ts';
import { abortOnInterrupt } from '../interrupt.ts';
import { LiveRecording } from '../live/live-recording.ts';
import { LIVE_HEAD, LiveReport, liveRow, sumsText } from '../live/live-report.ts';
import { runLive } from '../live/live-run.ts';
import { type Timeline, timelineOf } from '../live/path-timeline.ts';
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
the input that it answers, from when that was sent to when the picture was here, what was spent on it where, its samples, tiles
and bytes. It ends with the final picture of the last input. Without --poses that is the camera that the farm puts in front of
the scene.

A file of poses is a list in JSON, an object with the list as "poses", or one pose a line:
  {"atMs": 0, "position": [3, 1, 3], "target": [0, 0, 0], "fovDeg": 40}
  {"atMs": 9, "position": [3, 1, 3], "quaternion": [0, 0, 0, 1], "fovDeg": 40}
Poses count as "moving": true, for which the farm draws fast, but for the last.
A session that the web app or --record has recorded is one, too: what it showed is shown at its times, in the size of --size,
but for what is said with --samples, --frame and --background.

With --tiles the picture at rest gets better, after 1, 2, 4 … samples, by tiles that changed, until it is what a job of the view
draws; each that is kept in --out is the picture with all tiles until then, and the last one has the pixels of the job's frame.
So it does with --render and --engine.

--render sends the view to the farm then: its frame begins with the samples that the view has, and is the same file as of
kiln render with the same settings.

Examples:
  $ kiln live scn_… --out view/
  $ kiln live scn_… --engine pathtrace --samples 64 --render --render-samples 1024
  $ kiln live scn_… --poses orbit.jsonl --json | jq '.latencyMs? // empty'
  $ kiln live scn_… --poses session.json --tiles --samples 64 --out view/
  $ kiln live scn_… --poses orbit.jsonl --record session.json

With --json each line is one event: state, picture, trouble, job, done.

Exit codes: 0 ok, 1 failed, 2 usage or bad input, 3 farm unreachable, 4 key missing or wrong, 130 interrupted.`;

interface LiveOptions extends ConnectionOptions, Pick<LiveView, 'samples' | 'background'> {
  readonly json?: boolean;
  readonly poses?: string;
  readonly size: Size;
  readonly frame: number;
  readonly codec?: PictureCodecName;
  readonly depth?: boolean;
  readonly tiles?: boolean;
  readonly out?: string;
  readonly record?: string;
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
    .addOption(new Option('--codec <codec>', 'the only one that is taken').choices(['jpeg', 'webp', 'png']))
    .option('--depth', 'pictures come with depth')
    .option('--tiles', 'the picture at rest gets better, tile by tile')
    .option('--out <folder>', 'put each picture there')
    .option('--record <file>', 'keep the session, as the web app does')
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

/** What is shown is the command's, and of a recorded session what it says, but for what was asked for here. */
function timeline(path: PosePath | null, options: LiveOptions, isGiven: (name: string) => boolean): Timeline {
  const { size, samples, background, frame: frameNumber, depth = false, engine } = options;
  const fixed = { clip: null, fps: 24, toneMapping: 'neutral', exposureEv: 0 } as const;
  const view: LiveView = { ...fixed, samples, background, size, frameNumber };
  const given = {
    ...(isGiven('samples') && { samples }),
    ...(isGiven('background') && { background }),
    ...(isGiven('frame') && { frameNumber }),
    ...(engine && { engine }),
    ...{ size, depth, tiles: isRefined(options) },
  };
  return timelineOf(path ?? { poses: [] }, view, given);
}

/** Whether the picture at rest gets better: what a job begins with has to, and what is path-traced. */
const isRefined = ({ tiles = false, engine, render, renderSamples }: LiveOptions): boolean =>
  tiles || render === true || engine !== undefined || renderSamples !== undefined;

/** @throws KilnError `request.invalid` */
function codecsOf(options: LiveOptions): readonly PictureCodecName[] {
  const { codec, out } = options;
  const isPatched = isRefined(options) && out !== undefined;
  if (isPatched && codec !== undefined && codec !== 'png') {
    throw new KilnError('request.invalid', `What gets better is kept as PNG: leave --codec ${codec} away, or --out.`, {
      field: '--codec',
    });
  }
  if (codec) return [codec];
  return isPatched ? ['png'] : ['jpeg', 'webp', 'png'];
}

async function live(source: string, options: LiveOptions, command: Command): Promise<void> {
  const { json = false, out, render, renderSamples } = options;
  const codecs = codecsOf(options);
  const path = options.poses === undefined ? null : await readPoses(options.poses);
  const { view, inputs } = timeline(path, options, (name) => command.getOptionValueSource(name) === 'cli');
  const farm = connect(options);
  const signal = abortOnInterrupt();
  const status = new StatusLine(process.stderr);
  const say = (event: string, detail: object) => console.log(JSON.stringify({ event, ...detail }));
  const trouble = (message: string) => (json ? say('trouble', { message }) : console.error(message));
  const recording = options.record === undefined ? null : new LiveRecording(options.record, trouble);
  try {
    const scene = await sceneOf(farm, source, json, status, signal);
    if (out !== undefined) await mkdir(out, { recursive: true });
    status.clear();
    const report = new LiveReport(out ?? null, (line) => {
      if (json) say('picture', line);
      else console.log(liveRow(line));
    });
    const { url, apiKey } = farm.connection;
    const order = { url: apiUrls(url).live, apiKey, sceneId: scene.id, view, codecs, inputs: path && inputs };
    const observer = {
      state: (message: string) => (json ? say('state', { message }) : status.phase(message)),
      begun: () => {
        status.clear();
        if (!json) console.log(LIVE_HEAD);
      },
      shows: (pose: PathPose | null, shown: LiveView) => recording?.shows(pose, shown),
      picture: report.take.bind(report),
      trouble,
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
    await recording?.end();
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
