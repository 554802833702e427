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
  type JobRequest,
  KilnError,
  leftOutText,
  type Scene,
} from '@kiln/shared';
import type { UrlStorage } from 'tus-js-client';
import type { FarmClient } from '../connection.ts';
import { follow } from '../follow.ts';
import { patiently } from '../patiently.ts';
import { type AddSceneObserver, addScene } from '../scene/add-scene.ts';
import { storedScene } from '../scene/ready-scene.ts';
import { WorkerWatch } from '../worker-watch.ts';
import { downloadFile } from './download-file.ts';
import { downloadFilms, type FilmObserver, type FolderOf } from './download-films.ts';
import { prepareOutFolder } from './out-folder.ts';
import { withSound } from './sound.ts';

/** Downloads at the same time. */
const PARALLEL_DOWNLOADS = 4;

export interface RenderRequest {
  /** Path of a scene on this disk, or id of one on the farm. */
  readonly source: string;
  readonly job: Omit<JobRequest, 'sceneId'>;
  /** Where frames go; those of several layers into a folder for each. */
  readonly folder: string;
  readonly memory: UrlStorage;
  /** Path of a sound file for the films that take one. */
  readonly audio?: string;
}

interface FrameFailure {
  readonly frameNumbers: readonly number[];
  readonly code: string;
  readonly message: string;
  readonly willRetry: boolean;
}

export interface RenderObserver extends AddSceneObserver, FilmObserver {
  submitted(job: Job): void;
  /** What frames are drawn without, in a sentence. */
  leftOut(message: string): void;
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

const SCENE_ID = /^scn_[0-9a-z]{20}$/;

/**
 * @returns the job as it ended, when every frame of it is on this disk.
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
  const { source, memory } = request;
  const scene = SCENE_ID.test(source)
    ? await storedScene(farm, source, observer, signal)
    : await addScene(farm, source, memory, observer, signal);
  const layers = await withSound(farm, request.job.layers, request.audio, memory, observer, signal);
  signal.throwIfAborted();
  const job = await farm.client.createJob({ body: { ...request.job, layers, sceneId: scene.id } });
  observer.submitted(job);
  for (const message of leftOutOf(scene, job)) observer.leftOut(message);
  try {
    return await collect(farm, job, folderOf(request), observer, signal);
  } catch (error) {
    // Nobody waits for its frames any more. One that has ended cannot be cancelled, which changes nothing.
    await farm.client.cancelJob({ params: { jobId: job.id } }).catch(() => undefined);
    throw signal.aborted ? signal.reason : error;
  }
}

/** Each sentence once, for all layers. */
function leftOutOf({ report }: Scene, { layers }: Job): ReadonlySet<string> {
  const texts = report ? layers.map(({ settings }) => leftOutText(report, settings)) : [];
  return new Set(texts.filter((text) => text !== null));
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
    isFinal(JOB_TRANSITIONS, now.state) || now.state === 'failed' ? now : undefined;
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

/** What ended a job that did not succeed, as an error; null for one that did. */
export function failureOf(job: Job): KilnError | null {
  if (job.state === 'succeeded') return null;
  if (job.state === 'cancelled') return new KilnError('resource.conflict', `Job ${job.id} was cancelled.`);
  const reason = job.error === null ? 'no reason was given' : `${job.error.code}: ${job.error.message}`;
  const frames = job.framesFailed > 0 ? [`${job.framesFailed} of ${job.frameCount} frames`] : [];
  const films = job.filmsFailed > 0 ? [`${job.filmsFailed} of ${job.filmCount} films`] : [];
  return new KilnError('render.failed', `${[...frames, ...films].join(' and ')} failed (${reason})`);
}
