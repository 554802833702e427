/** How the job stands among others, and how it is found again. */
import { type JobRequest, JobTags, LIMITS, matches } from '@kiln/shared';
import { listed } from './advanced-choice.ts';
import { whole } from './ranges.ts';

export interface JobForm {
  /** 0 to 100. */
  readonly priority: number;
  /** As it is typed, with commas between. */
  readonly tags: string;
  /** Tasks under way at once; 0: as it comes. */
  readonly maxSlots: number;
}

const USUAL_PRIORITY = 50;

export const USUAL_JOB: JobForm = { priority: USUAL_PRIORITY, tags: '', maxSlots: 0 };

export const tagsOf = ({ tags }: Pick<JobForm, 'tags'>): string[] => listed(tags);

/** What is asked for beside layers. */
export const jobChoiceOf = (form: JobForm): Pick<JobRequest, 'priority' | 'tags' | 'maxSlots'> => {
  const tags = tagsOf(form);
  return {
    ...(form.priority === USUAL_PRIORITY ? {} : { priority: form.priority }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(form.maxSlots === 0 ? {} : { maxSlots: form.maxSlots }),
  };
};

export const jobFaults = (form: JobForm): Partial<Record<keyof JobForm, string>> => ({
  ...(whole(form.priority, 0, 100) ? {} : { priority: 'A whole number from 0 to 100.' }),
  ...(matches(JobTags, tagsOf(form))
    ? {}
    : { tags: `At most ${LIMITS.jobTags} labels, with commas between, of at most ${LIMITS.tagChars} characters.` }),
  ...(whole(form.maxSlots, 0, LIMITS.tenantSlots)
    ? {}
    : { maxSlots: `A whole number, at most ${LIMITS.tenantSlots.toLocaleString('en')}; 0: as it comes.` }),
});
