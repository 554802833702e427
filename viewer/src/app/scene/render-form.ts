/** What the render panel holds, and how it becomes a look for the live view and a job for the farm. */
import {
  type BitDepth,
  CameraPath,
  type ClipSettings,
  cameraLayers,
  DEFAULT_SAMPLES,
  defaultBitDepth,
  type Engine,
  type ExplicitCamera,
  ID_PREFIXES,
  IMAGE_FORMATS,
  type ImageFormat,
  type ImportReport,
  isGridded,
  JobRequest,
  LIMITS,
  matches,
  type Pass,
  passesFor,
  RenderSettings,
  type SceneClip,
  type SceneEdits,
} from '@kiln/shared';

import type { Look } from '../../live/viewport-types.ts';
import { type AdvancedForm, advancedOf, chunkOf, USUAL_ADVANCED, withoutAdvanced } from './advanced-choice.ts';
import { type CameraForm, cameraName, camerasOf, NO_PATH } from './camera-choice.ts';
import { type FilmChoice, filmsOf } from './film-choice.ts';
import { type JobForm, jobChoiceOf, USUAL_JOB } from './job-choice.ts';
import { between, whole } from './ranges.ts';
import { WHOLE_FRAMES, type WorkForm, workOf } from './work-choice.ts';

export interface RenderForm
  extends CameraForm,
    WorkForm,
    JobForm,
    AdvancedForm,
    ClipSettings,
    Omit<SceneEdits, 'variant' | 'pointers'> {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly frames: string;
  readonly format: ImageFormat;
  readonly bitDepth: BitDepth;
  /** As far as the format can hold them. */
  readonly passes: readonly Pass[];
  /** A file of each, in formats with layers too. */
  readonly separatePasses: boolean;
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
  /** On ground below the scene, which shows nothing else. */
  readonly catchesShadow: boolean;
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
    moreCameras: [],
    path: NO_PATH,
    hide: [],
    show: [],
    materials: [],
    ...WHOLE_FRAMES,
    ...USUAL_JOB,
    ...USUAL_ADVANCED,
    widthPx: 1_280,
    heightPx: 720,
    frames: clip ? allFrames(clipFrames(clip.durationSec, DEFAULT_FPS)) : '0',
    format: 'png',
    bitDepth: defaultBitDepth('png'),
    passes: ['beauty'],
    separatePasses: false,
    quality: 90,
    film: 'none',
    engine: 'raster',
    samples: DEFAULT_SAMPLES.raster,
    tracedSamples: DEFAULT_SAMPLES.pathtrace,
    bounces: 8,
    noiseThreshold: 0,
    timeLimitSec: 0,
    clampIndirect: 0,
    filterGlossy: 0,
    denoise: false,
    fps: DEFAULT_FPS,
    clip: clip?.name ?? null,
    moreClips: [],
    clipStartSec: 0,
    clipEndSec: null,
    clipLoop: 'repeat',
    toneMapping: 'neutral',
    exposureEv: 0,
    background: 'neutral',
    lut: null,
    environment: 'studio',
    sun: null,
    environmentRotationDeg: 0,
    environmentIntensity: 1,
    backgroundBlur: 0.35,
    catchesShadow: false,
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

/** Seconds of a clip's part that is played; there and back where it is. */
export function playedSec(form: Omit<ClipSettings, 'moreClips'>, { durationSec }: SceneClip): number {
  const { clipStartSec, clipEndSec, clipLoop } = form;
  const sec = Math.min(clipEndSec ?? durationSec, durationSec) - clipStartSec;
  return clipLoop === 'pingpong' ? 2 * sec : sec;
}

/** Frames of a clip that plays once; at least one. */
export const clipFrames = (durationSec: number, fps: number): number =>
  Math.max(1, Math.round(durationSec * (fps > 0 ? fps : DEFAULT_FPS)));

export const allFrames = (frames: number): string => (frames > 1 ? `0-${frames - 1}` : '0');

/** Of the form as of the settings: lists, and what is not always of one type. */
const SEVERAL_KINDS = [
  ...(['bitDepth', 'environment', 'sun', 'lut', 'passes', 'moreClips'] as const),
  ...(['clipEndSec', 'hide', 'show', 'materials'] as const),
];

/** What was kept of an earlier form, as far as the farm would still take it; the rest as `base`. */
export function restoreForm(base: RenderForm, kept: unknown): RenderForm {
  if (typeof kept !== 'object' || kept === null) return base;
  const usable = Object.entries(kept).filter(([name, value]) => {
    const known = Object.entries(base).find(([key]) => key === name)?.[1];
    const several = SEVERAL_KINDS.find((key) => key === name);
    if (several) return value !== null && matches(RenderSettings.properties[several], value);
    if (name === 'path') return matches(CameraPath, value);
    if (name === 'variant') return typeof value === 'string';
    return known !== undefined && name !== 'clip' && typeof value === typeof known && value !== null;
  });
  const form: RenderForm = { ...base, ...Object.fromEntries(usable) };
  try {
    return matches(JobRequest, jobRequest(form, ANY_SCENE, null)) ? withFormat(form, form.format) : base;
  } catch {
    // Written by another version.
    return base;
  }
}

/** The form with another format, and a bit depth that it has. */
export function withFormat(form: RenderForm, format: ImageFormat): RenderForm {
  const { bitDepths } = IMAGE_FORMATS[format];
  return { ...form, format, bitDepth: bitDepths.includes(form.bitDepth) ? form.bitDepth : defaultBitDepth(format) };
}

/** Stands for the scene where only the rest of a job counts. */
const ANY_SCENE = { id: `${ID_PREFIXES.scene}_${'0'.repeat(20)}`, name: 'scene' };

/** What the chosen engine draws a pixel with. */
export const samplesOf = ({ engine, samples, tracedSamples }: RenderForm) =>
  engine === 'raster' ? samples : tracedSamples;

/** Depth of field and motion blur are made of many samples. */
export const isSharpForWantOfSamples = (form: RenderForm): boolean =>
  samplesOf(form) === 1 && (form.hasLens || form.shutterAngleDeg > 0);

/** What the file is to hold. */
export function passesOf({ format, bitDepth, passes, engine, denoise }: PassChoice): Pass[] {
  const isKept = (pass: Pass) => pass !== 'noisy' || (engine === 'pathtrace' && denoise);
  const known = passesFor(format, bitDepth).filter((pass) => passes.includes(pass) && isKept(pass));
  return known.length > 0 ? known : ['beauty'];
}

type PassChoice = Pick<RenderForm, 'format' | 'bitDepth' | 'passes' | 'engine' | 'denoise'>;

/** Numbers that are being typed and make no sense yet fall back to what the live view can show. */
export function lookOf(form: RenderForm): Look {
  const camera = cameraName(form.camera);
  return {
    ...(camera === null ? {} : { camera }),
    ...restLook(form),
    clip: form.clip,
    ...clipLook(form),
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
    shadowCatcher: catcherOf(form),
    variant: form.variant,
    hide: form.hide,
    show: form.show,
    materials: form.materials,
  };
}

/** [LV30] What the picture at rest comes to. */
function restLook(form: RenderForm) {
  const { engine, backend, bounces, noiseThreshold, clampIndirect, filterGlossy, denoise, shutterAngleDeg } = form;
  const samples = samplesOf(form);
  const tracing = engine === 'pathtrace' ? { bounces, noiseThreshold, clampIndirect, filterGlossy, denoise } : {};
  const asked = { engine, backend, lens: lensOf(form), shutterAngleDeg, ...tracing };
  const usable = Object.entries(asked).filter(([name, value]) =>
    matches(RenderSettings.properties[name as keyof typeof asked], value),
  );
  const valid: Partial<typeof asked> = Object.fromEntries(usable);
  return { samples: whole(samples, 1, LIMITS.frameSamples) ? samples : DEFAULT_SAMPLES[engine], ...valid };
}

type LensForm = Pick<RenderForm, 'hasLens' | 'fStop' | 'isFocusAuto' | 'focusDistanceM'>;

const lensOf = ({ hasLens, fStop, isFocusAuto, focusDistanceM }: LensForm): RenderSettings['lens'] =>
  hasLens ? { fStop, focusDistanceM: isFocusAuto ? 'auto' : focusDistanceM } : null;

const catcherOf = ({ catchesShadow }: RenderForm): RenderSettings['shadowCatcher'] =>
  catchesShadow ? { heightM: 'auto' } : null;

function clipLook({ moreClips, clipStartSec, clipEndSec, clipLoop }: RenderForm): ClipSettings {
  const start = between(clipStartSec, 0, LIMITS.clipSec) ? clipStartSec : 0;
  const end = clipEndSec !== null && clipEndSec > start ? clipEndSec : null;
  return { moreClips, clipStartSec: start, clipEndSec: end, clipLoop };
}

export const aspectOf = ({ widthPx, heightPx }: RenderForm): number =>
  between(widthPx, 1, LIMITS.frameEdgePx) && between(heightPx, 1, LIMITS.frameEdgePx) ? widthPx / heightPx : 16 / 9;

/** What decides how a frame can be divided. */
export function workSettings(form: RenderForm): Parameters<typeof workOf>[1] {
  const { engine, widthPx, heightPx, bitDepth, noiseThreshold, timeLimitSec, denoise } = form;
  const frame = { engine, bitDepth, size: { widthPx, heightPx }, samples: samplesOf(form), passes: passesOf(form) };
  const ends = engine === 'pathtrace' ? { noiseThreshold, timeLimitSec, denoise } : {};
  return { noiseThreshold: 0, timeLimitSec: 0, denoise: false, ...frame, ...ends };
}

/** @param view where the live view looks from, for the camera `current`. */
export function jobRequest(
  form: RenderForm,
  scene: { readonly id: string; readonly name: string },
  view: ExplicitCamera | null,
): JobRequest {
  const { widthPx, heightPx, frames, format, bitDepth, quality, film, tracedSamples, ...asked } = form;
  const { passes: _, separatePasses, catchesShadow: __, ...rest } = asked;
  const passes = passesOf(form);
  const isSeparate = IMAGE_FORMATS[format].hasLayers && separatePasses && passes.length > 1;
  const { bounces, noiseThreshold, timeLimitSec, clampIndirect, filterGlossy, denoise, ...others } = rest;
  const { hasLens, fStop, isFocusAuto, focusDistanceM, isTurning, turntableFrames, ...more } = others;
  const { camera, moreCameras, path, isDivided, columns, rows, sampleRanges, ...most } = more;
  const { priority, tags, maxSlots, ...look } = withoutAdvanced(most);
  const work = workOf(form, workSettings(form));
  const tracing = { bounces, noiseThreshold, timeLimitSec, clampIndirect, filterGlossy, denoise };
  const layer = {
    ...look,
    shadowCatcher: catcherOf(form),
    ...work,
    ...chunkOf(form, {
      isDivided: work.tiles !== undefined || work.splitSamples !== undefined || isGridded(workSettings(form)),
    }),
    samples: samplesOf(form),
    ...(form.engine === 'pathtrace' ? tracing : {}),
    ...(hasLens ? { lens: lensOf({ hasLens, fStop, isFocusAuto, focusDistanceM }) } : {}),
    ...(isTurning ? { turntable: { frames: turntableFrames } } : {}),
    size: { widthPx, heightPx },
    frames,
    format,
    bitDepth,
    passes,
    ...(isSeparate ? { separatePasses } : {}),
    ...(IMAGE_FORMATS[format].hasQuality ? { quality } : {}),
    ...(film === 'none' ? {} : { films: filmsOf(form) }),
  };
  return {
    name: `${scene.name} ${frames}`.slice(0, LIMITS.nameChars),
    sceneId: scene.id,
    ...jobChoiceOf({ priority, tags, maxSlots }),
    ...advancedOf(form),
    layers: cameraLayers(layer, camerasOf(form, view)),
  };
}
