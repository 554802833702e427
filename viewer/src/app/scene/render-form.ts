/** What the render panel holds, and how it becomes a look for the live view and a job for the farm. */
import {
  BitDepth,
  checkImageFormat,
  defaultBitDepth,
  type Engine,
  type ExplicitCamera,
  frameCount,
  ID_PREFIXES,
  IMAGE_FORMATS,
  type ImageFormat,
  type ImportReport,
  JobRequest,
  KilnError,
  LIMITS,
  matches,
  type Pass,
  parseFrameRange,
  RenderSettings,
} from '@kiln/shared';

import type { Look } from '../../live/live-viewport.ts';
import { type FilmChoice, filmFault, filmsOf } from './film-choice.ts';

export type CameraPick =
  | { readonly kind: 'auto' }
  | { readonly kind: 'scene'; readonly name: string }
  /** Where the person has turned the live view to. */
  | { readonly kind: 'current' };

export interface RenderForm {
  readonly camera: CameraPick;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly frames: string;
  readonly format: ImageFormat;
  readonly bitDepth: BitDepth;
  /** Of formats with layers; others have the picture alone. */
  readonly passes: readonly Pass[];
  readonly quality: number;
  /** Made of the frames, beside them. */
  readonly film: FilmChoice;
  readonly engine: Engine;
  /** Of the engine raster. */
  readonly samples: number;
  /** Of path tracing: its own, for it needs many. */
  readonly tracedSamples: number;
  readonly bounces: number;
  readonly noiseThreshold: number;
  readonly timeLimitSec: number;
  readonly clampIndirect: number;
  readonly filterGlossy: number;
  readonly denoise: boolean;
  readonly fps: number;
  /** Null when the scene has no clips. */
  readonly clip: string | null;
  readonly toneMapping: RenderSettings['toneMapping'];
  readonly exposureEv: number;
  readonly background: RenderSettings['background'];
  readonly lut: RenderSettings['lut'];
  readonly environment: RenderSettings['environment'];
  readonly sun: RenderSettings['sun'];
  readonly environmentRotationDeg: number;
  readonly environmentIntensity: number;
  readonly backgroundBlur: number;
  /** Null is as the file has it. */
  readonly variant: string | null;
  /** Depth of field, by the aperture and the distance of what is sharp. */
  readonly hasLens: boolean;
  readonly fStop: number;
  readonly isFocusAuto: boolean;
  readonly focusDistanceM: number;
  /** Motion blur: 0 has none. */
  readonly shutterAngleDeg: number;
  readonly isTurning: boolean;
  readonly turntableFrames: number;
}

export interface SizePreset {
  readonly name: string;
  readonly widthPx: number;
  readonly heightPx: number;
}

export const SIZE_PRESETS: readonly SizePreset[] = [
  { name: 'Small', widthPx: 640, heightPx: 360 },
  { name: 'HD', widthPx: 1_280, heightPx: 720 },
  { name: 'Full HD', widthPx: 1_920, heightPx: 1_080 },
  { name: '4K', widthPx: 3_840, heightPx: 2_160 },
  { name: 'Square', widthPx: 1_080, heightPx: 1_080 },
  { name: 'Portrait', widthPx: 1_080, heightPx: 1_920 },
];

const DEFAULT_FPS = 24;

export function defaultForm(report: ImportReport | null): RenderForm {
  const clip = report?.clips[0];
  return {
    camera: { kind: 'auto' },
    widthPx: 1_280,
    heightPx: 720,
    frames: clip ? allFrames(clipFrames(clip.durationSec, DEFAULT_FPS)) : '0',
    format: 'png',
    bitDepth: defaultBitDepth('png'),
    passes: ['beauty'],
    quality: 90,
    film: 'none',
    engine: 'raster',
    samples: 1,
    tracedSamples: 64,
    bounces: 8,
    noiseThreshold: 0,
    timeLimitSec: 0,
    clampIndirect: 0,
    filterGlossy: 0,
    denoise: false,
    fps: DEFAULT_FPS,
    clip: clip?.name ?? null,
    toneMapping: 'neutral',
    exposureEv: 0,
    background: 'neutral',
    lut: null,
    environment: 'studio',
    sun: null,
    environmentRotationDeg: 0,
    environmentIntensity: 1,
    backgroundBlur: 0.35,
    variant: null,
    hasLens: false,
    fStop: 2.8,
    isFocusAuto: true,
    focusDistanceM: 2,
    shutterAngleDeg: 0,
    isTurning: false,
    turntableFrames: 48,
  };
}

/** Frames of a clip that plays once; at least one. */
export const clipFrames = (durationSec: number, fps: number): number =>
  Math.max(1, Math.round(durationSec * (fps > 0 ? fps : DEFAULT_FPS)));

export const allFrames = (frames: number): string => (frames > 1 ? `0-${frames - 1}` : '0');

/** What was kept of an earlier form, as far as the farm would still take it; the rest as `base`. */
export function restoreForm(base: RenderForm, kept: unknown): RenderForm {
  if (typeof kept !== 'object' || kept === null) return base;
  const usable = Object.entries(kept).filter(([name, value]) => {
    const known = Object.entries(base).find(([key]) => key === name)?.[1];
    if (name === 'bitDepth') return matches(BitDepth, value);
    if (name === 'environment') return matches(RenderSettings.properties.environment, value);
    if (name === 'sun') return matches(RenderSettings.properties.sun, value);
    if (name === 'lut') return matches(RenderSettings.properties.lut, value);
    if (name === 'passes') return matches(RenderSettings.properties.passes, value);
    if (name === 'variant') return typeof value === 'string';
    return known !== undefined && name !== 'clip' && typeof value === typeof known && value !== null;
  });
  const form: RenderForm = { ...base, ...Object.fromEntries(usable) };
  return matches(JobRequest, jobRequest(form, ANY_SCENE, null)) ? withFormat(form, form.format) : base;
}

/** The form with another format, and a bit depth that it has. */
export function withFormat(form: RenderForm, format: ImageFormat): RenderForm {
  const { bitDepths } = IMAGE_FORMATS[format];
  return { ...form, format, bitDepth: bitDepths.includes(form.bitDepth) ? form.bitDepth : defaultBitDepth(format) };
}

/** Stands for the scene where only the rest of a job counts. */
const ANY_SCENE = { id: `${ID_PREFIXES.scene}_${'0'.repeat(20)}`, name: 'scene' };

export type FramesCheck =
  | { readonly ok: true; readonly count: number }
  | { readonly ok: false; readonly message: string; readonly position: number };

export function checkFrames(expression: string): FramesCheck {
  try {
    return { ok: true, count: frameCount(parseFrameRange(expression)) };
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    return { ok: false, message: error.message, position: error.position ?? 0 };
  }
}

export type FormField =
  | 'size'
  | 'bitDepth'
  | 'frames'
  | 'quality'
  | 'film'
  | 'engine'
  | 'samples'
  | 'bounces'
  | 'noiseThreshold'
  | 'timeLimitSec'
  | 'clampIndirect'
  | 'filterGlossy'
  | 'fps'
  | 'exposureEv'
  | 'lens'
  | 'fStop'
  | 'focusDistanceM'
  | 'turntableFrames'
  | 'background'
  | 'camera';

/** What the chosen engine draws a pixel with. */
const samplesOf = ({ engine, samples, tracedSamples }: RenderForm) => (engine === 'raster' ? samples : tracedSamples);

const between = (value: number, min: number, max: number) => Number.isFinite(value) && value >= min && value <= max;
const whole = (value: number, min: number, max: number) => Number.isInteger(value) && between(value, min, max);

/**
 * What keeps the form from being submitted, by field.
 *
 * @param camera where the live view looks from, null while it shows nothing.
 */
export function faultsOf(
  form: RenderForm,
  camera: ExplicitCamera | null,
  { gaps = [], cameras = [], triangles = 0 }: Partial<Pick<ImportReport, 'gaps' | 'cameras' | 'triangles'>>,
): Partial<Record<FormField, string>> {
  const faults: Partial<Record<FormField, string>> = {};
  const edge = LIMITS.frameEdgePx;
  if (!whole(form.widthPx, 1, edge) || !whole(form.heightPx, 1, edge)) {
    faults.size = `Width and height are whole numbers from 1 to ${edge}.`;
  } else if (form.widthPx * form.heightPx > LIMITS.framePixels) {
    faults.size = `A frame has at most ${LIMITS.framePixels.toLocaleString('en')} pixels.`;
  }
  Object.assign(faults, faults.size ? {} : formatFault(form));
  const isDenoised = form.engine === 'pathtrace' && form.denoise;
  if (!faults.size && isDenoised && form.widthPx * form.heightPx > LIMITS.passPixels) {
    faults.size = `A frame that is denoised has at most ${LIMITS.passPixels.toLocaleString('en')} pixels.`;
  }
  const frames = checkFrames(form.frames);
  if (!frames.ok) faults.frames = frames.message;
  else Object.assign(faults, filmFault(form, frames.count));
  if (IMAGE_FORMATS[form.format].hasQuality && !whole(form.quality, 1, 100))
    faults.quality = 'A whole number from 1 to 100.';
  const missing = gaps.filter(({ engine }) => engine === form.engine).map(({ what }) => what);
  if (missing.length > 0) faults.engine = `It cannot draw all of this scene: ${missing.join(', ')}.`;
  if (form.engine === 'pathtrace' && triangles > LIMITS.tracedTriangles) {
    const most = LIMITS.tracedTriangles.toLocaleString('en');
    faults.engine = `It takes at most ${most} triangles, and this scene draws ${triangles.toLocaleString('en')}.`;
  }
  if (!whole(samplesOf(form), 1, LIMITS.frameSamples)) {
    faults.samples = `A whole number from 1 to ${LIMITS.frameSamples}.`;
  }
  if (form.engine === 'pathtrace') Object.assign(faults, tracingFaults(form));
  if (!between(form.fps, LIMITS.fpsMin, LIMITS.fpsMax)) faults.fps = 'A number from 0.001 to 1,000.';
  if (!between(form.exposureEv, -20, 20)) faults.exposureEv = 'A number from −20 to 20.';
  Object.assign(faults, motionFaults(form, cameras));
  if (form.camera.kind === 'current' && !camera) {
    faults.camera = 'The live view has not shown the scene yet. Choose another camera, or wait for it.';
  }
  return faults;
}

/** Of depth of field and the turntable. */
function motionFaults(form: RenderForm, cameras: ImportReport['cameras']): Partial<Record<FormField, string>> {
  const faults: Partial<Record<FormField, string>> = {};
  if (form.isTurning && !whole(form.turntableFrames, 1, LIMITS.frameNumber)) {
    faults.turntableFrames = `A whole number from 1 to ${LIMITS.frameNumber.toLocaleString('en')}.`;
  }
  if (!form.hasLens) return faults;
  if (!between(form.fStop, 0.001, 1_000)) faults.fStop = 'A number from 0.001 to 1,000.';
  if (!form.isFocusAuto && !between(form.focusDistanceM, 1e-6, 1e9)) faults.focusDistanceM = 'Metres, above 0.';
  const name = cameraName(form.camera);
  if (cameras.find((camera) => camera.name === name)?.kind === 'orthographic') {
    faults.lens = 'An orthographic camera has no depth of field. Choose another, or turn this off.';
  }
  return faults;
}

/** Depth of field and motion blur are made of many samples. */
export const isSharpForWantOfSamples = (form: RenderForm): boolean =>
  samplesOf(form) === 1 && (form.hasLens || form.shutterAngleDeg > 0);

/** What the job will have and the live view does not show, in words. */
export function notInLiveView({ engine, hasLens, shutterAngleDeg, isTurning }: RenderForm): string[] {
  return [
    ...(engine === 'pathtrace' ? ['path tracing'] : []),
    ...(hasLens ? ['depth of field'] : []),
    ...(shutterAngleDeg > 0 ? ['motion blur'] : []),
    ...(isTurning ? ['the turntable'] : []),
  ];
}

/** Of what only path tracing has. */
function tracingFaults(form: RenderForm): Partial<Record<FormField, string>> {
  const mostSec = LIMITS.tracedFrameTimeoutMs / 1_000 - 1;
  return {
    ...(whole(form.bounces, 1, LIMITS.lightBounces)
      ? {}
      : { bounces: `A whole number from 1 to ${LIMITS.lightBounces}.` }),
    ...(between(form.noiseThreshold, 0, 1) ? {} : { noiseThreshold: 'A number from 0 to 1.' }),
    ...(between(form.timeLimitSec, 0, mostSec) ? {} : { timeLimitSec: `A number from 0 to ${mostSec}.` }),
    ...(between(form.clampIndirect, 0, 1_000_000) ? {} : { clampIndirect: 'A number from 0 to 1,000,000.' }),
    ...(between(form.filterGlossy, 0, 1) ? {} : { filterGlossy: 'A number from 0 to 1.' }),
  };
}

/** What the file is to hold. */
function passesOf({ format, passes, engine, denoise }: PassChoice): Pass[] {
  if (!IMAGE_FORMATS[format].hasLayers) return ['beauty'];
  const known = passes.filter((pass) => pass !== 'noisy' || (engine === 'pathtrace' && denoise));
  return known.length > 0 ? known : ['beauty'];
}

type PassChoice = Pick<RenderForm, 'format' | 'passes' | 'engine' | 'denoise'>;

/** What the format cannot hold. */
function formatFault({
  widthPx,
  heightPx,
  ...form
}: RenderForm): Partial<Record<'size' | 'bitDepth' | 'background', string>> {
  try {
    checkImageFormat({ ...form, passes: passesOf(form), size: { widthPx, heightPx } }, '');
    return {};
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    return { [error.field?.slice(1) ?? 'size']: `${error.message}.` };
  }
}

/** Numbers that are being typed and make no sense yet fall back to what the live view can show. */
export function lookOf(form: RenderForm): Look {
  const camera = cameraName(form.camera);
  return {
    ...(camera === null ? {} : { camera }),
    // The live view is drawn by the engine raster.
    samples: form.engine === 'raster' && whole(form.samples, 1, LIMITS.frameSamples) ? form.samples : 1,
    clip: form.clip,
    fps: between(form.fps, LIMITS.fpsMin, LIMITS.fpsMax) ? form.fps : DEFAULT_FPS,
    toneMapping: form.toneMapping,
    exposureEv: between(form.exposureEv, -20, 20) ? form.exposureEv : 0,
    background: form.background,
    lut: form.lut,
    environment: form.environment,
    sun: form.sun,
    environmentRotationDeg: form.environmentRotationDeg,
    environmentIntensity: form.environmentIntensity,
    backgroundBlur: form.backgroundBlur,
    variant: form.variant,
  };
}

export const aspectOf = ({ widthPx, heightPx }: RenderForm): number =>
  between(widthPx, 1, LIMITS.frameEdgePx) && between(heightPx, 1, LIMITS.frameEdgePx) ? widthPx / heightPx : 16 / 9;

/** @param camera where the live view looks from, for the pick `current`. */
export function jobRequest(
  form: RenderForm,
  scene: { readonly id: string; readonly name: string },
  camera: ExplicitCamera | null,
): JobRequest {
  const { widthPx, heightPx, frames, format, bitDepth, passes: _, quality, film, tracedSamples, ...rest } = form;
  const { bounces, noiseThreshold, timeLimitSec, clampIndirect, filterGlossy, denoise, ...others } = rest;
  const { hasLens, fStop, isFocusAuto, focusDistanceM, isTurning, turntableFrames, ...look } = others;
  const tracing = { bounces, noiseThreshold, timeLimitSec, clampIndirect, filterGlossy, denoise };
  return {
    name: `${scene.name} ${frames}`.slice(0, LIMITS.nameChars),
    sceneId: scene.id,
    layers: [
      {
        ...look,
        samples: samplesOf(form),
        ...(form.engine === 'pathtrace' ? tracing : {}),
        ...(hasLens ? { lens: { fStop, focusDistanceM: isFocusAuto ? 'auto' : focusDistanceM } } : {}),
        ...(isTurning ? { turntable: { frames: turntableFrames } } : {}),
        camera: cameraChoice(form.camera, camera),
        size: { widthPx, heightPx },
        frames,
        format,
        bitDepth,
        ...(IMAGE_FORMATS[format].hasLayers ? { passes: passesOf(form) } : {}),
        ...(IMAGE_FORMATS[format].hasQuality ? { quality } : {}),
        ...(film === 'none' ? {} : { films: filmsOf(form) }),
      },
    ],
  };
}

function cameraChoice(pick: CameraPick, camera: ExplicitCamera | null): RenderSettings['camera'] {
  return cameraName(pick) ?? camera ?? 'auto';
}

/** As the farm knows it; null where the person's own is meant. */
const cameraName = (pick: CameraPick): string | null =>
  pick.kind === 'current' ? null : pick.kind === 'auto' ? 'auto' : pick.name;
