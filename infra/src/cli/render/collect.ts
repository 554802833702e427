/** Follows a job, and fetches its files while others are still drawn. */
import { join } from 'node:path';
import { allPages, type Frame, type FrameProgress, type Job, type JobWait, type KilnError } from '@kiln/shared';
import type { FarmClient } from '../connection.ts';
import { type FrameFailure, followJob } from '../follow-job.ts';
import { WorkerWatch } from '../worker-watch.ts';
import { downloadFilms, type FilmObserver, type FilmTarget, type FolderOf } from './download-films.ts';
import { FrameDownloads, type FrameObserver } from './frame-downloads.ts';

export interface CollectObserver extends FrameObserver, FilmObserver {
  /** No worker is connected. */
  noWorker(): void;
  /** Somebody paused it; `rendering` when it goes on. */
  paused(jobId: string): void;
  /** The farm holds it. */
  held(wait: JobWait): void;
  /** It comes after other jobs, which have not succeeded. */
  waitsForOthers?(wait: JobWait): void;
  /** It goes on after `noWorker`, `paused` or `held`. */
  rendering(): void;
  /** How far a frame is that is not recorded yet. */
  drawing(progress: FrameProgress): void;
  frameFailed(failure: FrameFailure): void;
  /** All frames are settled, some films are not. */
  filming(): void;
}

export interface WantedFiles extends FilmTarget {
  /** Whether a frame is wanted. @defaultValue all are */
  frame?(frame: Frame): boolean;
}

/** @returns the job as it ended, when all that is wanted is on this disk. @throws when the following or a download fails. */
export async function collect(
  farm: FarmClient,
  job: Job,
  wanted: WantedFiles,
  observer: CollectObserver,
  signal: AbortSignal,
): Promise<Job> {
  const over = new AbortController();
  const stopped = AbortSignal.any([signal, over.signal]);
  const waiting = (error: KilnError) => observer.waiting(error);
  const { folderOf, resumes = false } = wanted;
  const downloads = new FrameDownloads(farm.client, { folderOf, resumes, waiting }, observer, stopped);
  const add = (frame: Frame) => {
    if (wanted.frame?.(frame) ?? true) downloads.add(frame);
  };
  const params = { jobId: job.id };
  const workers = new WorkerWatch(farm.client, (isConnected) =>
    isConnected ? observer.rendering() : observer.noWorker(),
  );
  const following = followJob(
    farm,
    job,
    {
      ...observer,
      waiting,
      job: ({ waitsFor }) => {
        if (waitsFor?.reason === 'after') observer.waitsForOthers?.(waitsFor);
      },
      frame: add,
      look: async () => {
        for await (const frame of allPages((at) =>
          farm.client.listFrames({ params, query: { ...at, limit: 1_000 } }),
        )) {
          add(frame);
        }
      },
      heard: () => workers.heard(),
      drawing: (progress) => {
        if (!downloads.knows(progress)) observer.drawing(progress);
      },
    },
    stopped,
  );
  following.catch(() => undefined);
  try {
    const last = await Promise.race([following, downloads.failed]);
    await downloads.finish();
    await downloadFilms(farm.client, last, wanted, observer, stopped);
    return last;
  } finally {
    workers.stop();
    over.abort();
  }
}

/** Where files of a job go: those of several layers into a folder for each. */
export const layerFolders = (folder: string, layers: number): FolderOf =>
  layers === 1 ? () => folder : ({ layer }) => join(folder, layer);
