/** What a recorded session showed, as the render panel has it: the inverse of `lookOf`. */
import { LIMITS, type LiveView, type PosePath } from '@kiln/shared';
import { defaultForm, type RenderForm } from './render-form.ts';

export interface RecordedSettings {
  readonly settings: Partial<RenderForm>;
  /** How often what was shown became another; a render has one look, which is the last. */
  readonly changes: number;
}

/** Of a clip that stands still: so much of it is played, and it stays there. */
const STILL_SEC = 0.001;

/** Null where the path says nothing of it. */
export function recordedSettings(path: PosePath): RecordedSettings | null {
  const view = path.views?.at(-1)?.view;
  if (!view) return null;
  return { settings: { ...formOf(view), ...clipTimeOf(path, view) }, changes: (path.views?.length ?? 1) - 1 };
}

/** What a view leaves out is as a job has it, and so is the panel's own form at first. */
function formOf(view: LiveView): Partial<RenderForm> {
  const usual = defaultForm(null);
  const engine = view.engine ?? usual.engine;
  const { lens } = view;
  const rest = view.engine === 'pathtrace' ? { tracedSamples: view.samples } : { samples: view.samples };
  return {
    ...{ engine, backend: view.backend ?? usual.backend, ...rest },
    bounces: view.bounces ?? usual.bounces,
    noiseThreshold: view.noiseThreshold ?? usual.noiseThreshold,
    clampIndirect: view.clampIndirect ?? usual.clampIndirect,
    filterGlossy: view.filterGlossy ?? usual.filterGlossy,
    denoise: view.denoise ?? usual.denoise,
    shutterAngleDeg: view.shutterAngleDeg ?? usual.shutterAngleDeg,
    hasLens: Boolean(lens),
    ...(lens && { fStop: lens.fStop, isFocusAuto: lens.focusDistanceM === 'auto' }),
    ...(lens && lens.focusDistanceM !== 'auto' && { focusDistanceM: lens.focusDistanceM }),
    ...{ clip: view.clip, fps: view.fps, moreClips: view.moreClips ?? [] },
    clipStartSec: view.clipStartSec ?? usual.clipStartSec,
    clipEndSec: view.clipEndSec ?? usual.clipEndSec,
    clipLoop: view.clipLoop ?? usual.clipLoop,
    ...{ toneMapping: view.toneMapping, exposureEv: view.exposureEv, background: view.background },
    ...{ lut: view.lut ?? usual.lut, environment: view.environment ?? usual.environment, sun: view.sun ?? usual.sun },
    environmentRotationDeg: view.environmentRotationDeg ?? usual.environmentRotationDeg,
    environmentIntensity: view.environmentIntensity ?? usual.environmentIntensity,
    backgroundBlur: view.backgroundBlur ?? usual.backgroundBlur,
    catchesShadow: Boolean(view.shadowCatcher),
    variant: view.variant ?? usual.variant,
    ...{ hide: view.hide ?? [], show: view.show ?? [], materials: view.materials ?? [] },
  };
}

/** A clip that stood still stands where it stood; one that played goes on from the frame that was shown first. */
function clipTimeOf({ frames = [] }: PosePath, { clip, fps, clipStartSec = 0 }: LiveView): Partial<RenderForm> {
  const [first] = frames;
  if (clip === null || !first) return {};
  const startSec = Math.min(LIMITS.clipSec - STILL_SEC, Math.max(0, clipStartSec + first.frameNumber / fps));
  if (frames.some(({ frameNumber }) => frameNumber !== first.frameNumber)) return { clipStartSec: startSec };
  return { clipStartSec: startSec, clipEndSec: startSec + STILL_SEC, clipLoop: 'once' };
}
