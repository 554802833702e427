/**
 * Which adapter class work must be drawn with: frames of one class are the same, byte for byte. All parts of a frame are
 * of one, and with the policy `strict` all frames of a job. The first worker that is given something of it decides.
 */
import { type ClassPolicy, type Division, partsPerFrame } from '@kiln/shared';

/** What is known of the classes of some work when a pass begins. */
export interface WorkClasses {
  readonly classPolicy: ClassPolicy;
  /** That of the first frames of its job; null before. */
  readonly jobClass: string | null;
  /** That of the first parts of its frame, of a cursor the frame at `next`; null before. */
  readonly frameClass: string | null;
}

/** Work that may be of one class only. */
export interface ClassedWork extends WorkClasses {
  readonly jobId: string;
  readonly layerId: string;
  /** How its frames are divided, where it is parts of frames that are given out. */
  readonly division: Division | null;
  /** Of a cursor: its next part. */
  readonly next?: number;
  /** Of a task: which part it is. */
  readonly index?: number;
}

/** What a worker must be, and had better be; null: anything. */
export interface WantedClass {
  readonly required: string | null;
  readonly preferred: string | null;
}

export const ANY_CLASS: WantedClass = { required: null, preferred: null };

/** Classes as they are settled while one pass gives out work. */
export class ClassChoice {
  readonly #jobs = new Map<string, string>();
  readonly #frames = new Map<string, string>();

  /** @param taken parts given out of the cursor in this pass. */
  wanted(work: ClassedWork, taken: number): WantedClass {
    return { required: this.#required(work, taken), preferred: this.#preferred(work) };
  }

  #required(work: ClassedWork, taken: number): string | null {
    const settled = work.division ? this.#frames.get(frameKey(work, taken)) : undefined;
    const ofFrame = settled ?? (isFirstFrame(work, taken) ? work.frameClass : null);
    return ofFrame ?? (work.classPolicy === 'strict' ? this.#preferred(work) : null);
  }

  #preferred({ jobId, jobClass }: ClassedWork): string | null {
    return this.#jobs.get(jobId) ?? jobClass;
  }

  settle(work: ClassedWork, taken: number, adapterClass: string): void {
    if (this.#preferred(work) === null) this.#jobs.set(work.jobId, adapterClass);
    if (work.division) this.#frames.set(frameKey(work, taken), adapterClass);
  }
}

const frameIndex = ({ division, next, index = 0 }: ClassedWork, taken: number) =>
  division ? Math.floor((next === undefined ? index : next + taken) / partsPerFrame(division)) : 0;

const frameKey = (work: ClassedWork, taken: number) => `${work.layerId}/${frameIndex(work, taken)}`;

const isFirstFrame = (work: ClassedWork, taken: number) => frameIndex(work, taken) === frameIndex(work, 0);
