/** The job that draws what a live view shows. */
import { mayEndEarly, SAMPLES_PER_BLOCK } from '../division.ts';
import { IMAGE_FORMATS, isLinear } from '../image-formats.ts';
import type { JobRequest } from '../schemas/job.ts';
import type { Pose, RenderSettings } from '../schemas/settings.ts';
import type { ViewJobRequest } from '../schemas/view-job.ts';
import type { LiveView } from './messages.ts';

export interface SeenView {
  readonly sceneId: string;
  readonly view: LiveView;
  /** [LV26] Of a view that names no camera. */
  readonly pose: Pose | null;
}

/** Its frame is the one that the view shows; of a moment between two, the nearer one. */
export function jobOfView(
  { sceneId, view, pose }: SeenView,
  { size, samples, format, bitDepth, quality, ...job }: ViewJobRequest,
): JobRequest {
  const { frameNumber, depth, tiles, camera = pose ?? 'auto', ...look } = view;
  const output = {
    ...(format !== undefined && { format }),
    ...(bitDepth !== undefined && { bitDepth }),
    ...(quality !== undefined && { quality }),
  };
  const layer = { ...look, ...output, camera, size: size ?? view.size, samples: samples ?? view.samples };
  return { ...job, sceneId, layers: [{ ...layer, frames: String(Math.round(frameNumber)) }] };
}

/** [LV39] Whether the samples that such a view is drawn with may be the first of the frame of its job. */
export function mayBeginWith(view: LiveView, settings: RenderSettings): boolean {
  if (view.tiles !== true || !Number.isInteger(view.frameNumber)) return false;
  const { engine, size, samples, shutterAngleDeg, denoise, background, bitDepth, format } = settings;
  if (size.widthPx !== view.size.widthPx || size.heightPx !== view.size.heightPx) return false;
  // Light of the neutral background goes by the tone curve; without transparency there is one.
  if (background === 'neutral' && isLinear(bitDepth)) return false;
  if (background === 'transparent' && !IMAGE_FORMATS[format].hasAlpha) return false;
  // When each sample looks, and which is the last, goes by how many there are.
  const isOfAll = mayEndEarly(settings) || (engine === 'pathtrace' && shutterAngleDeg > 0);
  if (isOfAll && samples !== view.samples) return false;
  return !denoise || mayEndEarly(settings) || samples > SAMPLES_PER_BLOCK;
}
