/** Values of options, read and checked before anything is sent. */
import {
  BitDepth,
  checkImageFormat,
  completeSettings,
  type ExplicitCamera,
  KilnError,
  type LayerRequest,
  LIMITS,
  parseFrameRange,
  type Size,
} from '@kiln/shared';

const invalid = (field: string, message: string) => new KilnError('request.invalid', message, { field });

/** `640x360` @throws KilnError `request.invalid` */
export function parseSize(text: string): Size {
  const [, width, height] = /^(\d{1,9})[x×](\d{1,9})$/i.exec(text) ?? [];
  const size = { widthPx: Number(width), heightPx: Number(height) };
  const right = (px: number) => px >= 1 && px <= LIMITS.frameEdgePx;
  if (right(size.widthPx) && right(size.heightPx)) return size;
  throw invalid(
    '--size',
    `The size must be WIDTHxHEIGHT in pixels, each from 1 to ${LIMITS.frameEdgePx}, as in 1280x720; it is “${text}”.`,
  );
}

/** A whole number. @throws KilnError `request.invalid` */
export const wholeNumber = (field: string, min: number, max: number) => (text: string) => {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= min && value <= max) return value;
  throw invalid(field, `${field} must be a whole number from ${min} to ${max}; it is “${text}”.`);
};

/** A number. @throws KilnError `request.invalid` */
export const number = (field: string) => (text: string) => {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw invalid(field, `${field} must be a number; it is “${text}”.`);
};

/** `8`, `16`, `half` or `float`. @throws KilnError `request.invalid` */
export function parseBitDepth(text: string): BitDepth {
  const depth = BitDepth.enum.find((known) => String(known) === text);
  if (depth !== undefined) return depth;
  throw invalid('--bit-depth', `--bit-depth must be one of ${BitDepth.enum.join(', ')}; it is “${text}”.`);
}

/**
 * Refuses what the farm would refuse, before anything is uploaded.
 *
 * @throws KilnError `job.unsupported` or `job.too_large`, naming the option.
 */
export function checkFileFormat(layer: LayerRequest): void {
  try {
    checkImageFormat(completeSettings(layer), '');
  } catch (cause) {
    if (!(cause instanceof KilnError)) throw cause;
    const option = cause.field?.slice(1).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new KilnError(cause.code, cause.message, { cause, field: `--${option}` });
  }
}

/** Gives the expression back. @throws KilnError `job.bad_frame_range` with the position of the fault. */
export function parseFrames(expression: string): string {
  parseFrameRange(expression);
  return expression;
}

/**
 * The name of a camera, `auto`, or `x,y,z:x,y,z[:fov]`: position, target, vertical field of view in degrees.
 *
 * @throws KilnError `request.invalid`
 */
export function parseCamera(text: string): string | ExplicitCamera {
  const parts = text
    .split(':')
    .map((part) => part.split(',').map((value) => (value.trim() === '' ? Number.NaN : Number(value))));
  const [position, target, fov] = parts;
  if (position?.length !== 3 || parts.flat().some((value) => !Number.isFinite(value))) return text;
  const [px = 0, py = 0, pz = 0] = position;
  const [tx, ty, tz] = target ?? [];
  if (tx === undefined || ty === undefined || tz === undefined)
    throw invalid('--camera', 'A camera by numbers needs a target: x,y,z:x,y,z[:fov].');
  return { position: [px, py, pz], target: [tx, ty, tz], fovDeg: fov?.[0] ?? DEFAULT_FOV_DEG };
}

const DEFAULT_FOV_DEG = 35;
