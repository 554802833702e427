/** What a layer asks of a picture: camera, size, engine, samples, format. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { DEFAULT_ENGINE, DEFAULT_SAMPLES } from '../engine-defaults.ts';
import { LIMITS } from '../limits.ts';
import { Name, STORABLE_CHARS } from '../storable-text.ts';
import { AssetReference, Background, LightSettings } from './light.ts';
import { SceneEdits } from './scene-edits.ts';

export const Size = Type.Object(
  {
    widthPx: Type.Integer({ minimum: 1, maximum: LIMITS.frameEdgePx }),
    heightPx: Type.Integer({ minimum: 1, maximum: LIMITS.frameEdgePx }),
  },
  { additionalProperties: false },
);
export type Size = Static<typeof Size>;

export const Engine = Type.Enum(['raster', 'pathtrace'], { description: 'How light is computed.' });
export type Engine = Static<typeof Engine>;

export const Backend = Type.Enum(['webgl', 'webgpu'], { description: 'The graphics interface an engine draws with.' });
export type Backend = Static<typeof Backend>;

/** What each can hold: `IMAGE_FORMATS`. */
export const ImageFormat = Type.Enum(['png', 'jpeg', 'webp', 'avif', 'tiff', 'exr']);
export type ImageFormat = Static<typeof ImageFormat>;
export const DEFAULT_FORMAT = 'png' satisfies ImageFormat;

/** Of each channel: integers of 8 or 16 bits, floats of 16 (`half`) or 32 (`float`). */
export const BitDepth = Type.Enum([8, 16, 'half', 'float']);
export type BitDepth = Static<typeof BitDepth>;

/**
 * What a frame holds: the picture (`beauty`), the same before it was denoised (`noisy`), and what stands at each pixel:
 * depth along the view axis and position in metres, normal (both in the world), the surface's colour and the light that it
 * emits, how it moves until the next frame, the picture's samples, and mattes of objects and of materials (Cryptomatte).
 */
export const Pass = Type.Enum([
  'beauty',
  'noisy',
  'depth',
  'normal',
  'position',
  'albedo',
  'emission',
  'motion',
  'samples',
  'crypto-object',
  'crypto-material',
]);
export type Pass = Static<typeof Pass>;

export const ToneMapping = Type.Enum(['agx', 'aces', 'neutral', 'none']);
export type ToneMapping = Static<typeof ToneMapping>;

/** Height in millimetres of a sensor of 36 × 24 mm: what a focal length means where nothing else is said. */
export const FULL_FRAME_HEIGHT_MM = 24;

/** A point or direction in the scene's world, metres, right-handed, y up. */
export const Vector3 = Type.Tuple([Type.Number(), Type.Number(), Type.Number()]);
export type Vector3 = Static<typeof Vector3>;

const Up = Type.Optional(
  Type.Tuple(Vector3.items, {
    description: 'What is up in the picture; y when absent, −z for a look straight up or down.',
  }),
);

/** A camera that is not in the scene: what the viewer's orbit leaves behind. */
export const ExplicitCamera = Type.Object(
  {
    position: Vector3,
    target: Vector3,
    fovDeg: Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 180, description: 'Vertical field of view.' }),
    up: Up,
  },
  { additionalProperties: false },
);
export type ExplicitCamera = Static<typeof ExplicitCamera>;

const FocalLengthCamera = Type.Object(
  {
    position: Vector3,
    target: Vector3,
    focalLengthMm: Type.Number({ minimum: 0.1, maximum: 10_000 }),
    sensorHeightMm: Type.Optional(
      Type.Number({ minimum: 0.1, maximum: 1_000, description: 'That of 36 × 24 mm when absent.' }),
    ),
    up: Up,
  },
  { additionalProperties: false },
);

const ParallelCamera = Type.Object(
  {
    position: Vector3,
    target: Vector3,
    heightM: Type.Number({
      minimum: 1e-6,
      maximum: 1e9,
      description: 'Metres that an orthographic picture is high.',
    }),
    up: Up,
  },
  { additionalProperties: false },
);

/** A camera given by numbers: by its field of view, its focal length, or without perspective. */
const PlacedCamera = Type.Union([ExplicitCamera, FocalLengthCamera, ParallelCamera]);
export type PlacedCamera = Static<typeof PlacedCamera>;

const Coordinate = Type.Number({ minimum: -LIMITS.liveCoordinateM, maximum: LIMITS.liveCoordinateM });
/** Where something stands, in metres. */
export const Position = Type.Tuple([Coordinate, Coordinate, Coordinate]);

const Part = Type.Number({ minimum: -2, maximum: 2 });

/** Where a viewer's camera is, bit by bit: what a live view is drawn from. */
export const Pose = Type.Object(
  {
    position: Position,
    quaternion: Type.Tuple([Part, Part, Part, Part], {
      description: 'Unit quaternion x, y, z, w; the camera looks along its −z.',
    }),
    fovDeg: ExplicitCamera.properties.fovDeg,
    targetDistanceM: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description: 'Metres to what the camera looks at, where a lens that focuses by itself is to know it.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type Pose = Static<typeof Pose>;

/** A moment of a camera's path: at a frame or at a time, a camera by numbers. */
const PathKey = Type.Object(
  {
    frame: Type.Optional(Type.Number({ minimum: -LIMITS.frameNumber, maximum: LIMITS.frameNumber })),
    timeSec: Type.Optional(Type.Number({ minimum: -LIMITS.pathSec, maximum: LIMITS.pathSec })),
    position: Vector3,
    target: Vector3,
    fovDeg: Type.Optional(ExplicitCamera.properties.fovDeg),
    focalLengthMm: Type.Optional(FocalLengthCamera.properties.focalLengthMm),
    sensorHeightMm: FocalLengthCamera.properties.sensorHeightMm,
    heightM: Type.Optional(ParallelCamera.properties.heightM),
    up: Up,
  },
  { additionalProperties: false },
);
export type PathKey = Static<typeof PathKey>;

/** A camera that moves from key to key. `pathCamera` says where it is in between. */
export const CameraPath = Type.Object(
  {
    path: Type.Array(PathKey, {
      minItems: 1,
      maxItems: LIMITS.pathKeys,
      description:
        'Each later than the one before, by `frame` or by `timeSec`; all with the same kind of lens. Before the first and after the last the camera stands still.',
    }),
    interpolation: Type.Optional(
      Type.Enum(['smooth', 'linear'], {
        default: 'smooth',
        description: 'Between keys: on a centripetal Catmull–Rom curve, or straight.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type CameraPath = Static<typeof CameraPath>;

export const CameraChoice = Type.Union([Name, ...PlacedCamera.anyOf, Pose, CameraPath], {
  default: 'auto',
  description:
    'Name of a camera in the scene; `auto`: the scene framed from three quarters; position and target; the pose of a live view; or a path of position and target.',
});
export type CameraChoice = Static<typeof CameraChoice>;

/** A camera that circles the middle of the scene. */
export const Turntable = Type.Object(
  { frames: Type.Integer({ minimum: 1, maximum: LIMITS.frameNumber, description: 'Frames that one turn takes.' }) },
  {
    additionalProperties: false,
    description:
      'Frame n is seen 360° · n ÷ frames further around the scene, counter-clockwise from above; `auto` sees all of it from each side.',
  },
);
export type Turntable = Static<typeof Turntable>;

/** A lens whose aperture lets through more than one point sees: what is out of focus becomes a disc. */
export const ThinLens = Type.Object(
  {
    fStop: Type.Number({
      minimum: 0.001,
      maximum: 1_000,
      description:
        'Focal length over diameter of the aperture. A field of view is taken as that of a sensor 24 mm high.',
    }),
    focusDistanceM: Type.Union([Type.Literal('auto'), Type.Number({ minimum: 1e-6, maximum: 1e9 })], {
      default: 'auto',
      description:
        'Metres along the line of sight; `auto`: to the target of a camera by numbers, else to the middle of the scene.',
    }),
  },
  {
    additionalProperties: false,
    description: 'Depth of field. Of raster, as smooth as there are samples; one is a pinhole.',
  },
);
export type ThinLens = Static<typeof ThinLens>;

/** A clip in a file may be named by nothing. */
const ClipName = Type.String({ maxLength: LIMITS.nameChars, pattern: `^${STORABLE_CHARS}*$` });

/** Which part of a clip is played, and what with. */
export const ClipSettings = Type.Object({
  moreClips: Type.Array(ClipName, {
    maxItems: LIMITS.playedClips,
    default: [],
    description: 'Clips that play at the same time. What two of them move stands in the middle.',
  }),
  clipStartSec: Type.Number({
    minimum: 0,
    maximum: LIMITS.clipSec,
    default: 0,
    description: 'Time of the clip that frame 0 shows.',
  }),
  clipEndSec: Type.Union([Type.Number({ exclusiveMinimum: 0, maximum: LIMITS.clipSec }), Type.Null()], {
    default: null,
    description: 'Time of the clip at which it is over; null is its end.',
  }),
  clipLoop: Type.Enum(['repeat', 'once', 'pingpong'], {
    default: 'repeat',
    description: 'What comes then: it begins again, stands still, or runs back and forth.',
  }),
});
export type ClipSettings = Static<typeof ClipSettings>;

/**
 * Everything that, with the scene's hash and the frame number, decides a frame's pixels. Complete: defaults are filled
 * in at submission, so that two equal settings are equal as JSON.
 */
export const RenderSettings = Type.Object(
  {
    camera: CameraChoice,
    turntable: Type.Union([Turntable, Type.Null()], { default: null }),
    lens: Type.Union([ThinLens, Type.Null()], { default: null }),
    size: Size,
    engine: Type.Enum(['raster', 'pathtrace'], { default: DEFAULT_ENGINE }),
    backend: Type.Enum(['auto', 'webgl', 'webgpu'], { default: 'auto' }),
    samples: Type.Integer({
      minimum: 1,
      maximum: LIMITS.frameSamples,
      description: `Samples a pixel; ${DEFAULT_SAMPLES.raster} of raster, ${DEFAULT_SAMPLES.pathtrace} of path tracing, when absent. A raster sample is itself multisampled; more add jittered anti-aliasing. Path tracing needs many: fewer are noise.`,
    }),
    bounces: Type.Integer({
      minimum: 1,
      maximum: LIMITS.lightBounces,
      default: 8,
      description:
        'Of path tracing: how often light is scattered between a lamp and the camera, at most; 1 is direct light.',
    }),
    noiseThreshold: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 0,
      description:
        'Of path tracing: a frame is done, before all its samples are drawn, when its estimated relative error is below this; 0 draws all. Looked at after 16 samples, 32, 64 …',
    }),
    timeLimitSec: Type.Number({
      minimum: 0,
      maximum: LIMITS.frameTimeoutMaxMs / 1_000,
      default: 0,
      description:
        'Of path tracing: a frame is done, with the samples that it has then, after so long a time of drawing; 0 is no limit.',
    }),
    clampIndirect: Type.Number({
      minimum: 0,
      maximum: 1_000_000,
      default: 0,
      description:
        'Of path tracing: most light that a sample gets by way of other surfaces, in multiples of white after exposure; 0 is no bound. Takes away lone bright pixels, and some light.',
    }),
    filterGlossy: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 0,
      description:
        'Of path tracing: how much smoother surfaces are blurred that are seen in rougher ones. Takes away noise of reflected reflections.',
    }),
    denoise: Type.Boolean({
      default: false,
      description:
        'Of path tracing: takes noise out of the picture, guided by albedo, normal and depth. The pass `noisy` keeps it.',
    }),
    format: Type.Enum(ImageFormat.enum, { default: DEFAULT_FORMAT }),
    bitDepth: Type.Enum(BitDepth.enum, {
      description:
        'Of a channel, as far as the format has it; 8, of OpenEXR half, when absent. With half and float the file holds linear light without tone mapping.',
    }),
    passes: Type.Array(Pass, {
      minItems: 1,
      uniqueItems: true,
      default: ['beauty'],
      description:
        'What a frame holds: layers of one OpenEXR; in other formats a file of each. Display formats hold no position, samples and noisy.',
    }),
    separatePasses: Type.Boolean({ default: false, description: 'A file of each pass in OpenEXR too.' }),
    quality: Type.Integer({ minimum: 1, maximum: 100, default: 90, description: 'Of JPEG, WebP and AVIF.' }),
    clip: Type.Union([ClipName, Type.Null()], {
      default: null,
      description: 'Animation clip by name; null plays the first one, if any.',
    }),
    fps: Type.Number({
      minimum: LIMITS.fpsMin,
      maximum: LIMITS.fpsMax,
      default: 24,
      description: 'Frame n shows the scene at n ÷ fps seconds.',
    }),
    ...ClipSettings.properties,
    shutterAngleDeg: Type.Number({
      minimum: 0,
      maximum: 360,
      default: 0,
      description:
        'Motion blur: how long the shutter is open from the frame’s time on; 360 is until the next frame. Its samples are spread over that time; one has none.',
    }),
    toneMapping: Type.Enum(['agx', 'aces', 'neutral', 'none'], { default: 'neutral' }),
    lut: Type.Union([AssetReference, Type.Null()], {
      default: null,
      description:
        'Look-up table that was uploaded, applied after tone mapping to what a display shows (sRGB, 0 to 1). Files of linear light, and a colour as the background, are without it.',
    }),
    exposureEv: Type.Number({ minimum: -20, maximum: 20, default: 0, description: 'Exposure in stops.' }),
    background: Background,
    ...LightSettings.properties,
    ...SceneEdits.properties,
  },
  { additionalProperties: false },
);
export type RenderSettings = Static<typeof RenderSettings>;
