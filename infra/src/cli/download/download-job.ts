/** Fetches what of a job is finished into a folder, as `kiln render` would have written it. */
import { allPages, type Film, type Frame, type FrameRange, includesFrame, type Job, KilnError } from '@kiln/shared';
import type { FarmClient } from '../connection.ts';
import { patiently } from '../patiently.ts';
import { layerFolders, type WantedFiles } from '../render/collect.ts';
import { downloadFilms, type FilmObserver } from '../render/download-films.ts';
import { FrameDownloads, type FrameObserver } from '../render/frame-downloads.ts';

export interface DownloadChoice {
  readonly layer?: string;
  readonly range?: FrameRange;
  readonly frames: boolean;
  readonly films: boolean;
}

export interface DownloadObserver extends FrameObserver, FilmObserver {
  /** How many frames are to be had, those that were fetched included. */
  found(frames: number): void;
}

/** @throws KilnError `request.invalid` for a layer that the job has not. */
export function wantedFiles(job: Job, folder: string, { layer, range, frames, films }: DownloadChoice): WantedFiles {
  if (layer !== undefined && !job.layers.some(({ name }) => name === layer)) {
    const names = job.layers.map(({ name }) => name).join(', ');
    throw new KilnError('request.invalid', `job ${job.id} has no layer “${layer}”; it has ${names}`, {
      field: '--layer',
    });
  }
  const ofLayer = (file: Pick<Film, 'layer'>) => layer === undefined || file.layer === layer;
  return {
    folderOf: layerFolders(folder, job.layers.length),
    resumes: true,
    frame: (frame: Frame) =>
      frames && ofLayer(frame) && (range === undefined || includesFrame(range, frame.frameNumber)),
    film: (film: Film) => films && ofLayer(film),
  };
}

/** Fetches what is finished now. @throws KilnError what the farm says, `storage.full`; the signal's reason. */
export async function downloadJob(
  farm: FarmClient,
  job: Job,
  wanted: WantedFiles,
  observer: DownloadObserver,
  signal: AbortSignal,
): Promise<void> {
  const { client } = farm;
  const over = new AbortController();
  const stopped = AbortSignal.any([signal, over.signal]);
  const waiting = (error: KilnError) => observer.waiting(error);
  const downloads = new FrameDownloads(
    client,
    { folderOf: wanted.folderOf, resumes: true, waiting },
    observer,
    stopped,
  );
  const params = { jobId: job.id };
  const listFrames = async () => {
    let found = 0;
    const pages = allPages((at) =>
      patiently(() => client.listFrames({ params, query: { ...at, limit: 1_000 } }), stopped, waiting),
    );
    for await (const frame of pages) {
      if (!(wanted.frame?.(frame) ?? true)) continue;
      found += 1;
      downloads.add(frame);
    }
    observer.found(found);
  };
  const listing = listFrames();
  listing.catch(() => undefined);
  try {
    await Promise.race([listing, downloads.failed]);
    await downloads.finish();
    await downloadFilms(client, job, wanted, observer, stopped);
  } finally {
    over.abort();
  }
}
