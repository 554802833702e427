/** Follows a job until it has ended, and tells what happens meanwhile. */
import {
  type Frame,
  type FrameProgress,
  isHold,
  isJobOver,
  type Job,
  type JobChange,
  type JobWait,
  KilnError,
} from '@kiln/shared';
import type { FarmClient } from './connection.ts';
import { follow } from './follow.ts';
import { patiently } from './patiently.ts';

export interface FrameFailure {
  readonly layer: string;
  readonly frameNumbers: readonly number[];
  readonly code: string;
  readonly message: string;
  readonly willRetry: boolean;
}

export interface JobWatcher {
  /** Whatever is not told by events: at first, when events were missed, and when the job has ended. May throw, and is called again then. */
  look?(): Promise<void>;
  /** The job as it is now; often. */
  job?(job: JobChange): void;
  /** A frame is finished; maybe told twice, or merged with a later one. */
  frame(frame: Frame): void;
  frameFailed(failure: FrameFailure): void;
  /** How far a frame is. */
  drawing(progress: FrameProgress): void;
  /** Something was drawn. */
  heard(): void;
  /** Somebody paused it; `rendering` when it goes on. */
  paused(jobId: string): void;
  /** The farm holds it, for a reason that was not told yet; `rendering` as before. */
  held(wait: JobWait): void;
  rendering(): void;
  /** All frames are settled, some films are not. */
  filming(): void;
  /** The farm does not answer; it is tried again. */
  waiting(error: KilnError): void;
}

/** @returns the job as it ended. @throws KilnError what the farm says; the signal's reason. */
export async function followJob(
  farm: FarmClient,
  { id, layers }: Pick<Job, 'id' | 'layers'>,
  watcher: JobWatcher,
  signal: AbortSignal,
): Promise<Job> {
  const waiting = (error: KilnError) => watcher.waiting(error);
  let told: JobWait['reason'] | 'paused' | null = null;
  const take = (now: JobChange): Job | undefined => {
    watcher.job?.(now);
    if (hasEnded(now)) return { ...now, layers };
    if (isFilming(now)) watcher.filming();
    const hold = isHold(now.waitsFor) ? now.waitsFor : null;
    const stop = hold?.reason ?? (now.state === 'paused' ? 'paused' : null);
    if (stop === told) return undefined;
    told = stop;
    if (hold !== null) watcher.held(hold);
    else if (stop !== null) watcher.paused(id);
    else watcher.rendering();
    return undefined;
  };
  const look = async () => {
    const now = await farm.client.getJob({ params: { jobId: id } });
    await watcher.look?.();
    return take(now);
  };
  const last = await follow<Job>(
    farm,
    {
      jobId: id,
      sync: (followed) => patiently(look, followed, waiting),
      event: (event) => {
        if (event.type === 'job.purged') throw new KilnError('resource.not_found', `job ${id} was purged meanwhile`);
        if (event.type.startsWith('frame')) watcher.heard();
        if (event.type === 'frame') watcher.frame(event.data);
        if (event.type === 'frame.failed') watcher.frameFailed(event.data);
        return event.type === 'job' && event.data.id === id ? take(event.data) : undefined;
      },
      progress: (progress) => {
        watcher.heard();
        watcher.drawing(progress);
      },
      waiting,
    },
    signal,
  );
  // An event may have been merged with a later one: the list is the truth.
  if (watcher.look) await patiently(watcher.look, signal, waiting);
  return last;
}

/** Whether nothing happens to a job any more by itself: it has ended, or stopped because too much of it had failed. */
export const hasEnded = ({ state, stoppedByFailures }: Pick<Job, 'state' | 'stoppedByFailures'>): boolean =>
  isJobOver(state) || stoppedByFailures;

const isFilming = ({ frameCount, framesDone, framesFailed, filmCount, filmsDone, filmsFailed }: JobChange) =>
  framesDone + framesFailed >= frameCount && filmsDone + filmsFailed < filmCount;
