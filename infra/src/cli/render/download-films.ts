import type { Client, Film, Job } from '@kiln/shared';
import { downloadFile } from './download-file.ts';

/** Where files of a layer go. */
export type FolderOf = (file: Pick<Film, 'layer'>) => string;

export interface FilmObserver {
  /** A film is on this disk. */
  film(film: Film, path: string): void;
  filmFailed(film: Film): void;
}

/** Fetches the films of a job that has ended, each into the folder of its layer. */
export async function downloadFilms(
  client: Client,
  { id: jobId, filmCount }: Job,
  folderOf: FolderOf,
  observer: FilmObserver,
  signal: AbortSignal,
): Promise<void> {
  if (filmCount === 0) return;
  const { items } = await client.listFilms({ params: { jobId } });
  for (const film of items) {
    const { fileName, sha256, sizeBytes } = film;
    if (sha256 === null || sizeBytes === null) {
      if (film.state === 'failed') observer.filmFailed(film);
      continue;
    }
    const file = { fileName, sha256, sizeBytes, from: client.urls.film(film) };
    const path = await downloadFile(client, file, folderOf(film), signal);
    observer.film(film, path);
  }
}
