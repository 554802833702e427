/** Formats of films: what each can hold. The documentation, the command line and every check read this table. */
import { KilnError } from './errors.ts';
import { isReordered } from './frame-range.ts';
import { LIMITS } from './limits.ts';
import type { FilmCodec, FilmFormat, FilmPlan, FilmRequest } from './schemas/film.ts';
import type { ImageFormat, Size } from './schemas/settings.ts';
import type { FilmMaker } from './schemas/worker.ts';

export interface FilmFormatFacts {
  readonly name: string;
  readonly fileName: string;
  readonly mediaType: string;
  /** The first is the default; none where the format has one way only. */
  readonly codecs: readonly FilmCodec[];
  /** Sound files are read in the sandboxed page; `ffmpeg` gets bare samples. */
  readonly hasAudio: boolean;
  /** Who makes it: the page by WebCodecs and a canvas, or the `ffmpeg` of a worker's system. */
  readonly maker: FilmMaker;
  readonly maxFrames: number;
  /** Whether browsers show it. */
  readonly isForBrowsers: boolean;
}

export const FILM_FORMATS: Readonly<Record<FilmFormat, FilmFormatFacts>> = {
  mp4: {
    name: 'MP4',
    fileName: 'film.mp4',
    mediaType: 'video/mp4',
    codecs: ['h264', 'av1'],
    hasAudio: true,
    maker: 'page',
    maxFrames: LIMITS.jobFrames,
    isForBrowsers: true,
  },
  webm: {
    name: 'WebM',
    fileName: 'film.webm',
    mediaType: 'video/webm',
    codecs: ['vp9', 'av1'],
    hasAudio: true,
    maker: 'page',
    maxFrames: LIMITS.jobFrames,
    isForBrowsers: true,
  },
  mov: {
    name: 'QuickTime',
    fileName: 'film.mov',
    mediaType: 'video/quicktime',
    codecs: ['prores'],
    hasAudio: true,
    maker: 'ffmpeg',
    maxFrames: LIMITS.jobFrames,
    isForBrowsers: false,
  },
  mkv: {
    name: 'Matroska',
    fileName: 'film.mkv',
    mediaType: 'video/x-matroska',
    codecs: ['ffv1'],
    hasAudio: true,
    maker: 'ffmpeg',
    maxFrames: LIMITS.jobFrames,
    isForBrowsers: false,
  },
  webp: {
    name: 'animated WebP',
    fileName: 'film.webp',
    mediaType: 'image/webp',
    codecs: [],
    hasAudio: false,
    maker: 'page',
    maxFrames: 1_000,
    isForBrowsers: true,
  },
  gif: {
    name: 'GIF',
    fileName: 'film.gif',
    mediaType: 'image/gif',
    codecs: [],
    hasAudio: false,
    maker: 'page',
    maxFrames: 1_000,
    isForBrowsers: true,
  },
  'contact-sheet': {
    name: 'contact sheet',
    fileName: 'contact-sheet.png',
    mediaType: 'image/png',
    codecs: [],
    hasAudio: false,
    maker: 'page',
    maxFrames: LIMITS.jobFrames,
    isForBrowsers: true,
  },
};

interface CodecFacts {
  readonly name: string;
  readonly minEdgePx: number;
  readonly maxEdgePx: number;
  readonly maxPixels: number;
}

/** H.264 goes up to level 5.2. VP9 and AV1 could be larger; 8K takes their encoders in software 1 GB. */
export const FILM_CODECS: Readonly<Record<FilmCodec, CodecFacts>> = {
  h264: { name: 'H.264', minEdgePx: 16, maxEdgePx: 4_096, maxPixels: 4_096 * 2_304 },
  vp9: { name: 'VP9', minEdgePx: 16, maxEdgePx: 8_192, maxPixels: 8_192 * 4_320 },
  av1: { name: 'AV1', minEdgePx: 16, maxEdgePx: 8_192, maxPixels: 8_192 * 4_320 },
  prores: { name: 'ProRes', minEdgePx: 16, maxEdgePx: 8_192, maxPixels: 8_192 * 4_320 },
  ffv1: { name: 'FFV1', minEdgePx: 1, maxEdgePx: 8_192, maxPixels: 8_192 * 4_320 },
};

/** Animated pictures could be larger, and nobody could show them. Of a sheet, the frames that it is made of. */
const LOOP = { minEdgePx: 1, maxEdgePx: 4_096, maxPixels: 4_096 ** 2 };
const SHEET: CodecFacts = { name: 'a contact sheet', minEdgePx: 1, maxEdgePx: 8_192, maxPixels: 8_192 * 4_320 };
const LOOP_FPS = 50;

/** Formats of frames that a page can read again: 8 bits of what a display shows, or 16 that become 8. */
const FRAME_FORMATS: readonly ImageFormat[] = ['png', 'jpeg', 'webp', 'avif'];

/** The name of its file, in the layer's folder. */
export const filmFileName = (format: FilmFormat): string => FILM_FORMATS[format].fileName;

/** The film with everything filled in. */
export const completeFilm = ({ format, codec, audio }: FilmRequest): FilmPlan => ({
  format,
  codec: codec ?? FILM_FORMATS[format].codecs[0] ?? null,
  audio: audio ?? null,
});

/** What of a layer its films depend on. */
export interface FilmLayer {
  readonly format: ImageFormat;
  readonly size: Size;
  readonly fps: number;
  /** Frame expression. */
  readonly frames: string;
  readonly frameCount: number;
}

/**
 * @param path JSON pointer to the layer, for the field of an error.
 * @throws KilnError `request.invalid` or `job.too_large`, with the field's path.
 */
export function checkFilms(films: readonly FilmPlan[], layer: FilmLayer, path: string): void {
  const seen = new Set<FilmFormat>();
  films.forEach((film, index) => {
    const field = `${path}/films/${index}`;
    if (seen.has(film.format)) {
      throw new KilnError('request.invalid', `a layer has one film of each format; ${film.format} is asked for twice`, {
        field: `${field}/format`,
      });
    }
    seen.add(film.format);
    checkFilm(film, layer, field);
  });
  if (films.length > 0 && isReordered(layer.frames)) {
    throw new KilnError(
      'request.invalid',
      `a film shows frames in the order in which they are drawn, which ${layer.frames} changes: leave out what follows ":", or ask for no film`,
      { field: `${path}/frames` },
    );
  }
  if (films.length > 0 && !FRAME_FORMATS.includes(layer.format)) {
    throw new KilnError(
      'request.invalid',
      `films are made of frames in ${FRAME_FORMATS.join(', ')}; these are ${layer.format}: ask for another format, or for no film`,
      { field: `${path}/format` },
    );
  }
}

function checkFilm({ format, codec, audio }: FilmPlan, layer: FilmLayer, field: string): void {
  const { name, codecs, hasAudio, maxFrames } = FILM_FORMATS[format];
  if (codec !== null && !codecs.includes(codec)) {
    const known = codecs.length > 0 ? `${name} holds ${codecs.join(' or ')}` : `${name} has no choice of codec`;
    throw new KilnError('request.invalid', `${known}, not ${codec}`, { field: `${field}/codec` });
  }
  if (audio && !hasAudio) {
    throw new KilnError('request.invalid', `${name} has no sound`, { field: `${field}/audio` });
  }
  if (layer.frameCount > maxFrames) {
    throw new KilnError('job.too_large', `${name} holds at most ${maxFrames} frames, this has ${layer.frameCount}`, {
      field: `${field}/format`,
    });
  }
  const isSheet = format === 'contact-sheet';
  checkFilmSize(isSheet ? SHEET : codec === null ? { name, ...LOOP } : FILM_CODECS[codec], layer.size, field);
  const isLoop = codec === null && !isSheet;
  if (isLoop && layer.fps > LOOP_FPS) {
    throw new KilnError('request.invalid', `${name} shows at most ${LOOP_FPS} frames a second, not ${layer.fps}`, {
      field: `${field}/format`,
    });
  }
}

function checkFilmSize(
  { name, minEdgePx, maxEdgePx, maxPixels }: CodecFacts,
  { widthPx, heightPx }: Size,
  field: string,
): void {
  const [least, most] = [Math.min(widthPx, heightPx), Math.max(widthPx, heightPx)];
  if (least >= minEdgePx && most <= maxEdgePx && widthPx * heightPx <= maxPixels) return;
  const range = `edges of ${minEdgePx} to ${maxEdgePx} pixels and at most ${maxPixels} pixels`;
  throw new KilnError('job.too_large', `${name} takes ${range}; the frames have ${widthPx}×${heightPx}`, { field });
}

/** Of the same meaning as `fps`, exactly. */
export interface FrameRate {
  readonly numerator: number;
  readonly denominator: number;
}

/**
 * Frames a second as the fraction that was meant: 23.976 is 24,000 ÷ 1,001, as are its relatives of television; others
 * are taken to a thousandth.
 */
export function frameRateOf(fps: number): FrameRate {
  const ofTelevision = Math.round(fps * 1.001);
  const isWhole = Math.abs(fps - Math.round(fps)) < 1e-6;
  if (!isWhole && Math.abs(fps * 1.001 - ofTelevision) < 0.001) {
    return { numerator: ofTelevision * 1_000, denominator: 1_001 };
  }
  const thousandths = Math.max(1, Math.round(fps * 1_000));
  const divisor = greatestCommonDivisor(thousandths, 1_000);
  return { numerator: thousandths / divisor, denominator: 1_000 / divisor };
}

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));
