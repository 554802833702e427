/** The whole of `kiln render`: a scene, a job, its frames on this disk. */
import { basename, dirname, join } from 'node:path';
import {
  allPages,
  type Frame,
  type FrameProgress,
  isFinal,
  JOB_TRANSITIONS,
  type Job,
  type JobChange,
  type KilnError,
} from '@kiln/shared';
import type { FarmClient } from '../connection.ts';
import { follow } from '../follow.ts';
import { patiently } from '../patiently.ts';
import { WorkerWatch } from '../worker-watch.ts';
import { downloadFile } from './download-file.ts';
import { downloadFilms, type FilmObserver, type FolderOf } from './download-films.ts';
import { prepareOutFolder } from './out-folder.ts';
import { type SubmitObserver, type SubmitRequest, submitJob } from './submit-job.ts';

/** Downloads at the same time. */
const PARALLEL_DOWNLOADS = 4;

export interface RenderRequest extends SubmitRequest {
  /** Where frames go; those of several layers into a folder for each. */
  readonly folder: string;
}

interface FrameFailure {
  readonly frameNumbers: readonly number[];
  readonly code: string;
  readonly message: string;
  readonly willRetry: boolean;
}

export interface RenderObserver extends SubmitObserver, FilmObserver {
  /** Somebody paused it; `rendering` when it goes on. */
  paused(jobId: string): void;
  /** It goes on after `noWorker` or `paused`. */
  rendering(): void;
  /** How far a frame is that is not recorded yet. */
  drawing(progress: FrameProgress): void;
  /** A frame is on this disk. */
  frame(frame: Frame, path: string, doneFrames: number): void;
  frameFailed(failure: FrameFailure): void;
  /** All frames are settled, some films are not. */
  filming(): void;
}

/**
 * @returns the job as it ended, or stopped because too much of it had failed, when every frame of it is on this disk.
 * @throws KilnError; when `signal` is aborted, its reason. The job was cancelled then.
 */
export async function render(
  farm: FarmClient,
  request: RenderRequest,
  observer: RenderObserver,
  signal: AbortSignal,
): Promise<Job> {
  const removeEmptyFolder = await prepareOutFolder(request.folder);
  try {
    return await submitAndCollect(farm, request, observer, signal);
  } catch (error) {
    await removeEmptyFolder();
    throw error;
  }
}

async function submitAndCollect(
  farm: FarmClient,
  request: RenderRequest,
  observer: RenderObserver,
  signal: AbortSignal,
): Promise<Job> {
  const job = await submitJob(farm, request, observer, signal);
  try {
    return await collect(farm, job, folderOf(request), observer, signal);
  } catch (error) {
    // Nobody waits for its frames any more. One that has ended cannot be cancelled, which changes nothing.
    await farm.client.cancelJob({ params: { jobId: job.id } }).catch(() => undefined);
    throw signal.aborted ? signal.reason : error;
  }
}

/** Follows the job and fetches its frames while others are still rendered. When either fails, both end. */
async function collect(
  farm: FarmClient,
  job: Job,
  folderOf: FolderOf,
  observer: RenderObserver,
  signal: AbortSignal,
): Promise<Job> {
  const params = { jobId: job.id };
  const over = new AbortController();
  const stopped = AbortSignal.any([signal, over.signal]);
  const downloads = new Downloads(farm, folderOf, observer, stopped);
  const waiting = (error: KilnError) => observer.waiting(error);
  const workers = new WorkerWatch(farm.client, (isConnected) =>
    isConnected ? observer.rendering() : observer.noWorker(),
  );
  let wasPaused = false;
  const ended = (now: Job): Job | undefined =>
    isFinal(JOB_TRANSITIONS, now.state) || now.state === 'failed' || now.stoppedByFailures ? now : undefined;
  const allFrames = async () => {
    for await (const frame of allPages((at) => farm.client.listFrames({ params, query: { ...at, limit: 1_000 } }))) {
      downloads.add(frame);
    }
  };
  const look = async () => {
    const now = await farm.client.getJob({ params });
    await allFrames();
    return ended(now);
  };
  const following = follow<Job>(
    farm,
    {
      jobId: job.id,
      sync: (followed) => patiently(look, followed, waiting),
      event: (event) => {
        if (event.type.startsWith('frame')) workers.heard();
        if (event.type === 'frame') downloads.add(event.data);
        if (event.type === 'frame.failed') observer.frameFailed(event.data);
        if (event.type !== 'job' || event.data.id !== job.id) return undefined;
        if (isFilming(event.data)) observer.filming();
        const isPaused = event.data.state === 'paused';
        if (isPaused !== wasPaused) isPaused ? observer.paused(job.id) : observer.rendering();
        wasPaused = isPaused;
        return ended({ ...event.data, layers: job.layers });
      },
      progress: (progress) => {
        workers.heard();
        if (!downloads.knows(progress)) observer.drawing(progress);
      },
      waiting,
    },
    stopped,
  );
  following.catch(() => undefined);
  try {
    const last = await Promise.race([following, downloads.failed]);
    // An event may have been merged with a later one: the list is the truth.
    await patiently(allFrames, stopped, waiting);
    await downloads.finish();
    await patiently(() => downloadFilms(farm.client, last, folderOf, observer, stopped), stopped, waiting);
    return last;
  } finally {
    workers.stop();
    over.abort();
  }
}

const folderOf = ({ folder, job }: RenderRequest): FolderOf =>
  job.layers.length === 1 ? () => folder : ({ layer }) => join(folder, layer);

class Downloads {
  /** Rejects with the first download that fails for good. */
  readonly failed: Promise<never>;
  readonly #farm: FarmClient;
  readonly #folderOf: FolderOf;
  readonly #observer: RenderObserver;
  readonly #signal: AbortSignal;
  readonly #known = new Set<string>();
  readonly #frames = new Set<string>();
  readonly #waiting: Frame[] = [];
  readonly #running = new Set<Promise<void>>();
  #done = 0;
  #fail: (error: unknown) => void = () => undefined;

  constructor(farm: FarmClient, folderOf: FolderOf, observer: RenderObserver, signal: AbortSignal) {
    this.#farm = farm;
    this.#folderOf = folderOf;
    this.#observer = observer;
    this.#signal = signal;
    this.failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => undefined);
  }

  /** A frame that was added before is not fetched again. */
  add(frame: Frame): void {
    const key = `${frame.layer}/${frame.fileName}/${frame.sha256}`;
    if (this.#known.has(key)) return;
    this.#known.add(key);
    this.#frames.add(`${frame.layer}/${frame.frameNumber}`);
    this.#waiting.push(frame);
    this.#startNext();
  }

  /** Whether a frame was added. */
  knows({ layer, frameNumber }: Pick<Frame, 'layer' | 'frameNumber'>): boolean {
    return this.#frames.has(`${layer}/${frameNumber}`);
  }

  async finish(): Promise<void> {
    while (this.#running.size > 0) await Promise.race([this.failed, ...this.#running]);
    if (this.#signal.aborted) throw this.#signal.reason;
  }

  /** All files of a frame. @returns the path of its first one. */
  async #fetch(frame: Frame): Promise<string> {
    const { client } = this.#farm;
    const paths: string[] = [];
    for (const file of frame.files) {
      const source = { ...file, fileName: basename(file.path), from: client.urls.frameFile(frame, file) };
      const folder = join(this.#folderOf(frame), dirname(file.path));
      paths.push(await downloadFile(client, source, folder, this.#signal));
    }
    return paths[0] ?? '';
  }

  #startNext(): void {
    if (this.#running.size >= PARALLEL_DOWNLOADS || this.#signal.aborted) return;
    const frame = this.#waiting.shift();
    if (frame === undefined) return;
    const running = this.#fetch(frame)
      .then(
        (path) => {
          this.#done += 1;
          this.#observer.frame(frame, path, this.#done);
        },
        (error: unknown) => this.#fail(error),
      )
      .finally(() => {
        this.#running.delete(running);
        this.#startNext();
      });
    this.#running.add(running);
  }
}

const isFilming = ({ frameCount, framesDone, framesFailed, filmCount, filmsDone, filmsFailed }: JobChange) =>
  framesDone + framesFailed >= frameCount && filmsDone + filmsFailed < filmCount;
