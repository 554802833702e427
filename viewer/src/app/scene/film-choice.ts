/** The film that the render panel asks for, and whether it can be made of the frames. */
import {
  checkFilms,
  completeFilm,
  FILM_FORMATS,
  type FilmFormat,
  type FilmRequest,
  type ImageFormat,
  KilnError,
  type Worker,
} from '@kiln/shared';

export type FilmChoice = FilmFormat | 'none';

interface FilmedForm {
  readonly film: FilmChoice;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly format: ImageFormat;
  readonly fps: number;
  readonly frames: string;
}

export const filmsOf = ({ film }: Pick<FilmedForm, 'film'>): FilmRequest[] =>
  film === 'none' ? [] : [{ format: film }];

/** What keeps a film from being made of so many such frames. */
export function filmFault(form: FilmedForm, frameCount: number): { readonly film?: string } {
  const { widthPx, heightPx, format, fps, frames } = form;
  try {
    checkFilms(filmsOf(form).map(completeFilm), { format, fps, size: { widthPx, heightPx }, frames, frameCount }, '');
    return {};
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    return { film: `${error.message}.` };
  }
}

/** Why nobody could make a film; null when somebody can, or while it is not known who is there. */
export function filmBar(film: FilmChoice, workers: readonly Pick<Worker, 'filmMakers'>[]): string | null {
  if (film === 'none' || workers.length === 0) return null;
  const { maker, name } = FILM_FORMATS[film];
  if (workers.some(({ filmMakers = [] }) => filmMakers.includes(maker))) return null;
  return maker === 'ffmpeg' ? `No worker has an ffmpeg, which makes ${name}.` : `No worker makes ${name}.`;
}
