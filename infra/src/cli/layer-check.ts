/** What the farm would refuse of a layer without looking at its scene. */
import {
  checkFilms,
  checkGridded,
  checkImageFormat,
  checkTracedSettings,
  chunkFrames,
  completeFilm,
  completeSettings,
  type Division,
  divisionOf,
  type FilmPlan,
  type FrameRange,
  frameCount,
  KilnError,
  type LayerRequest,
  parseFrameRange,
  type RenderSettings,
} from '@kiln/shared';

export interface CheckedLayer {
  readonly settings: RenderSettings;
  readonly range: FrameRange;
  readonly frameCount: number;
  readonly division: Division | null;
  readonly films: readonly FilmPlan[];
}

/**
 * @returns what the layer means in full.
 * @throws KilnError `request.invalid`, `job.unsupported`, `job.too_large` or `job.bad_frame_range`, whose field is the JSON
 *   Pointer within the layer.
 */
export function checkLayer(layer: LayerRequest): CheckedLayer {
  const settings = completeSettings(layer);
  checkImageFormat(settings, '');
  checkTracedSettings(settings, '');
  checkGridded(settings, '');
  const division = divisionOf({ ...layer, chunk: chunkFrames(layer.chunk) }, settings, '');
  const range = rangeOf(layer.frames);
  const films = (layer.films ?? []).map(completeFilm);
  checkFilms(films, { ...settings, frames: layer.frames, frameCount: frameCount(range) }, '');
  return { settings, range, frameCount: frameCount(range), division, films };
}

function rangeOf(expression: string): FrameRange {
  try {
    return parseFrameRange(expression);
  } catch (cause) {
    if (!(cause instanceof KilnError)) throw cause;
    const { code, message, position } = cause;
    throw new KilnError(code, message, { cause, field: '/frames', ...(position === undefined ? {} : { position }) });
  }
}
