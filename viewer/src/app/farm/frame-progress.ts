/** [EV9] How far frames are that are being drawn. What comes of a frame that is there, or of a job that is over, is old. */
import type { Frame, FrameProgress } from '@kiln/shared';
import { type ReadonlySignal, type Signal, signal } from '@preact/signals';

export interface FrameProgressKeeper {
  take(progress: FrameProgress): void;
  frameDone(frame: Pick<Frame, 'jobId' | 'layer' | 'frameNumber'>): void;
  jobOver(jobId: string): void;
  /** Frames of it that were there are drawn anew. */
  jobAgain(jobId: string): void;
  /** Of a job, those that were heard of last at the end. */
  of(jobId: string): ReadonlySignal<readonly FrameProgress[]>;
  clear(): void;
}

interface Known {
  readonly frames: Signal<readonly FrameProgress[]>;
  readonly done: Set<string>;
  isOver: boolean;
}

const keyOf = ({ layer, frameNumber }: Pick<Frame, 'layer' | 'frameNumber'>) => `${layer}/${frameNumber}`;

export function createFrameProgress(): FrameProgressKeeper {
  const jobs = new Map<string, Known>();
  const known = (jobId: string): Known => {
    const job = jobs.get(jobId) ?? {
      frames: signal<readonly FrameProgress[]>([]),
      done: new Set<string>(),
      isOver: false,
    };
    jobs.set(jobId, job);
    return job;
  };
  const without = (frames: readonly FrameProgress[], key: string) => frames.filter((frame) => keyOf(frame) !== key);
  return {
    take(progress) {
      const { frames, done, isOver } = known(progress.jobId);
      const key = keyOf(progress);
      if (isOver || done.has(key)) return;
      frames.value = [...without(frames.value, key), progress];
    },
    frameDone(frame) {
      const { frames, done } = known(frame.jobId);
      const key = keyOf(frame);
      done.add(key);
      if (frames.value.some((one) => keyOf(one) === key)) frames.value = without(frames.value, key);
    },
    jobOver(jobId) {
      const job = known(jobId);
      job.isOver = true;
      job.done.clear();
      if (job.frames.value.length > 0) job.frames.value = [];
    },
    jobAgain(jobId) {
      const job = known(jobId);
      job.isOver = false;
      job.done.clear();
    },
    of: (jobId) => known(jobId).frames,
    clear: () => jobs.clear(),
  };
}
