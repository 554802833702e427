/** What a person may change of a job that is not over, as a form has it. */
import { type Job, JobChanges, matches, type Requires } from '@kiln/shared';
import { listed } from '../scene/advanced-choice.ts';

export interface JobChangeForm {
  /** 0 to 100. */
  readonly priority: number;
  /** Of each task. */
  readonly maxAttempts: number;
  /** With commas between. */
  readonly requiredTags: string;
  /** Part of its name; empty: any. */
  readonly gpu: string;
}

/** What all layers of the job require. */
function commonRequires({ layers }: Pick<Job, 'layers'>): Requires {
  const [first, ...others] = layers.map(({ requires = {} }) => requires);
  if (!first) return {};
  const tags = (first.tags ?? []).filter((tag) => others.every((other) => other.tags?.includes(tag)));
  const same = Object.entries(first).filter(
    ([key, value]) =>
      key !== 'tags' && others.every((other) => Object.entries(other).some(([k, v]) => k === key && v === value)),
  );
  return { ...Object.fromEntries(same), ...(tags.length === 0 ? {} : { tags }) };
}

export function formOf(job: Job): JobChangeForm {
  const { tags = [], gpu = '' } = commonRequires(job);
  return { priority: job.priority, maxAttempts: job.maxAttempts, requiredTags: tags.join(', '), gpu };
}

/** Whatever else is required stays. */
function requiresOf(job: Job, { requiredTags, gpu }: JobChangeForm): Requires | null {
  const { tags: _tags, gpu: _gpu, ...rest } = commonRequires(job);
  const tags = listed(requiredTags);
  const all: Requires = {
    ...rest,
    ...(tags.length === 0 ? {} : { tags }),
    ...(gpu.trim() === '' ? {} : { gpu: gpu.trim() }),
  };
  return Object.keys(all).length === 0 ? null : all;
}

/** What differs from the job. */
export function changesOf(job: Job, form: JobChangeForm): JobChanges {
  const before = formOf(job);
  const areOthers =
    listed(form.requiredTags).join() !== listed(before.requiredTags).join() || form.gpu.trim() !== before.gpu;
  return {
    ...(form.priority === before.priority ? {} : { priority: form.priority }),
    ...(form.maxAttempts === before.maxAttempts ? {} : { maxAttempts: form.maxAttempts }),
    ...(areOthers ? { requires: requiresOf(job, form) } : {}),
  };
}

export type JobChangeFaults = Partial<Record<keyof JobChangeForm, string>>;

export function faultsOf({ priority, maxAttempts, requiredTags, gpu }: JobChangeForm): JobChangeFaults {
  const tags = listed(requiredTags);
  return {
    ...(matches(JobChanges, { priority }) ? {} : { priority: 'A whole number from 0 to 100.' }),
    ...(matches(JobChanges, { maxAttempts }) ? {} : { maxAttempts: 'A whole number from 1 to 10.' }),
    ...(matches(JobChanges, { requires: { tags } })
      ? {}
      : { requiredTags: 'Words of letters, digits and “. _ : = / -”, with commas between: fast, node=a12.' }),
    ...(gpu.trim() === '' || matches(JobChanges, { requires: { gpu: gpu.trim() } })
      ? {}
      : { gpu: 'Part of a name, of at most 200 characters.' }),
  };
}
