import { homedir } from 'node:os';
import { join } from 'node:path';

import {
  assetKindOf,
  type CameraChoice,
  type ClipSettings,
  cameraLayers,
  ENVIRONMENT_NAMES,
  IMAGE_FORMATS,
  ImageFormat,
  KilnError,
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
import { FILM_HELP, type FilmOptions, filmsOf, withFilms } from '../film-options.ts';
import { abortOnInterrupt } from '../interrupt.ts';
import { type JobOptions, jobOf, withJob } from '../job-options.ts';
import { count, formatDuration, table } from '../output.ts';
import {
  checkSettings,
  clipsOf,
  lensOf,
  number,
  parseBackground,
  parseBitDepth,
  parseCamera,
  parseFocusDistance,
  parseFrames,
  parseMaterial,
  parsePasses,
  parsePointer,
  parseSize,
  parseSun,
  parseTiles,
  turntableOf,
  wholeNumber,
} from '../parse-options.ts';
import { framesOf, readCameraPath } from '../render/camera-path-file.ts';
import { jsonReporter } from '../render/json-reporter.ts';
import { progressReporter } from '../render/progress-reporter.ts';
import { failureOf, render } from '../render/render.ts';
import { checkSound } from '../render/sound.ts';
import { addAsset, checkAsset, checkEnvironment } from '../scene/add-asset.ts';
import { UploadMemory } from '../scene/upload-memory.ts';
import { StatusLine } from '../status-line.ts';

interface RenderOptions
  extends ConnectionOptions,
    FilmOptions,
    JobOptions,
    Omit<
      LayerRequest,
      'films' | 'name' | 'camera' | 'frames' | 'turntable' | 'lens' | 'clip' | 'moreClips' | 'environment' | 'lut'
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
}

const HELP = `
SOURCE is a .glb or .gltf file, a scene in another format (FBX, OBJ, USDZ, STL, PLY, Collada, 3MF, three.js JSON, or
a ZIP with one), a folder that holds one of them, or the id of a scene on the farm. Only what the farm does not have
yet is uploaded, and only files that the scene refers to.
A camera by numbers ends in its vertical field of view in degrees (1,1,3:0,0,0:40), its focal length in millimetres on a
sensor 24 mm high or as said (:35mm, :35mm/15.6mm), or the height in metres of a picture without perspective (:ortho=2.5);
:up=x,y,z says what is up.
Nodes, materials and variants are named as kiln scene show tells. Of a material: baseColor, emissive (#rrggbb, or r,g,b
linear), opacity, roughness, metalness, emissiveIntensity. A pointer is one of KHR_animation_pointer:
/nodes/3/translation=[0,1,0], /materials/0/pbrMetallicRoughness/baseColorFactor=[1,0,0,1]. Both hold where clips change it.
A camera path is [{"frame": 0, "position": [4,1,4], "target": [0,0,0], "focalLengthMm": 35}, …], a key for a frame or
"timeSec", in their order, each with "fovDeg", "focalLengthMm" or "heightM", and "up" if need be; or
{"interpolation": "linear", "path": […]} for straight ways.
With several cameras each has its own folder: OUT/CAMERA/0000.png.
${FILM_HELP}
Frames are written as OUT/0000.png …, each when it is complete. Ctrl-C cancels the job and exits with 130.

Examples:
  $ kiln render helmet.glb --frames 0 --size 1920x1080
  $ kiln render shots/flight-helmet --frames 1-48 --size 1280x720 --format jpeg --out frames/
  $ kiln render room.glb --engine pathtrace --samples 256 --bounces 12 --exposure 0.5
  $ kiln render room.glb --engine pathtrace --samples 1024 --noise-threshold 0.05 --time-limit 600 --clamp 10
  $ kiln render car.glb --turntable 48 --camera 4,1.5,4:0,0.5,0:50mm
  $ kiln render room.glb --format exr --passes beauty,depth,normal --samples 16
  $ kiln render room.glb --passes beauty,depth,normal --out out/    out/beauty/0001.png, out/depth/0001.png …
  $ kiln render car.glb --variant Red --hide Floor --material 'Rim.roughness=0.2'
  $ kiln render house.glb --sun 35,200 --background environment --engine pathtrace --samples 128
  $ kiln render car.glb --environment studio_8k.exr --background '#f4f4f2' --lut film.cube
  $ kiln render walk.glb --frames 0-95 --fps 23.976 --film mp4,webm --audio steps.wav --contact-sheet
  $ kiln render walk.glb --frames 1-100x3,200 --camera Front --json | jq .

Environments: ${ENVIRONMENT_NAMES.join(', ')}; or a file, twice as wide as high: Radiance RGBE, or OpenEXR of half or
float in scan lines or tiles (none, RLE, ZIPS, ZIP, PIZ, PXR24, B44, B44A, DWAA, DWAB; neither deep nor of several parts, nor DWAA in tiles), up to
8192 × 4096 and 256 MiB. Its light is taken as it is: linear, in Rec. 709 (other primaries are converted), in --environment-intensity 1.
A look-up table has up to 65³ or, of one dimension, 65536 entries; linear light (half, float) goes without it.

${formatTable()}
Bits 8 and 16 hold what a display shows (sRGB, tone mapped, alpha straight); half and float hold linear light (exposed, not
tone mapped, alpha associated). The first is the default.

Exit codes: 0 all frames done, 1 frames failed, 2 usage or bad input, 3 farm unreachable, 4 key missing, wrong
or not allowed to do this, 130 interrupted.
With --json each line is one event: upload, submitted, frame, film, done, error.`;

/** What each file format holds. */
function formatTable(): string {
  const rows = ImageFormat.enum.map((format) => {
    const { bitDepths, hasAlpha, extension, maxEdgePx } = IMAGE_FORMATS[format];
    return [format, `.${extension}`, bitDepths.join(', '), hasAlpha ? 'yes' : 'no', maxEdgePx.toLocaleString('en')];
  });
  return table(['Format', 'File', 'Bits a channel', 'Alpha', 'Longest edge, px'], rows);
}

export function addRenderCommand(program: Command): void {
  const command = program
    .command('render')
    .summary('render frames of a scene into a folder')
    .description('Uploads a scene if need be, renders frames of it and downloads them.')
    .argument('<source>', 'scene file, folder, or scene id')
    .option(
      '--frames <expr>',
      'frames: 7, 1-10, 1-100x3, 5,7,20-30, 10-1 (default: 0, or one turn of --turntable)',
      parseFrames,
    )
    .addOption(
      new Option('--size <WxH>', 'size in pixels').argParser(parseSize).default(parseSize('1280x720'), '1280x720'),
    )
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
    .addOption(
      new Option('--engine <engine>', 'how light is computed').choices(['raster', 'pathtrace']).default('raster'),
    )
    .addOption(
      new Option('--backend <interface>', 'graphics interface to draw with')
        .choices(['auto', 'webgl', 'webgpu'])
        .default('auto'),
    )
    .option('--samples <n>', 'samples a pixel', wholeNumber('--samples', 1, LIMITS.frameSamples), 1)
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
    .option('--denoise', 'path tracing: takes noise out; the pass noisy keeps the picture as it was')
    .addOption(new Option('--format <format>', 'file format').choices(ImageFormat.enum).default('png'))
    .addOption(
      new Option('--bit-depth <bits>', 'of a channel, as the format has it (table below)').argParser(parseBitDepth),
    )
    .option('--passes <names>', `what a frame holds: ${Pass.enum.join(',')} (default: beauty)`, parsePasses)
    .option('--separate-passes', 'a file of each pass in OpenEXR too: depth/0001.exr')
    .option('--quality <1-100>', 'of JPEG, WebP and AVIF', wholeNumber('--quality', 1, 100))
    .option(
      '--background <what>',
      'behind the scene: neutral (default), environment, transparent, or a colour as #rrggbb',
      parseBackground,
    )
    .option(
      '--environment <name|file>',
      'light from all around: a name (below; default: studio), or a panorama .hdr or .exr of this disk',
    )
    .option(
      '--sun <elevation,azimuth[,turbidity]>',
      'sun and sky instead of the environment, degrees above the horizon and clockwise from north (-z); haze 2 to 10 (default: 3)',
      parseSun,
    )
    .option('--environment-rotation <deg>', 'turns it, -360 to 360', number('--environment-rotation'))
    .option('--environment-intensity <factor>', 'on its light, 0 to 1000', number('--environment-intensity'))
    .option('--background-blur <0-1>', 'of the environment behind the scene', number('--background-blur'))
    .option('--exposure <ev>', 'exposure in stops, -20 to 20 (default: 0)', number('--exposure'))
    .addOption(
      new Option('--tone-mapping <curve>', 'how light becomes a picture (default: neutral)').choices([
        'agx',
        'aces',
        'neutral',
        'none',
      ]),
    )
    .option('--clip <name>', 'animation clip (default: the first); may be repeated: they play at once', several(String))
    .option('--lut <file>', 'look-up table .cube of this disk, applied after tone mapping to what a display shows')
    .option('--fps <n>', 'frame n shows the scene at n ÷ fps seconds', number('--fps'))
    .option('--clip-start <sec>', 'time of the clip at frame 0 (default: 0)', number('--clip-start'))
    .option('--clip-end <sec>', 'time of the clip at which it is over (default: its end)', number('--clip-end'))
    .addOption(new Option('--loop <how>', 'what comes then (default: repeat)').choices(['repeat', 'once', 'pingpong']))
    .option('--variant <name>', 'variant of the materials')
    .option('--hide <node>', 'hides a node and what hangs below it; may be repeated', several(String))
    .option('--show <node>', 'shows a node that is hidden; may be repeated', several(String))
    .option(
      '--material <name.property=value>',
      'changes a material, as in Paint.baseColor=#ff0000 (below); may be repeated',
      several(parseMaterial),
    )
    .option(
      '--set <pointer=value>',
      'sets a property of the glTF by its JSON Pointer (below); may be repeated',
      several(parsePointer),
    )
    .option(
      '--shutter-angle <deg>',
      'motion blur: 0 (default) to 360, the time to the next frame',
      number('--shutter-angle'),
    )
    .option('-o, --out <folder>', 'where frames go', 'out');
  withFilms(withJob(withConnection(command)))
    .addHelpText('after', HELP)
    .action(async (source: string, options: RenderOptions) => {
      process.exitCode = await run(source, options);
    });
}

async function run(source: string, options: RenderOptions): Promise<number> {
  const paths = await Promise.all((options.cameraPath ?? []).map((path) => readCameraPath(path, options.fps)));
  const layer = layerOf({ ...options, ...framesOf(options, paths) });
  checkSettings(layer);
  if (assetKindOf(source) !== null) {
    throw new KilnError('request.invalid', `“${source}” is no scene: name it with --environment or --lut.`, {
      field: 'SOURCE',
    });
  }
  const builtIn = options.environment === undefined ? undefined : await checkEnvironment(options.environment);
  if (options.lut !== undefined) await checkAsset('--lut', options.lut, 'lut');
  if (options.audio !== undefined) await checkSound(options.audio);
  const farm = connect(options);
  const signal = abortOnInterrupt();
  const status = new StatusLine(process.stderr);
  const observer = options.json ? jsonReporter(console.log) : progressReporter(status);
  const startedMs = Date.now();
  const memory = new UploadMemory(join(homedir(), '.cache', 'kiln', 'uploads.json'));
  const add = (path: string) => addAsset(farm, path, memory, observer, signal);
  try {
    const { environment = '', lut } = options;
    const look = {
      ...(builtIn === undefined ? {} : { environment: builtIn ?? (await add(environment)) }),
      ...(lut === undefined ? {} : { lut: await add(lut) }),
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
    const job = await render(farm, request, observer, signal);
    status.clear();
    const failure = failureOf(job);
    const tookMs = Date.now() - startedMs;
    if (options.json) {
      const { id: jobId, state, framesDone, framesFailed, filmsDone, filmsFailed } = job;
      const ended = { jobId, state, framesDone, framesFailed, filmsDone, filmsFailed };
      console.log(JSON.stringify({ event: 'done', ...ended, out: options.out, tookMs }));
    } else if (failure === null) {
      console.log(`${count(job.framesDone, 'frame')} in ${options.out} (${formatDuration(tookMs)})`);
    }
    if (failure !== null && !options.json) throw failure;
    return failure === null ? EXIT.ok : EXIT.failed;
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
    camera,
    cameraPath,
    exposure,
    environmentRotation,
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
    ...(exposure === undefined ? {} : { exposureEv: exposure }),
    ...(environmentRotation === undefined ? {} : { environmentRotationDeg: environmentRotation }),
  };
}
