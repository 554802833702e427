/** What keeps the render form from being submitted. */
import {
  checkGridded,
  checkImageFormat,
  type ExplicitCamera,
  frameCount,
  gapsOf,
  IMAGE_FORMATS,
  type ImportReport,
  isGridded,
  isRefused,
  KilnError,
  LIMITS,
  parseFrameRange,
} from '@kiln/shared';
import { type AdvancedForm, advancedFaults } from './advanced-choice.ts';
import { cameraFault, cameraName } from './camera-choice.ts';
import { filmFault } from './film-choice.ts';
import { type JobForm, jobFaults } from './job-choice.ts';
import { between, whole } from './ranges.ts';
import { passesOf, type RenderForm, samplesOf, workSettings } from './render-form.ts';
import { divisionBar, divisionFault } from './work-choice.ts';

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
  | 'shadowCatcher'
  | 'camera'
  | 'division'
  | 'clipStartSec'
  | 'clipEndSec'
  | keyof JobForm
  | keyof AdvancedForm;

/**
 * What keeps the form from being submitted, by field.
 *
 * @param camera where the live view looks from, null while it shows nothing.
 */
export function faultsOf(
  form: RenderForm,
  camera: ExplicitCamera | null,
  {
    gaps = [],
    cameras = [],
    clips = [],
    triangles = 0,
  }: Partial<Pick<ImportReport, 'gaps' | 'cameras' | 'clips' | 'triangles'>>,
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
  const missing = gapsOf({ gaps, clips }, form);
  if (missing.length > 0) faults.engine = `It cannot draw all of this scene: ${missing.join(', ')}.`;
  if (form.engine === 'pathtrace' && triangles > LIMITS.tracedTriangles) {
    const most = LIMITS.tracedTriangles.toLocaleString('en');
    faults.engine = `It takes at most ${most} triangles, and this scene draws ${triangles.toLocaleString('en')}.`;
  }
  if (!whole(samplesOf(form), 1, LIMITS.frameSamples)) {
    faults.samples = `A whole number from 1 to ${LIMITS.frameSamples}.`;
  }
  if (form.engine === 'pathtrace') Object.assign(faults, tracingFaults(form));
  if (form.catchesShadow && isRefused('shadow-catcher', form.engine, form.backend)) {
    faults.shadowCatcher = 'Path tracing with WebGPU has no shadow alone. Turn this off, or choose WebGL.';
  }
  if (!between(form.fps, LIMITS.fpsMin, LIMITS.fpsMax)) faults.fps = 'A number from 0.001 to 1,000.';
  if (!between(form.exposureEv, -20, 20)) faults.exposureEv = 'A number from −20 to 20.';
  Object.assign(faults, motionFaults(form, cameras));
  const fault = { camera: cameraFault(form, form.fps, camera), division: divisionFault(form, workSettings(form)) };
  if (fault.camera) faults.camera = fault.camera;
  if (fault.division) faults.division = fault.division;
  const bar = isGridded(workSettings(form)) ? divisionBar(workSettings(form)) : null;
  if (bar && !faults.size) faults.size = `So large a frame is drawn in blocks. ${bar}`;
  Object.assign(faults, clipFaults(form, clips), jobFaults(form), advancedFaults(form, form.frames));
  return faults;
}

/** Of the part of the clips that is played. */
function clipFaults(form: RenderForm, clips: ImportReport['clips']): Partial<Record<FormField, string>> {
  const { clip, moreClips, clipStartSec, clipEndSec } = form;
  const played = clips.filter(({ name }) => name === clip || moreClips.includes(name));
  if (played.length === 0) return {};
  const shortest = played.reduce((a, b) => (b.durationSec < a.durationSec ? b : a));
  const endSec = Math.floor(shortest.durationSec * 1_000) / 1_000;
  const until = `“${shortest.name || 'Unnamed clip'}” ends at ${endSec} s.`;
  if (!between(clipStartSec, 0, endSec) || (clipStartSec > 0 && clipStartSec === endSec)) {
    return { clipStartSec: `Seconds from 0; ${until}` };
  }
  if (clipEndSec === null || (between(clipEndSec, 0, endSec) && clipEndSec > clipStartSec)) return {};
  return { clipEndSec: `Seconds, after the start; ${until}` };
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

/** What the format cannot hold. */
function formatFault({
  widthPx,
  heightPx,
  ...form
}: RenderForm): Partial<Record<'size' | 'bitDepth' | 'background', string>> {
  try {
    const settings = { ...form, passes: passesOf(form), size: { widthPx, heightPx } };
    checkImageFormat(settings, '');
    checkGridded(settings, '');
    return {};
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    return { [error.field?.slice(1) ?? 'size']: `${error.message}.` };
  }
}
