/** File formats of frames: what each can hold. The documentation, the command line and every check read this table. */
import { KilnError } from './errors.ts';
import { LIMITS } from './limits.ts';
import { type BitDepth, ImageFormat, Pass, type RenderSettings } from './schemas/settings.ts';

export interface ImageFormatFacts {
  readonly name: string;
  /** Of file names. */
  readonly extension: string;
  readonly mediaType: string;
  /** The first is the default. */
  readonly bitDepths: readonly [BitDepth, ...BitDepth[]];
  /** Straight in 8 and 16 bits, associated in half and float. */
  readonly hasAlpha: boolean;
  /** Whether `quality` means something: it loses. */
  readonly hasQuality: boolean;
  readonly maxEdgePx: number;
  readonly maxPixels: number;
  /** Whether its file is written row by row, however large. */
  readonly isStreamed: boolean;
  /** Whether it holds passes beside the picture. */
  readonly hasLayers: boolean;
  /** Whether browsers show it. */
  readonly isForBrowsers: boolean;
}

/** PNG, TIFF and OpenEXR could hold edges of 31 bits: what is made here is less. */
const { frameEdgePx: EDGE_PX, framePixels: FRAME_PX } = LIMITS;
/** Encoders that take a picture whole: its page holds it several times. */
const WHOLE_PX = LIMITS.wholeFramePixels;

export const IMAGE_FORMATS: Readonly<Record<ImageFormat, ImageFormatFacts>> = {
  png: {
    name: 'PNG',
    extension: 'png',
    mediaType: 'image/png',
    bitDepths: [8, 16],
    hasAlpha: true,
    hasQuality: false,
    maxEdgePx: EDGE_PX,
    maxPixels: FRAME_PX,
    isStreamed: true,
    hasLayers: false,
    isForBrowsers: true,
  },
  jpeg: {
    name: 'JPEG',
    extension: 'jpg',
    mediaType: 'image/jpeg',
    bitDepths: [8],
    hasAlpha: false,
    hasQuality: true,
    maxEdgePx: 65_535,
    maxPixels: WHOLE_PX,
    isStreamed: false,
    hasLayers: false,
    isForBrowsers: true,
  },
  webp: {
    name: 'WebP',
    extension: 'webp',
    mediaType: 'image/webp',
    bitDepths: [8],
    hasAlpha: true,
    hasQuality: true,
    maxEdgePx: 16_383,
    maxPixels: WHOLE_PX,
    isStreamed: false,
    hasLayers: false,
    isForBrowsers: true,
  },
  avif: {
    name: 'AVIF',
    extension: 'avif',
    mediaType: 'image/avif',
    bitDepths: [8],
    hasAlpha: true,
    hasQuality: true,
    // What libavif decodes.
    maxEdgePx: 32_768,
    // 8K: its encoder takes 1.5 of 2 GiB of WebAssembly's memory for that.
    maxPixels: WHOLE_PX,
    isStreamed: false,
    hasLayers: false,
    isForBrowsers: true,
  },
  tiff: {
    name: 'TIFF',
    extension: 'tif',
    mediaType: 'image/tiff',
    bitDepths: [8, 16, 'float'],
    hasAlpha: true,
    hasQuality: false,
    maxEdgePx: EDGE_PX,
    // Offsets are 32-bit: 4 GiB of floats, and some room for what does not shrink.
    maxPixels: 260_000_000,
    isStreamed: true,
    hasLayers: false,
    isForBrowsers: false,
  },
  exr: {
    name: 'OpenEXR',
    extension: 'exr',
    mediaType: 'image/x-exr',
    bitDepths: ['half', 'float'],
    hasAlpha: true,
    hasQuality: false,
    maxEdgePx: EDGE_PX,
    maxPixels: FRAME_PX,
    isStreamed: true,
    hasLayers: true,
    isForBrowsers: false,
  },
};

export const defaultBitDepth = (format: ImageFormat): BitDepth => IMAGE_FORMATS[format].bitDepths[0];

/**
 * Whether a file of this depth holds the light of the scene: linear, as bright as it is, with exposure and without tone
 * mapping, alpha associated. Others hold what a display shows: sRGB, tone mapped, alpha straight.
 */
export const isLinear = (depth: BitDepth): boolean => depth === 'half' || depth === 'float';

/** What has no meaning in the colours of a display. */
const NEEDS_FLOATS: ReadonlySet<Pass> = new Set(['noisy', 'position', 'samples']);

/** Whether a pass can be alone in a file of this kind. Depth and motion have 16 bits wherever the format has. */
export function canHoldPass(format: ImageFormat, bitDepth: BitDepth, pass: Pass): boolean {
  const { hasLayers, bitDepths } = IMAGE_FORMATS[format];
  if (hasLayers || isLinear(bitDepth)) return true;
  if (pass === 'motion') return bitDepths.includes(16);
  return !NEEDS_FLOATS.has(pass);
}

/** Passes that such a file can hold, in the order of their names' list. */
export const passesFor = (format: ImageFormat, bitDepth: BitDepth): Pass[] =>
  Pass.enum.filter((pass) => canHoldPass(format, bitDepth, pass));

/**
 * Refuses what the format cannot hold.
 *
 * @param path of the settings in the request: `/layers/0`.
 * @throws KilnError `job.unsupported` at the bit depth, the background or the passes, `job.too_large` at the size.
 */
export function checkImageFormat(
  {
    format,
    bitDepth,
    size,
    background,
    passes,
  }: Pick<RenderSettings, 'format' | 'bitDepth' | 'size' | 'background' | 'passes'>,
  path: string,
): void {
  const { name, bitDepths, hasAlpha, maxEdgePx, maxPixels } = IMAGE_FORMATS[format];
  if (!bitDepths.includes(bitDepth)) {
    const others = formatNames((other) => other.bitDepths.includes(bitDepth));
    const message = `${name} holds ${bitDepths.join(', ')} bits a channel; ${bitDepth} needs ${others}`;
    throw new KilnError('job.unsupported', message, { field: `${path}/bitDepth` });
  }
  if (background === 'transparent' && !hasAlpha) {
    const others = formatNames((other) => other.hasAlpha);
    const message = `${name} has no alpha; a transparent background needs ${others}`;
    throw new KilnError('job.unsupported', message, { field: `${path}/background` });
  }
  const layers = passes.filter((pass) => pass !== 'beauty');
  const unheld = layers.filter((pass) => !canHoldPass(format, bitDepth, pass));
  if (unheld.length > 0) {
    const message = `${name} of ${bitDepth} bits a channel does not hold ${unheld.join(', ')}; use exr, or tiff of floats`;
    throw new KilnError('job.unsupported', message, { field: `${path}/passes` });
  }
  const { widthPx, heightPx } = size;
  const bytes = widthPx * heightPx * passFileBytes(passes, bitDepth);
  if (layers.length > 0 && bytes > LIMITS.frameBytes) {
    const message = `these passes of ${widthPx}×${heightPx} take up to ${bytes} bytes, more than ${LIMITS.frameBytes}; use fewer, half floats or a smaller size`;
    throw new KilnError('job.too_large', message, { field: `${path}/passes` });
  }
  if (Math.max(widthPx, heightPx) > maxEdgePx) {
    const message = `a frame in ${name} has at most ${maxEdgePx} pixels an edge, asked for ${widthPx}×${heightPx}`;
    throw new KilnError('job.too_large', message, { field: `${path}/size` });
  }
  if (widthPx * heightPx > maxPixels) {
    const message = `a frame in ${name} has at most ${maxPixels} pixels, ${widthPx}×${heightPx} has ${widthPx * heightPx}`;
    throw new KilnError('job.too_large', message, { field: `${path}/size` });
  }
}

/** Channels of each pass in OpenEXR, and whether they are floats in files of half floats, too. */
export const PASS_CHANNELS: Readonly<Record<Pass, { readonly count: number; readonly isFloat: boolean }>> = {
  beauty: { count: 4, isFloat: false },
  noisy: { count: 4, isFloat: false },
  depth: { count: 1, isFloat: true },
  normal: { count: 3, isFloat: false },
  position: { count: 3, isFloat: true },
  albedo: { count: 3, isFloat: false },
  emission: { count: 3, isFloat: false },
  motion: { count: 2, isFloat: true },
  samples: { count: 1, isFloat: true },
  'crypto-object': { count: 12, isFloat: true },
  'crypto-material': { count: 12, isFloat: true },
};

/** Whether a frame holds more than the picture. */
export const hasData = ({ passes }: Pick<RenderSettings, 'passes'>): boolean =>
  passes.some((pass) => pass !== 'beauty');

/** Bytes of a pixel in a file that cannot be compressed. */
export const passFileBytes = (passes: readonly Pass[], bitDepth: BitDepth): number =>
  passes.reduce((sum, pass) => {
    const { count, isFloat } = PASS_CHANNELS[pass];
    return sum + count * (isFloat || bitDepth === 'float' ? 4 : 2);
  }, 0);

/** `png, tiff or exr` */
function formatNames(fits: (facts: ImageFormatFacts) => boolean): string {
  const names: string[] = ImageFormat.enum.filter((format) => fits(IMAGE_FORMATS[format]));
  const last = names.pop() ?? '';
  return names.length === 0 ? last : `${names.join(', ')} or ${last}`;
}

/** A frame's file name: four digits or more, as the user counts: `0000.png`, `12345.png`, `-0003.png`. */
export function frameFileName(frameNumber: number, format: ImageFormat): string {
  const digits = String(Math.abs(frameNumber)).padStart(4, '0');
  return `${frameNumber < 0 ? '-' : ''}${digits}.${IMAGE_FORMATS[format].extension}`;
}
