/** Options about films, read and checked before anything is sent. */
import { FILM_FORMATS, FilmCodec, FilmFormat, type FilmRequest, KilnError, type LayerRequest } from '@kiln/shared';
import { type Command, Option } from 'commander';

export interface FilmOptions {
  readonly film?: readonly FilmFormat[];
  readonly filmCodec?: FilmCodec;
  readonly contactSheet?: boolean;
  /** Path of a sound file. */
  readonly audio?: string;
}

export const FILM_HELP = `\
A film is OUT/film.mp4, film.webm, film.gif, film.webp, film.mov (ProRes) or film.mkv (FFV1), the last two where a
worker has ffmpeg; it is made at --fps while later frames are drawn. A sheet is OUT/contact-sheet.png.`;

export const withFilms = (command: Command): Command =>
  command
    .option('--film <formats>', 'also films of the frames: mp4,webm,gif,webp,mov,mkv (below)', parseFilms)
    .addOption(
      new Option('--film-codec <codec>', 'of MP4 h264 (default) or av1, of WebM vp9 (default) or av1').choices(
        FilmCodec.enum,
      ),
    )
    .option('--audio <file>', 'sound of films: WAV, MP3, AAC in MP4, Ogg, FLAC')
    .option('--contact-sheet', 'also all frames, small, on one picture');

const invalid = (field: string, message: string) => new KilnError('request.invalid', message, { field });

/** `mp4,webm` */
function parseFilms(text: string): FilmFormat[] {
  const names = text.split(',').map((name) => name.trim());
  const known = FilmFormat.enum.filter((format) => format !== 'contact-sheet');
  return names.map((name) => {
    const format = known.find((one) => one === name);
    if (format) return format;
    throw invalid('--film', `--film takes ${known.join(', ')}, with commas between; “${name}” is none.`);
  });
}

/**
 * What is asked for beside the frames.
 *
 * @param audio path of a sound file; it joins the films when the farm has it.
 * @throws KilnError `request.invalid`, naming the option.
 */
export function filmsOf(
  formats: readonly FilmFormat[] = [],
  codec?: FilmCodec,
  contactSheet?: boolean,
  audio?: string,
): Pick<LayerRequest, 'films'> {
  const holds = (format: FilmFormat) => codec !== undefined && FILM_FORMATS[format].codecs.includes(codec);
  if (codec !== undefined && !formats.some(holds)) {
    throw invalid('--film-codec', `--film-codec ${codec} needs a --film that holds it; ${codecsByFormat()}.`);
  }
  if (audio !== undefined && !formats.some((format) => FILM_FORMATS[format].hasAudio)) {
    throw invalid('--audio', '--audio needs a --film with sound: mp4, webm, mov or mkv.');
  }
  const films: FilmRequest[] = formats.map((format) =>
    codec !== undefined && holds(format) ? { format, codec } : { format },
  );
  if (contactSheet) films.push({ format: 'contact-sheet' });
  return films.length === 0 ? {} : { films };
}

const codecsByFormat = () =>
  FilmFormat.enum
    .filter((format) => FILM_FORMATS[format].codecs.length > 0)
    .map((format) => `${format} holds ${FILM_FORMATS[format].codecs.join(' or ')}`)
    .join(', ');
