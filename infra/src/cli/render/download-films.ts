import { join } from 'node:path';
import type { Client, Film, Job, KilnError } from '@kiln/shared';
import { patiently } from '../patiently.ts';
import { downloadFile, isOnDisk } from './download-file.ts';

/** Where files of a layer go. */
export type FolderOf = (file: Pick<Film, 'layer'>) => string;

export interface BytesObserver {
  /** So many bytes more have come from the farm. */
  received?(sizeBytes: number): void;
}

export interface FilmObserver extends BytesObserver {
  /** A film is on this disk. `isNew`: it was fetched. */
  film(film: Film, path: string, isNew: boolean): void;
  filmFailed(film: Film): void;
  /** The farm does not answer; it is tried again. */
  waiting(error: KilnError): void;
}

export interface FilmTarget {
  readonly folderOf: FolderOf;
  /** What is on this disk already, whole or in part, is not fetched again. @defaultValue false */
  readonly resumes?: boolean;
  /** Whether a film is wanted. @defaultValue all are */
  film?(film: Film): boolean;
}

/** Fetches the films that are finished, each into the folder of its layer. */
export async function downloadFilms(
  client: Client,
  { id: jobId, filmCount }: Pick<Job, 'id' | 'filmCount'>,
  { folderOf, resumes = false, film: isWanted = () => true }: FilmTarget,
  observer: FilmObserver,
  signal: AbortSignal,
): Promise<void> {
  if (filmCount === 0) return;
  const waiting = (error: KilnError) => observer.waiting(error);
  const received = (bytes: number) => observer.received?.(bytes);
  const { items } = await patiently(() => client.listFilms({ params: { jobId } }), signal, waiting);
  for (const film of items.filter(isWanted)) {
    const { fileName, sha256, sizeBytes } = film;
    if (sha256 === null || sizeBytes === null) {
      if (film.state === 'failed') observer.filmFailed(film);
      continue;
    }
    const remedy = 'Have the film made again in a new job: it takes the damaged one’s place.';
    const file = { fileName, sha256, sizeBytes, from: client.urls.film(film), remedy };
    const folder = folderOf(film);
    const isThere = resumes && (await isOnDisk(file, folder));
    if (!isThere) await downloadFile(client, file, folder, signal, { keepsPart: resumes, waiting, received });
    observer.film(film, join(folder, fileName), !isThere);
  }
}
