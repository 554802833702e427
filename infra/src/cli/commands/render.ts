import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  type CameraChoice,
  type ClipSettings,
  cameraLayers,
  DEFAULT_SAMPLES,
  ImageFormat,
  type LayerRequest,
  LIMITS,
  type MaterialEdit,
  Pass,
  type PointerEdit,
  type ThinLens,
} from '@kiln/shared';
import { type Command, Option } from 'commander';
import type { ConnectionOptions } from '../client-config.ts';
import { connect, withConnection } from '../connection.ts';
import { EXIT } from '../exit-codes.ts';
import { type FilmOptions, filmsOf, withFilms } from '../film-options.ts';
import { wrapHelp } from '../help-text.ts';
import { abortOnInterrupt } from '../interrupt.ts';
import { type JobOptions, jobOf, withJob } from '../job-options.ts';
import {
  checkSettings,
  clipsOf,
  lensOf,
  number,
  parseBackground,
  parseBitDepth,
  parseCamera,
  parseChunk,
  parseFocusDistance,
  parseFrames,
  parseMaterial,
  parsePasses,
  parsePointer,
  parseShadowCatcher,
  parseSize,
  parseSun,
  parseTiles,
  turntableOf,
  wholeNumber,
} from '../parse-options.ts';
import { framesOf, readCameraPath } from '../render/camera-path-file.ts';
import { estimateJob } from '../render/estimate-job.ts';
import { estimateLayers } from '../render/estimate-layers.ts';
import { tellEnd } from '../render/job-end.ts';
import { jsonReporter } from '../render/json-reporter.ts';
import { progressReporter } from '../render/progress-reporter.ts';
import { render } from '../render/render.ts';
import { RENDER_HELP } from '../render/render-help.ts';
import { checkSound } from '../render/sound.ts';
import { prepareJob } from '../render/submit-job.ts';
import { addAsset, checkAsset, checkEnvironment, refuseAsset } from '../scene/add-asset.ts';
import { UploadMemory } from '../scene/upload-memory.ts';
import { StatusLine } from '../status-line.ts';

interface RenderOptions
  extends ConnectionOptions,
    FilmOptions,
    JobOptions,
    Omit<
      LayerRequest,
      | 'testFrames'
      | 'films'
      | 'name'
      | 'camera'
      | 'frames'
      | 'turntable'
      | 'lens'
      | 'clip'
      | 'moreClips'
      | 'environment'
      | 'lut'
      | 'limits'
    > {
  /** Name, or path of a file. */
  readonly environment?: string;
  readonly lut?: string;
  readonly camera?: readonly CameraChoice[];
  readonly cameraPath?: readonly string[];
  readonly frames?: string;
  readonly clip?: readonly string[];
  readonly clipStart?: number;
  readonly clipEnd?: number;
  readonly loop?: ClipSettings['clipLoop'];
  readonly material?: readonly MaterialEdit[];
  readonly set?: readonly PointerEdit[];
  /** `true` without a number. */
  readonly turntable?: number | true;
  readonly fStop?: number;
  readonly focusDistance?: ThinLens['focusDistanceM'];
  readonly shutterAngle?: number;
  readonly exposure?: number;
  readonly environmentRotation?: number;
  readonly timeLimit?: number;
  readonly clamp?: number;
  readonly out: string;
  readonly json?: boolean;
  readonly transparent?: boolean;
  readonly estimate?: boolean;
}

export function addRenderCommand(program: Command): void {
  const command = program
    .command('render')
    .summary('render frames of a scene into a folder')
    .description('Uploads a scene if need be, renders frames of it and downloads them.')
    .argument('<source>', 'scene file, folder, or scene id')
    .optionsGroup('Frames:')
    .option(
      '--frames <expr>',
      'frames: 7, 1-10, 1-100x3, 5,7,20-30, 10-1, 1-100:8, 1-100:flm (below; default: 0, or one turn of --turntable)',
      parseFrames,
    )
    .addOption(
      new Option('--size <WxH>', 'size in pixels').argParser(parseSize).default(parseSize('1280x720'), '1280x720'),
    )
    .option('-o, --out <folder>', 'where frames go', 'out')
    .optionsGroup('Camera:')
    .option(
      '--camera <name>',
      'a camera of the scene, auto (default), or position and target, x,y,z:x,y,z, and lens (below); may be repeated',
      several(parseCamera),
    )
    .option(
      '--camera-path <file>',
      'a camera that moves as a JSON file says (below); may be repeated',
      several((path) => path),
    )
    .option(
      '--turntable [frames]',
      'the camera circles the scene once in so many frames (default: as many as --frames has)',
      wholeNumber('--turntable', 1, LIMITS.frameNumber),
    )
    .option('--f-stop <n>', 'depth of field: focal length over aperture', number('--f-stop'))
    .option('--focus-distance <m>', 'metres to what is in focus, or auto (default)', parseFocusDistance)
    .option(
      '--shutter-angle <deg>',
      'motion blur: 0 (default) to 360, the time to the next frame',
      number('--shutter-angle'),
    )
    .optionsGroup('Animation:')
    .option('--clip <name>', 'animation clip (default: the first); may be repeated: they play at once', several(String))
    .option('--clip-start <sec>', 'time of the clip at frame 0 (default: 0)', number('--clip-start'))
    .option('--clip-end <sec>', 'time of the clip at which it is over (default: its end)', number('--clip-end'))
    .addOption(new Option('--loop <how>', 'what comes then (default: repeat)').choices(['repeat', 'once', 'pingpong']))
    .option('--fps <n>', 'frame n shows the scene at n ÷ fps seconds', number('--fps'))
    .optionsGroup('Objects and materials:')
    .option('--variant <name>', 'variant of the materials')
    .option('--hide <node>', 'hides a node and what hangs below it; may be repeated', several(String))
    .option('--show <node>', 'shows a node that is hidden; may be repeated', several(String))
    .option(
      '--material <name.prop=value>',
      'changes a material, as in Paint.baseColor=#ff0000 (below); may be repeated',
      several(parseMaterial),
    )
    .option(
      '--set <pointer=value>',
      'sets a property of the glTF by its JSON Pointer (below); may be repeated',
      several(parsePointer),
    )
    .optionsGroup('Light:')
    .option(
      '--environment <name|file>',
      'light from all around: a name (below; default: studio), scene for the scene’s own, or a panorama .hdr or .exr of this disk',
    )
    .option('--environment-rotation <deg>', 'turns it, -360 to 360', number('--environment-rotation'))
    .option('--environment-intensity <n>', 'on its light, 0 to 1000', number('--environment-intensity'))
    .option(
      '--sun <height,azimuth[,haze]>',
      'sun and sky instead of the environment, degrees above the horizon and clockwise from north (-z); haze 2 to 10 (default: 3)',
      parseSun,
    )
    .option(
      '--background <what>',
      'behind the scene: neutral (default), environment, transparent, or a colour as #rrggbb',
      parseBackground,
    )
    .addOption(new Option('--transparent', 'short for --background transparent').conflicts('background'))
    .option('--background-blur <0-1>', 'of the environment behind the scene', number('--background-blur'))
    .addOption(
      new Option(
        '--shadow-catcher [height]',
        'ground that shows only shadows, at this height in metres (default: below the scene); not of path tracing with WebGPU',
      )
        .argParser(parseShadowCatcher)
        .preset('auto'),
    )
    .optionsGroup('Colour:')
    .option('--exposure <ev>', 'exposure in stops, -20 to 20 (default: 0)', number('--exposure'))
    .addOption(
      new Option('--tone-mapping <curve>', 'how light becomes a picture (default: neutral)').choices([
        'agx',
        'aces',
        'neutral',
        'none',
      ]),
    )
    .option('--lut <file>', 'look-up table .cube of this disk, applied after tone mapping to what a display shows')
    .optionsGroup('Engine:')
    .addOption(
      new Option('--engine <engine>', 'how light is computed').choices(['raster', 'pathtrace']).default('raster'),
    )
    .addOption(
      new Option(
        '--backend <interface>',
        'graphics interface; auto is the one that the worker was found to draw that engine best with',
      )
        .choices(['auto', 'webgl', 'webgpu'])
        .default('auto'),
    )
    .option(
      '--samples <n>',
      `samples a pixel (default: ${DEFAULT_SAMPLES.raster}, of path tracing ${DEFAULT_SAMPLES.pathtrace})`,
      wholeNumber('--samples', 1, LIMITS.frameSamples),
    )
    .option(
      '--bounces <n>',
      'path tracing: how often light is scattered; 1 is direct light (default: 8)',
      wholeNumber('--bounces', 1, LIMITS.lightBounces),
    )
    .option(
      '--noise-threshold <0-1>',
      'path tracing: stops before --samples when the estimated relative error is below, as 0.05',
      number('--noise-threshold'),
    )
    .option(
      '--time-limit <sec>',
      'path tracing: delivers a frame with the samples that it has after so long',
      number('--time-limit'),
    )
    .option(
      '--clamp <light>',
      'path tracing: most indirect light of a sample, 1 is white; against lone bright pixels (default: 0, no bound)',
      number('--clamp'),
    )
    .option(
      '--filter-glossy <0-1>',
      'path tracing: blurs reflections seen in rougher surfaces (default: 0)',
      number('--filter-glossy'),
    )
    .option('--denoise', 'path tracing: takes noise out; the pass noisy keeps the picture as it was')
    .option(
      '--tiles <CxR>',
      'divides each frame into blocks, columns and rows, one task each; very large ones are divided by themselves',
      parseTiles,
    )
    .option(
      '--split-samples <n>',
      'divides the samples of each frame, or block, into so many ranges of 16 or more, one task each',
      wholeNumber('--split-samples', 1, LIMITS.frameParts),
    )
    .option('--chunk <n|s>', 'frames of one task, or the time that they should take: 4, 30s (default: 1)', parseChunk)
    .optionsGroup('Files:')
    .addOption(new Option('--format <format>', 'file format').choices(ImageFormat.enum).default('png'))
    .addOption(
      new Option('--bit-depth <bits>', 'of a channel, as the format has it (table below)').argParser(parseBitDepth),
    )
    .option(
      '--passes <names>',
      `what a frame holds, with commas between: ${Pass.enum.join(', ')} (default: beauty)`,
      parsePasses,
    )
    .option('--separate-passes', 'a file of each pass in OpenEXR too: depth/0001.exr')
    .option('--quality <1-100>', 'of JPEG, WebP and AVIF', wholeNumber('--quality', 1, 100));
  withFilms(command.optionsGroup('Film:'));
  withJob(command.optionsGroup('Job:')).option(
    '--estimate',
    'says what it would take, and renders nothing; a few pictures with few samples may be drawn for that',
  );
  withConnection(command.optionsGroup('Farm:'))
    .addHelpText('after', wrapHelp(RENDER_HELP))
    .action(async (source: string, options: RenderOptions) => {
      process.exitCode = await run(source, options);
    });
}

async function run(source: string, options: RenderOptions): Promise<number> {
  const paths = await Promise.all((options.cameraPath ?? []).map((path) => readCameraPath(path, options.fps)));
  const layer = layerOf({ ...options, ...framesOf(options, paths) });
  checkSettings(layer);
  refuseAsset(source);
  const named = options.environment === undefined ? undefined : await checkEnvironment(options.environment);
  if (options.lut !== undefined) await checkAsset('--lut', options.lut, 'lut');
  if (options.audio !== undefined) await checkSound(options.audio);
  const farm = connect(options);
  const signal = abortOnInterrupt();
  const status = new StatusLine(process.stderr);
  const observer = options.json ? jsonReporter(console.log) : progressReporter(status);
  const startedMs = Date.now();
  const memory = new UploadMemory(join(homedir(), '.cache', 'kiln', 'uploads.json'));
  const add = (option: string, path: string) => addAsset(farm, option, path, memory, observer, signal);
  try {
    const { environment = '', lut } = options;
    const look = {
      ...(named === undefined ? {} : { environment: named ?? (await add('--environment', environment)) }),
      ...(lut === undefined ? {} : { lut: await add('--lut', lut) }),
    };
    const request = {
      source,
      folder: options.out,
      memory,
      ...(options.audio === undefined ? {} : { audio: options.audio }),
      job: {
        layers: cameraLayers({ ...layer, ...look }, [...(options.camera ?? []), ...paths]),
        ...jobOf(options),
      },
    };
    if (options.estimate) {
      const { body } = await prepareJob(farm, request, observer, signal);
      const made = await estimateJob(farm, body, observer, signal);
      status.clear();
      if (options.json) observer.estimated(made.estimate);
      else console.log(estimateLayers(made.estimate));
      return EXIT.ok;
    }
    const job = await render(farm, request, observer, signal);
    status.clear();
    return tellEnd(job, options.out, Date.now() - startedMs, options.json ?? false);
  } finally {
    status.clear();
  }
}

/** An option that may be repeated. */
const several =
  <T>(parse: (text: string) => T) =>
  (text: string, before: readonly T[] = []): readonly T[] => [...before, parse(text)];

/** What is left of the options when all is gone that is not about the picture. */
function layerOf(options: RenderOptions): LayerRequest {
  const {
    url,
    apiKey,
    json,
    out,
    name,
    priority,
    classPolicy,
    frameTimeout,
    maxFailed,
    after,
    budget,
    testFrames,
    approve,
    notify,
    tag,
    user,
    limits,
    maxSlots,
    maxPerHost,
    camera,
    cameraPath,
    exposure,
    environmentRotation,
    transparent,
    estimate,
    frames,
    turntable,
    fStop,
    focusDistance,
    shutterAngle,
    timeLimit,
    clamp,
    clip,
    clipStart,
    clipEnd,
    loop,
    material,
    set,
    environment: _environment,
    lut: _lut,
    require: _require,
    film,
    filmCodec,
    contactSheet,
    audio,
    ...layer
  } = options;
  return {
    ...layer,
    ...turntableOf(frames, turntable),
    ...filmsOf(film, filmCodec, contactSheet, audio),
    ...lensOf(fStop, focusDistance),
    ...clipsOf(clip),
    ...(clipStart === undefined ? {} : { clipStartSec: clipStart }),
    ...(clipEnd === undefined ? {} : { clipEndSec: clipEnd }),
    ...(loop === undefined ? {} : { clipLoop: loop }),
    ...(material === undefined ? {} : { materials: [...material] }),
    ...(set === undefined ? {} : { pointers: [...set] }),
    ...(shutterAngle === undefined ? {} : { shutterAngleDeg: shutterAngle }),
    ...(timeLimit === undefined ? {} : { timeLimitSec: timeLimit }),
    ...(clamp === undefined ? {} : { clampIndirect: clamp }),
    ...(transparent ? { background: 'transparent' } : {}),
    ...(exposure === undefined ? {} : { exposureEv: exposure }),
    ...(environmentRotation === undefined ? {} : { environmentRotationDeg: environmentRotation }),
  };
}
