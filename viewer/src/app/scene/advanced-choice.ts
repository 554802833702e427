/** What few jobs ask for: how much they may take, what is drawn first, how tasks are cut and tried, and where they go. */
import {
  type ClassPolicy,
  JobRequest,
  KilnError,
  type LayerRequest,
  LIMITS,
  LimitNames,
  layerTests,
  matches,
  parseBudget,
  parseFrameRange,
  Requires,
  WorkerTags,
} from '@kiln/shared';
import { between, whole } from './ranges.ts';

export interface AdvancedForm {
  /** As it is typed; empty: none. */
  readonly budget: string;
  /** As they are typed; empty: none. */
  readonly testFrames: string;
  /** Whether the others wait for somebody who has looked at these. */
  readonly asksAfterTests: boolean;
  readonly chunkBy: 'frames' | 'seconds';
  /** Frames of a task, or the seconds that it is to take. */
  readonly chunkSize: number;
  readonly maxAttempts: number;
  /** Failed tasks that stop the job; 0: none do. */
  readonly maxFailedTasks: number;
  /** Longest time of a frame; 0: the usual one. */
  readonly frameTimeoutMin: number;
  /** Names, with commas between. */
  readonly limits: string;
  /** Tasks under way at once on one machine; 0: as it comes. */
  readonly maxPerHost: number;
  readonly classPolicy: ClassPolicy;
  /** Tags that a worker must have, with commas between. */
  readonly requiredTags: string;
  /** Part of its GPU's name; empty: any. */
  readonly gpu: string;
  /** 0: any. */
  readonly gpuMemoryGib: number;
  /** Ids of jobs that must succeed before, with commas between. */
  readonly after: string;
  /** Which webhooks are told. */
  readonly notify: 'all' | 'none';
}

export const USUAL_ADVANCED: AdvancedForm = {
  budget: '',
  testFrames: '',
  asksAfterTests: false,
  chunkBy: 'frames',
  chunkSize: 1,
  maxAttempts: LIMITS.taskAttempts,
  maxFailedTasks: 0,
  frameTimeoutMin: 0,
  limits: '',
  maxPerHost: 0,
  classPolicy: 'strict',
  requiredTags: '',
  gpu: '',
  gpuMemoryGib: 0,
  after: '',
  notify: 'all',
};

const GIB = 1_024 ** 3;
const MINUTE_MS = 60_000;

/** What stands between commas, each once. */
export const listed = (text: string): string[] => [
  ...new Set(
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  ),
];

/** The rest of a form that holds this. */
export function withoutAdvanced<F extends AdvancedForm>({
  budget,
  testFrames,
  asksAfterTests,
  chunkBy,
  chunkSize,
  maxAttempts,
  maxFailedTasks,
  frameTimeoutMin,
  limits,
  maxPerHost,
  classPolicy,
  requiredTags,
  gpu,
  gpuMemoryGib,
  after,
  notify,
  ...rest
}: F): Omit<F, keyof AdvancedForm> {
  return rest;
}

/** Of the job, beside its layers. */
export function advancedOf(form: AdvancedForm): Partial<JobRequest> {
  const { budget, testFrames, asksAfterTests, maxAttempts, maxFailedTasks, frameTimeoutMin, maxPerHost } = form;
  const limits = listed(form.limits);
  const after = listed(form.after);
  const requires = requiresOf(form);
  const tests = testFrames.trim();
  return {
    ...(budget.trim() === '' ? {} : { budget: budget.trim() }),
    ...(tests === '' ? {} : { testFrames: asksAfterTests ? { frames: tests, approve: true } : tests }),
    ...(maxAttempts === LIMITS.taskAttempts ? {} : { maxAttempts }),
    ...(maxFailedTasks === 0 ? {} : { maxFailedTasks }),
    ...(frameTimeoutMin === 0 ? {} : { frameTimeoutMs: Math.round(frameTimeoutMin * MINUTE_MS) }),
    ...(limits.length === 0 ? {} : { limits }),
    ...(maxPerHost === 0 ? {} : { maxPerHost }),
    ...(form.classPolicy === 'strict' ? {} : { classPolicy: form.classPolicy }),
    ...(Object.keys(requires).length === 0 ? {} : { requires }),
    ...(after.length === 0 ? {} : { after }),
    ...(form.notify === 'all' ? {} : { notify: [] }),
  };
}

function requiresOf({ requiredTags, gpu, gpuMemoryGib }: AdvancedForm): Requires {
  const tags = listed(requiredTags);
  return {
    ...(tags.length === 0 ? {} : { tags }),
    ...(gpu.trim() === '' ? {} : { gpu: gpu.trim() }),
    ...(gpuMemoryGib === 0 ? {} : { gpuMemoryBytes: Math.round(gpuMemoryGib * GIB) }),
  };
}

/** Of each layer. A frame that is divided is tasks of its own. */
export const chunkOf = (
  { chunkBy, chunkSize }: AdvancedForm,
  { isDivided }: { readonly isDivided: boolean },
): Pick<LayerRequest, 'chunk'> => {
  if (isDivided) return {};
  if (chunkBy === 'seconds') return { chunk: { seconds: chunkSize } };
  return chunkSize === 1 ? {} : { chunk: chunkSize };
};

const LONGEST_MIN = LIMITS.frameTimeoutMaxMs / MINUTE_MS;
const MOST_GIB = 4_096;
const COUNT = (most: number) => `A whole number, at most ${most.toLocaleString('en')}; 0: as it comes.`;

/** @param frames of the form, which may be wrong themselves. */
export function advancedFaults(form: AdvancedForm, frames: string): Partial<Record<keyof AdvancedForm, string>> {
  const { chunkBy, chunkSize, maxAttempts, maxFailedTasks, frameTimeoutMin, maxPerHost, gpuMemoryGib } = form;
  const faults: Partial<Record<keyof AdvancedForm, string>> = {};
  const said = { budget: budgetFault(form), testFrames: testsFault(form, frames) };
  if (said.budget !== null) faults.budget = said.budget;
  if (said.testFrames !== null) faults.testFrames = said.testFrames;
  if (chunkBy === 'frames' && !whole(chunkSize, 1, LIMITS.taskFrames)) {
    faults.chunkSize = `A whole number from 1 to ${LIMITS.taskFrames.toLocaleString('en')}.`;
  } else if (chunkBy === 'seconds' && !between(chunkSize, 1, LIMITS.taskSec)) {
    faults.chunkSize = `From 1 to ${LIMITS.taskSec.toLocaleString('en')} seconds.`;
  }
  if (!whole(maxAttempts, 1, LIMITS.taskAttemptsMax)) {
    faults.maxAttempts = `A whole number from 1 to ${LIMITS.taskAttemptsMax}.`;
  }
  if (!whole(maxFailedTasks, 0, LIMITS.jobFrames)) faults.maxFailedTasks = COUNT(LIMITS.jobFrames);
  if (frameTimeoutMin !== 0 && !between(frameTimeoutMin, 0.1, LONGEST_MIN)) {
    faults.frameTimeoutMin = `From 0.1 to ${LONGEST_MIN.toLocaleString('en')} minutes; 0: the usual time.`;
  }
  if (!matches(LimitNames, listed(form.limits))) {
    faults.limits = `At most ${LIMITS.jobLimits} names of letters, digits, “.”, “_” and “-”, with commas between.`;
  }
  if (!whole(maxPerHost, 0, LIMITS.tenantSlots)) faults.maxPerHost = COUNT(LIMITS.tenantSlots);
  if (!matches(WorkerTags, listed(form.requiredTags))) {
    faults.requiredTags = `At most ${LIMITS.workerTags} words, with commas between: fast, node=a12.`;
  }
  if (form.gpu.trim() !== '' && !matches(Requires, { gpu: form.gpu.trim() })) {
    faults.gpu = 'Part of a name, of at most 200 characters.';
  }
  if (!between(gpuMemoryGib, 0, MOST_GIB)) faults.gpuMemoryGib = `From 0 to ${MOST_GIB.toLocaleString('en')} GiB.`;
  if (!matches(JobRequest.properties.after, listed(form.after))) {
    faults.after = `At most ${LIMITS.jobPredecessors} ids of jobs, as job_…, with commas between.`;
  }
  return faults;
}

const budgetFault = ({ budget }: AdvancedForm): string | null =>
  budget.trim() === '' ? null : refusal(() => parseBudget(budget.trim()));

function testsFault({ testFrames }: AdvancedForm, frames: string): string | null {
  if (testFrames.trim() === '') return null;
  try {
    parseFrameRange(frames);
  } catch {
    // That is told of the frames themselves.
    return null;
  }
  const size = { widthPx: 1, heightPx: 1 };
  return refusal(() => layerTests({ layers: [{ frames, size }], testFrames: testFrames.trim() }));
}

function refusal(check: () => unknown): string | null {
  try {
    check();
    return null;
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    const { message } = error;
    return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
  }
}

/** In a few words; empty where all is as usual. */
export function advancedWords(form: AdvancedForm): string[] {
  const tests = form.testFrames.trim();
  return [
    ...(form.budget.trim() === '' ? [] : [`budget ${form.budget.trim()}`]),
    ...(tests === '' ? [] : ['test frames']),
    ...(form.chunkBy === 'seconds' ? [`tasks of ${form.chunkSize} s`] : []),
    ...(form.chunkBy === 'frames' && form.chunkSize !== 1 ? [`${form.chunkSize} frames a task`] : []),
    ...(Object.keys(requiresOf(form)).length === 0 ? [] : ['certain workers']),
    ...(listed(form.limits).length === 0 ? [] : [listed(form.limits).join(', ')]),
    ...(listed(form.after).length === 0 ? [] : ['after others']),
  ];
}
